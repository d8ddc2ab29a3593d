/** Where facts go: each destination with what waits, what was set aside and why; each delivery; and sending again what was set aside. */
import { Button } from "@mantine/core";
import { useState, type ReactNode } from "react";
import { call, type Answer, type Query, type Route } from "../../api/client.ts";
import { useAsk, useChange, usePages } from "../../api/queries.ts";
import { useMay } from "../../api/session.ts";
import { Confirm } from "../../parts/confirm.tsx";
import { DataTable, type Column } from "../../parts/data-table.tsx";
import { Page, Section } from "../../parts/page.tsx";
import { Empty, FaultNote } from "../../parts/states.tsx";
import { exact, span } from "../../parts/time.ts";
import { UrlChoice } from "../../parts/url-choice.tsx";
import { useTenant, useUrl } from "../../parts/url.ts";
import { Ago, count, many, sentence, Tag, type Tone } from "../../parts/words.tsx";

type Destination = Answer<"GET /api/v1/destinations">["items"][number];
type Delivery = Answer<"GET /api/v1/deliveries">["items"][number];
type Filter = Query<"GET /api/v1/deliveries">;

const TONES: Readonly<Record<Delivery["state"], Tone>> = { queued: "busy", delivered: "good", parked: "bad" };
const STATE_WORDS: Readonly<Record<Delivery["state"], string>> = { queued: "Waiting", delivered: "Delivered", parked: "Set aside" };
const TOUCHED: readonly Route[] = ["GET /api/v1/destinations", "GET /api/v1/deliveries"];

