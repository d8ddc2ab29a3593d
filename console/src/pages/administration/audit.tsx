/** Who changed what, the newest first, and the proof that nobody changed that history. */
import { Button, Modal, NumberInput, TextInput } from "@mantine/core";
import { useState, type ReactNode } from "react";
import { call, type Answer, type Query } from "../../api/client.ts";
import { useAsk, usePages } from "../../api/queries.ts";
import { useMay, useSession } from "../../api/session.ts";
import { DataTable, type Column } from "../../parts/data-table.tsx";
import { Facts, Page, Section } from "../../parts/page.tsx";
import { Empty, FaultNote, Loading } from "../../parts/states.tsx";
import { exact } from "../../parts/time.ts";
import { useTenantNames } from "../../parts/tenant-names.ts";
import { UrlChoice } from "../../parts/url-choice.tsx";
import { useFilters, useTyped, useUrl } from "../../parts/url.ts";
import { Ago, count, many, sentence } from "../../parts/words.tsx";
import { AdministrationPlaces } from "./places.tsx";

type Entry = Answer<"GET /api/v1/audit">["items"][number];

const NOUNS = ["user", "session", "api-key", "hub", "backup", "keyring", "connection", "token", "sync", "gap", "parked", "tenant", "sites", "destination", "delivery", "notification", "case", "case-knowledge", "case-list", "case-rules", "posture-rule", "posture-rules", "posture-exception", "provider", "user-risk", "serial-decision", "access-exception", "access-list", "access-thresholds", "vulnerability", "vulnerability-rule", "vulnerability-connector", "vulnerability-sla"] as const;
const FILTERS = ["event", "actor", "subject", "from", "to"] as const;

export function AuditPage(): ReactNode {
  const url = useUrl();
  const mayVerify = useMay("operate");
  const [typed, setTyped] = useTyped("subject");
  const [chosen, setChosen] = useState<Entry | null>(null);
  const event = url.get("event");
  const from = url.get("from");
  const to = url.get("to");
  const filter: Query<"GET /api/v1/audit"> = {
    newestFirst: true,
    ...given("event", event),
    ...given("actor", url.get("actor")),
    ...given("subject", url.get("subject")),
    ...given("tenant", url.get("tenant")),
    ...given("since", momentOf(from, "T00:00:00")),
    ...given("until", momentOf(to, "T23:59:59.999")),
  };
  const pages = usePages<Entry>(["GET /api/v1/audit", filter], (after, signal, limit) => call("GET /api/v1/audit", { query: { ...filter, after: after === undefined ? undefined : Number(after), limit } }, signal));
  const names = useActors(pages.rows);
  const askNames = useAskActors();
  const { filtered, clear: clearFilters } = useFilters(FILTERS);
  const clear = (): void => {
    setTyped("");
    clearFilters();
  };
  const nouns = event === undefined || NOUNS.some((noun) => noun === event) ? NOUNS : [event, ...NOUNS];
  return (
    <Page title="Audit log" lead="Every change of this hub, with who made it. Each entry carries a hash over the one before, so that a changed history shows.">
      <AdministrationPlaces />
      {mayVerify ? <Proof /> : null}
      <div className="filters">
        <UrlChoice param="event" label="About" any="About anything" data={nouns.map((value) => ({ value, label: sentence(value) }))} width={170} />
        <UrlChoice param="actor" label="By" any="By anybody" data={[...names].map(([value, label]) => ({ value, label }))} width={190} />
        <TextInput aria-label="Id of what it happened to" placeholder="Id of what it happened to" value={typed} onChange={(change) => setTyped(change.currentTarget.value)} />
        <TextInput type="date" aria-label="From" value={from ?? ""} max={to} onChange={(change) => url.set({ from: change.currentTarget.value === "" ? undefined : change.currentTarget.value })} />
        <span className="faint">to</span>
        <TextInput type="date" aria-label="To" value={to ?? ""} min={from} onChange={(change) => url.set({ to: change.currentTarget.value === "" ? undefined : change.currentTarget.value })} />
        {filtered ? (
          <Button variant="default" onClick={clear}>
            Show all
          </Button>
        ) : null}
      </div>
      <div className="card">
        <DataTable
          name="entries"
          columns={columnsFor(names, setChosen)}
          columnsFor={async (entries, signal) => columnsFor(new Map([...names, ...(await askNames(entries, signal))]), setChosen)}
          {...pages}
          rowKey={({ seq }) => String(seq)}
          empty={<Empty title={filtered ? "No entry matches." : "There is no entry that you may see."} action={filtered ? <Button variant="default" onClick={clear}>Show all entries</Button> : undefined} />}
        />
      </div>
      <Modal opened={chosen !== null} onClose={() => setChosen(null)} title={chosen === null ? "" : `Entry ${count(chosen.seq)}`} size="lg" closeButtonProps={{ "aria-label": "Close" }}>
        {chosen === null ? null : <EntryFacts entry={chosen} names={names} />}
      </Modal>
    </Page>
  );
}

