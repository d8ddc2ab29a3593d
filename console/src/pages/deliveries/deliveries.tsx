/** Where facts go: each destination with what waits, how fast it goes and what was set aside; and every delivery. */
import { Button } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useAsk } from "../../api/queries.ts";
import { useMay } from "../../api/session.ts";
import { DataTable, type Column } from "../../parts/data-table.tsx";
import { Page, Section } from "../../parts/page.tsx";
import { Empty, FaultNote } from "../../parts/states.tsx";
import { exact, waited } from "../../parts/time.ts";
import { useTenant } from "../../parts/url.ts";
import { Ago, count, Tag } from "../../parts/words.tsx";
import { DeliveryPlots } from "./plots.tsx";
import { DeliveriesTable } from "./table.tsx";
import { getsOf, kindName, stateOf, type Destination } from "./words.ts";

export function DeliveriesPage(): ReactNode {
  const tenant = useTenant();
  const mayWrite = useMay("destinations.write");
  const destinations = useAsk("GET /api/v1/destinations", {}, { every: 15_000 });
  const all = (destinations.data?.items ?? []).filter((one) => tenant === undefined || one.tenant === tenant || one.tenants.includes(tenant));
  const add = mayWrite ? <Button component={Link} to="/deliveries/add">Add a destination</Button> : undefined;
  return (
    <Page title="Deliveries" lead="Facts go where they are wanted, in order, each under one id; what a destination refuses is set aside with its reason and can be sent again." actions={add}>
      {all.map(({ id, name, fault, pausedAt }) => (fault === null || pausedAt !== null ? null : <FaultNote key={id} fault={{ name: "fault", code: fault.code, message: `${name} takes nothing: ${fault.reason}`, cure: "It is tried again by itself; nothing that waits is lost." }} />))}
      {all.length === 0 ? null : <DeliveryPlots />}
      <Section title="Destinations" flush>
        <DataTable short name="destinations" columns={COLUMNS} rows={all} rowKey={({ id }) => id} pending={destinations.isPending} fault={destinations.error} again={() => void destinations.refetch()} empty={<Empty title="There is no destination yet." action={add}>{mayWrite ? "A webhook, a file, a SIEM or a chat: facts go there from the moment it is added, with the alerts of the seven days before." : "An administrator adds one."}</Empty>} />
      </Section>
      {destinations.data === undefined ? null : <DeliveriesTable destinations={all} />}
    </Page>
  );
}

const COLUMNS: readonly Column<Destination>[] = [
  {
    id: "name",
    header: "Destination",
    width: 150,
    narrow: true,
    text: ({ name }) => name,
    cell: ({ id, name }) => (
      <Link className="strong" to="/deliveries/$id" params={{ id }}>
        {name}
      </Link>
    ),
  },
  { id: "kind", header: "Kind", width: 96, text: ({ kind }) => kindName(kind) },
  { id: "state", header: "State", width: 116, narrow: true, text: (one) => stateOf(one).word, cell: (one) => <Tag tone={stateOf(one).tone}>{stateOf(one).word}</Tag> },
  { id: "facts", header: "Told of", text: getsOf },
  { id: "queued", header: "Waiting", width: 78, right: true, text: ({ queued }) => count(queued) },
  { id: "lag", header: "Longest", width: 78, right: true, text: ({ oldestQueuedAt }) => (oldestQueuedAt === null ? "–" : waited(oldestQueuedAt)) },
  { id: "delivered", header: "Delivered", width: 88, right: true, text: ({ delivered }) => count(delivered) },
  { id: "parked", header: "Set aside", width: 82, right: true, text: ({ parked }) => count(parked), cell: ({ parked }) => <span className={parked > 0 ? "bad-text" : "faint"}>{count(parked)}</span> },
  { id: "last", header: "Last", width: 96, text: ({ deliveredAt }) => (deliveredAt === null ? "never" : exact(deliveredAt)), cell: ({ deliveredAt }) => <Ago at={deliveredAt} /> },
];