export function DeliveriesPage(): ReactNode {
  const url = useUrl();
  const tenant = useTenant();
  const mayReplay = useMay("deliveries.replay");
  const [again, setAgain] = useState<Destination | null>(null);
  const destinations = useAsk("GET /api/v1/destinations", {}, { every: 15_000 });
  const filter = { destination: url.get("destination"), state: url.get("state") } as Filter;
  const pages = usePages<Delivery>(["GET /api/v1/deliveries", filter], (after, signal) => call("GET /api/v1/deliveries", { query: { ...filter, after, limit: 100 } }, signal), { every: 30_000 });
  const replay = useChange("POST /api/v1/deliveries/replay", TOUCHED);
  const all = (destinations.data?.items ?? []).filter((one) => tenant === undefined || one.tenant === tenant || one.tenants.includes(tenant));
  const nameOf = (id: string): string => destinations.data?.items.find((one) => one.id === id)?.name ?? id;
  const filtered = url.get("destination") !== undefined || url.get("state") !== undefined;
  return (
    <Page title="Deliveries" lead="Facts go where they are wanted, in order, each under one id; what a destination refuses is set aside with its reason and can be sent again.">
      {destinations.data?.items.filter(({ fault }) => fault !== null).map(({ id, name, fault }) => (fault === null ? null : <FaultNote key={id} fault={{ name: "fault", code: fault.code, message: `${name} takes nothing: ${fault.reason}`, cure: "It is tried again by itself; nothing that waits is lost." }} />))}
      <Section title="Destinations" flush>
        <DataTable short name="destinations" columns={destinationColumns(mayReplay, setAgain)} rows={all} rowKey={({ id }) => id} pending={destinations.isPending} fault={destinations.error} again={() => void destinations.refetch()} empty={<Empty title="There is no destination yet.">An administrator adds one on the command line: <code>vedette destinations add siem --webhook https://…</code> (<code>--help</code> names every kind).</Empty>} />
      </Section>
      <div className="filters">
        <UrlChoice param="destination" label="Destination" any="Any destination" data={all.map(({ id, name }) => ({ value: id, label: name }))} />
        <UrlChoice param="state" label="State" any="Any state" data={Object.entries(STATE_WORDS).map(([value, label]) => ({ value, label }))} width={140} />
      </div>
      <Section title="Deliveries" flush>
        <DataTable
          name="deliveries"
          columns={deliveryColumns(nameOf)}
          {...pages}
          rowKey={({ id }) => id}
          empty={filtered ? <Empty title="No delivery matches." action={<Button variant="default" onClick={() => url.set({ destination: undefined, state: undefined })}>Show all</Button>} /> : <Empty title="Nothing was sent yet.">Deliveries appear when a destination is there and something happens that it wants to know.</Empty>}
        />
      </Section>
      <Confirm open={again !== null} title={`Send again what ${again?.name ?? ""} refused?`} act="Send again" busy={replay.isPending} fault={replay.error} onClose={() => { setAgain(null); replay.reset(); }} onAct={() => { if (again !== null) replay.mutate({ body: { destination: again.id, all: true, state: "parked" } }, { onSuccess: () => setAgain(null) }); }}>
        <p>{many(again?.parked ?? 0, "delivery", "deliveries")} go into the queue again, in order and under their own ids. What is still refused comes back here.</p>
      </Confirm>
    </Page>
  );
}

function destinationColumns(mayReplay: boolean, onAgain: (one: Destination) => void): readonly Column<Destination>[] {
  return [
    { id: "name", header: "Destination", narrow: true, text: ({ name }) => name, cell: ({ name }) => <span className="strong">{name}</span> },
    { id: "kind", header: "Kind", width: 120, text: ({ kind }) => kind },
    { id: "state", header: "State", width: 110, narrow: true, text: ({ fault }) => fault?.reason ?? "well", cell: ({ fault }) => <Tag tone={fault === null ? "good" : "bad"}>{fault === null ? "Well" : "Refuses"}</Tag> },
    { id: "facts", header: "Told of", text: ({ facts }) => (facts === null ? "everything" : facts.join(", ")) },
    { id: "queued", header: "Waiting", width: 84, right: true, text: ({ queued }) => count(queued) },
    { id: "lag", header: "Longest", width: 84, right: true, text: ({ oldestQueuedAt }) => (oldestQueuedAt === null ? "–" : span((Date.now() - Date.parse(oldestQueuedAt)) / 1000)) },
    { id: "delivered", header: "Delivered", width: 96, right: true, text: ({ delivered }) => count(delivered) },
    { id: "parked", header: "Set aside", width: 84, right: true, text: ({ parked }) => count(parked), cell: ({ parked }) => <span className={parked > 0 ? "bad-text" : "faint"}>{count(parked)}</span> },
    { id: "last", header: "Last", width: 104, text: ({ deliveredAt }) => (deliveredAt === null ? "never" : exact(deliveredAt)), cell: ({ deliveredAt }) => <Ago at={deliveredAt} /> },
    ...(mayReplay ? [{ id: "act", header: "", width: 96, text: () => "", cell: (one: Destination) => (one.parked === 0 ? <span /> : <button type="button" className="link" onClick={() => onAgain(one)}>Send again</button>) }] : []),
  ];
}

function deliveryColumns(nameOf: (id: string) => string): readonly Column<Delivery>[] {
  return [
    { id: "state", header: "State", width: 104, narrow: true, text: ({ state }) => state, cell: ({ state }) => <Tag tone={TONES[state]}>{STATE_WORDS[state]}</Tag> },
    { id: "kind", header: "Fact", width: 170, narrow: true, text: ({ kind }) => kind },
    { id: "key", header: "About", text: ({ key }) => key },
    { id: "destination", header: "Destination", width: 140, text: ({ destination }) => nameOf(destination) },
    { id: "attempts", header: "Attempts", width: 84, right: true, text: ({ attempts }) => count(attempts) },
    { id: "queued", header: "Queued", width: 104, text: ({ queuedAt }) => exact(queuedAt), cell: ({ queuedAt }) => <Ago at={queuedAt} /> },
    { id: "reason", header: "Reason", text: ({ reason, code }) => reason ?? (code === null ? "" : sentence(code)) },
  ];
}
