/** Deliveries as a table; one of them is shown with what was sent. */
import { Button, Modal } from "@mantine/core";
import { useState, type ReactNode } from "react";
import { call, type Query } from "../../api/client.ts";
import { useAsk, useChange, usePages } from "../../api/queries.ts";
import { useMay } from "../../api/session.ts";
import { DataTable, type Column } from "../../parts/data-table.tsx";
import { indentJson } from "../../parts/json-text.ts";
import { Facts, Section } from "../../parts/page.tsx";
import { Empty, Failed, FaultNote, Loading } from "../../parts/states.tsx";
import { exact } from "../../parts/time.ts";
import { UrlChoice } from "../../parts/url-choice.tsx";
import { useUrl } from "../../parts/url.ts";
import { Ago, count, sentence, Tag } from "../../parts/words.tsx";
import { STATE_TONES, STATE_WORDS, TOUCHED, type Delivery, type Destination } from "./words.ts";

type Filter = Query<"GET /api/v1/deliveries">;

/** `only`: of this destination; otherwise the address says of which. */
export function DeliveriesTable({ destinations, only }: { readonly destinations: readonly Destination[]; readonly only?: string }): ReactNode {
  const url = useUrl();
  const [shown, setShown] = useState<string | null>(null);
  const filter = { destination: only ?? url.get("destination"), state: url.get("state") } as Filter;
  const pages = usePages<Delivery>(["GET /api/v1/deliveries", filter], (after, signal, limit) => call("GET /api/v1/deliveries", { query: { ...filter, after, limit } }, signal), { every: 30_000 });
  const nameOf = (id: string): string => destinations.find((one) => one.id === id)?.name ?? id;
  const filtered = (only === undefined && url.get("destination") !== undefined) || url.get("state") !== undefined;
  return (
    <>
      <div className="filters">
        {only === undefined ? <UrlChoice param="destination" label="Destination" any="Any destination" data={destinations.map(({ id, name }) => ({ value: id, label: name }))} /> : null}
        <UrlChoice param="state" label="State" any="Any state" data={Object.entries(STATE_WORDS).map(([value, label]) => ({ value, label }))} width={140} />
      </div>
      <Section title="Deliveries" flush>
        <DataTable
          name="deliveries"
          columns={columnsOf(only === undefined ? nameOf : null, setShown)}
          {...pages}
          rowKey={({ id }) => id}
          empty={filtered ? <Empty title="No delivery matches." action={<Button variant="default" onClick={() => url.set({ destination: undefined, state: undefined })}>Show all</Button>} /> : <Empty title="Nothing was sent yet.">Deliveries appear when a destination is there and something happens that it wants to know.</Empty>}
        />
      </Section>
      <Modal opened={shown !== null} onClose={() => setShown(null)} size="xl" title="Delivery" closeButtonProps={{ "aria-label": "Close" }}>
        {shown === null ? null : <One id={shown} nameOf={nameOf} />}
      </Modal>
    </>
  );
}

function columnsOf(nameOf: ((id: string) => string) | null, onShow: (id: string) => void): readonly Column<Delivery>[] {
  return [
    { id: "state", header: "State", width: 104, narrow: true, text: ({ state }) => state, cell: ({ state }) => <Tag tone={STATE_TONES[state]}>{STATE_WORDS[state]}</Tag> },
    {
      id: "kind",
      header: "Fact",
      width: 168,
      narrow: true,
      text: ({ kind }) => kind,
      cell: ({ id, kind }) => (
        <button type="button" className="link strong" onClick={() => onShow(id)}>
          {kind}
        </button>
      ),
    },
    { id: "key", header: "About", text: ({ key }) => key },
    ...(nameOf === null ? [] : [{ id: "destination", header: "Destination", width: 116, text: ({ destination }: Delivery) => nameOf(destination) }]),
    { id: "attempts", header: "Attempts", width: 78, right: true, text: ({ attempts }) => count(attempts) },
    { id: "queued", header: "Queued", width: 96, text: ({ queuedAt }) => exact(queuedAt), cell: ({ queuedAt }) => <Ago at={queuedAt} /> },
    { id: "ended", header: "Ended", width: 96, text: ({ endedAt }) => (endedAt === null ? "" : exact(endedAt)), cell: ({ endedAt }) => <Ago at={endedAt} none="–" /> },
    { id: "reason", header: "Reason", text: ({ reason, code }) => reason ?? (code === null ? "" : sentence(code)) },
  ];
}

function One({ id, nameOf }: { readonly id: string; readonly nameOf: (id: string) => string }): ReactNode {
  const found = useAsk("GET /api/v1/deliveries/{id}", { params: { id } });
  const mayReplay = useMay("deliveries.replay");
  const replay = useChange("POST /api/v1/deliveries/replay", [...TOUCHED, "GET /api/v1/deliveries/{id}"]);
  if (found.isPending) return <Loading what="Loading the delivery" />;
  if (found.isError) return <Failed fault={found.error} again={() => void found.refetch()} />;
  const one = found.data;
  return (
    <div className="stack">
      <div className="row">
        <Tag tone={STATE_TONES[one.state]}>{STATE_WORDS[one.state]}</Tag>
        <span className="strong">{one.kind}</span>
        <span className="faint">to {nameOf(one.destination)}</span>
        {mayReplay && one.state !== "queued" ? (
          <Button size="compact-xs" variant="light" loading={replay.isPending} onClick={() => replay.mutate({ body: { ids: [one.id] } })}>
            Send again
          </Button>
        ) : null}
      </div>
      {replay.error === null ? null : <FaultNote fault={replay.error} />}
      {replay.data !== undefined && replay.data.replayed === 0 ? <FaultNote tone="warn" fault={{ name: "kept", message: "It cannot be sent again: what was in it is no longer kept." }} /> : null}
      {one.reason === null ? null : <FaultNote tone={one.state === "parked" ? "bad" : "warn"} fault={{ name: "reason", code: one.code ?? "", message: one.reason, cure: "" }} />}
      <Facts
        facts={[
          { name: "Id", value: <code>{one.id}</code> },
          { name: "About", value: one.key },
          { name: "Version", value: <code>{one.version}</code> },
          { name: "Attempts", value: `${count(one.attempts)}${one.replays === 0 ? "" : `, sent again ${count(one.replays)} times`}` },
          { name: "Queued", value: <Ago at={one.queuedAt} /> },
          { name: one.endedAt === null ? "Next try" : "Ended", value: one.endedAt === null ? one.nextAt === null ? "as soon as it may" : exact(one.nextAt) : <Ago at={one.endedAt} /> },
        ]}
      />
      {one.data === null ? (
        <p className="faint">What was in it is no longer kept.</p>
      ) : (
        <>
          {/* Scrolled by keyboard too. */}
          {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
          <pre className="record" tabIndex={0} role="region" aria-label="The fact's data">
            {indentJson(one.data)}
          </pre>
        </>
      )}
    </div>
  );
}