function given<K extends string>(name: K, value: string | undefined): Partial<Record<K, string>> {
  return value === undefined ? {} : ({ [name]: value } as Record<K, string>);
}

/** A day begins and ends where whoever asks is. What is no day the hub refuses, and says so. */
function momentOf(day: string | undefined, time: string): string | undefined {
  if (day === undefined) return undefined;
  const at = new Date(`${day}${time}`);
  return Number.isNaN(at.getTime()) ? day : at.toISOString();
}

const MOST_NAMED = 200;

/** Names of those whom these entries know by their ids, as far as one may see them; and the first of all, to choose from. */
function useActors(entries: readonly Entry[]): ReadonlyMap<string, string> {
  const { user } = useSession();
  const mayUsers = useMay("users.read");
  const mayKeys = useMay("keys.read");
  const users = useAsk("GET /api/v1/users", { query: { limit: MOST_NAMED } }, { enabled: mayUsers });
  const keys = useAsk("GET /api/v1/api-keys", { query: { limit: MOST_NAMED } }, { enabled: mayKeys });
  const first = new Set([...(users.data?.items ?? []), ...(keys.data?.items ?? [])].map(({ id }) => id));
  const missing = (begins: string): string => [...new Set(entries.flatMap(({ actor, subject }) => [actor, subject]))].filter((id) => id.startsWith(begins) && !first.has(id)).toSorted().slice(0, MOST_NAMED).join(",");
  const [otherUsers, otherKeys] = [missing("usr_"), missing("key_")];
  const moreUsers = useAsk("GET /api/v1/users", { query: { ids: otherUsers } }, { enabled: mayUsers && users.data?.next !== null && otherUsers !== "" });
  const moreKeys = useAsk("GET /api/v1/api-keys", { query: { ids: otherKeys } }, { enabled: mayKeys && keys.data?.next !== null && otherKeys !== "" });
  return new Map([
    ...(user === null ? [] : [[user.id, user.name] as const]),
    ...[...(users.data?.items ?? []), ...(moreUsers.data?.items ?? [])].map(({ id, name }) => [id, name] as const),
    ...[...(keys.data?.items ?? []), ...(moreKeys.data?.items ?? [])].map(({ id, name }) => [id, `key ${name}`] as const),
    ["local", "the hub's own machine"] as const,
    ["hub", "the hub itself"] as const,
  ]);
}

/** Of entries that go into a file. */
function useAskActors(): (entries: readonly Entry[], signal: AbortSignal) => Promise<ReadonlyMap<string, string>> {
  const mayUsers = useMay("users.read");
  const mayKeys = useMay("keys.read");
  return async (entries, signal) => {
    const ids = [...new Set(entries.flatMap(({ actor, subject }) => [actor, subject]))];
    const names = new Map<string, string>();
    for (const [may, begins, route, word] of [[mayUsers, "usr_", "GET /api/v1/users", ""], [mayKeys, "key_", "GET /api/v1/api-keys", "key "]] as const) {
      const of = may ? ids.filter((id) => id.startsWith(begins)) : [];
      for (let at = 0; at < of.length; at += MOST_NAMED) {
        const { items } = await call(route, { query: { ids: of.slice(at, at + MOST_NAMED).join(",") } }, signal);
        for (const { id, name } of items) names.set(id, `${word}${name}`);
      }
    }
    return names;
  };
}

function columnsFor(names: ReadonlyMap<string, string>, choose: (entry: Entry) => void): readonly Column<Entry>[] {
  return [
    { id: "at", header: "When", width: 100, narrow: true, text: ({ at }) => exact(at), cell: ({ at }) => <Ago at={at} /> },
    {
      id: "event",
      header: "What",
      width: 190,
      narrow: true,
      text: ({ event }) => event,
      cell: (entry) => (
        <button type="button" className="link strong" onClick={() => choose(entry)}>
          {entry.event}
        </button>
      ),
    },
    { id: "who", header: "Who", width: 170, text: ({ actor }) => names.get(actor) ?? actor },
    { id: "subject", header: "To what", text: ({ subject }) => names.get(subject) ?? subject },
    { id: "details", header: "Details", text: ({ details }) => detailsText(details) },
    { id: "seq", header: "No.", width: 70, right: true, text: ({ seq }) => count(seq) },
  ];
}

function detailsText(details: Entry["details"]): string {
  return Object.entries(details)
    .map(([name, value]) => `${name}: ${String(value)}`)
    .join(", ");
}

function EntryFacts({ entry, names }: { readonly entry: Entry; readonly names: ReadonlyMap<string, string> }): ReactNode {
  const tenantName = useTenantNames(entry.tenant === null ? [] : [entry.tenant]);
  return (
    <Facts
      facts={[
        { name: "When", value: exact(entry.at) },
        { name: "What", value: <code>{entry.event}</code> },
        { name: "Who", value: `${names.get(entry.actor) ?? entry.actor} (${sentence(entry.actorKind)})` },
        { name: "Their id", value: <code>{entry.actor}</code> },
        { name: "To what", value: <code>{entry.subject}</code> },
        { name: "Tenant", value: entry.tenant === null ? "the hub as a whole" : tenantName(entry.tenant) },
        ...Object.entries(entry.details).map(([name, value]) => ({ name: sentence(name), value: String(value) })),
        { name: "Request", value: <code>{entry.requestId}</code> },
        { name: "Hash", value: <code>{entry.hash}</code> },
      ]}
    />
  );
}

/** The whole chain is gone through, so it is asked for and not done by itself. */
function Proof(): ReactNode {
  const [wanted, setWanted] = useState<Query<"GET /api/v1/audit/verify"> | null>(null);
  const [entries, setEntries] = useState<number | string>("");
  const [head, setHead] = useState("");
  const proof = useAsk("GET /api/v1/audit/verify", { query: wanted ?? {} }, { enabled: wanted !== null });
  const noted = head.trim() !== "" || entries !== "";
  return (
    <Section title="Proof">
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          const next = noted ? { entries: Number(entries), head: head.trim().toLowerCase() } : {};
          if (JSON.stringify(next) === JSON.stringify(wanted)) void proof.refetch();
          else setWanted(next);
        }}
      >
        <div className="row proof">
          <NumberInput size="xs" label="Entries noted earlier" placeholder="may be left out" min={1} allowDecimal={false} value={entries} onChange={setEntries} />
          <TextInput className="proof-head" label="Head noted earlier" placeholder="may be left out" spellCheck={false} value={head} onChange={(event) => setHead(event.currentTarget.value)} />
          <Button type="submit" loading={proof.isFetching}>
            Verify the chain
          </Button>
        </div>
        {wanted === null ? null : proof.isPending ? (
          <Loading what="Going through the chain" />
        ) : proof.isError ? (
          <FaultNote fault={proof.error} />
        ) : proof.data.ok ? (
          <div className="note note-good" role="status">
            <p>
              <strong>{many(proof.data.entries, "entry", "entries")}, unbroken.</strong> Note both elsewhere: whoever can rewrite the whole file could rewrite the chain, but not what you noted.
            </p>
            <p>
              Head <code>{proof.data.head ?? "–"}</code>
            </p>
          </div>
        ) : (
          <FaultNote fault={{ name: "broken", code: "AUDIT_BROKEN", message: `Broken at entry ${count(proof.data.firstBroken ?? 0)} of ${count(proof.data.entries)}.`, cure: "Somebody went around the hub, or the noted head is of another hub. Restore a backup elsewhere and compare." }} />
        )}
      </form>
    </Section>
  );
}
