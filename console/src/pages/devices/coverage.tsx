/** What an access policy can rest on: which devices it can tell by their serial number, and how fresh what is known of them is; and how that compares with somebody's own list. */
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { Answer } from "../../api/client.ts";
import { useAsk } from "../../api/queries.ts";
import { useMay } from "../../api/session.ts";
import { DataTable, type Column } from "../../parts/data-table.tsx";
import { Bars, Figures } from "../../parts/figures.tsx";
import { Page, Section } from "../../parts/page.tsx";
import { Places } from "../../parts/places.tsx";
import { Empty, Failed, Loading } from "../../parts/states.tsx";
import { exact } from "../../parts/time.ts";
import { useTenant } from "../../parts/url.ts";
import { Ago, count, many, Tag, type Tone } from "../../parts/words.tsx";
import { CompareList } from "./compare.tsx";
import { DEVICE_PLACES, SILENT_WORDS } from "./words.ts";

type Coverage = Answer<"GET /api/v1/posture/coverage">;
type Source = Coverage["connections"][number] & { readonly name: string };

export function CoveragePage(): ReactNode {
  const tenant = useTenant();
  const found = useAsk("GET /api/v1/posture/coverage", { query: { tenant } }, { every: 120_000 });
  return (
    <Page title="Coverage" lead="What an access policy can rest on: which devices can be told by their serial number, and how fresh what is known of them is.">
      <Places name="Devices and posture" places={DEVICE_PLACES} />
      {found.isPending ? <Loading what="Counting the devices" /> : found.isError ? <Failed fault={found.error} again={() => void found.refetch()} /> : <Known coverage={found.data} />}
      <CompareList />
    </Page>
  );
}

function Known({ coverage }: { readonly coverage: Coverage }): ReactNode {
  const { devices, serials, verdicts, silent, neverReported } = coverage;
  if (devices === 0)
    return (
      <div className="card">
        <Empty title="No device has been read yet." action={<Link to="/connections">See the connections</Link>}>
          Devices come from a connection's agents; what can be said of them is counted here then.
        </Empty>
      </div>
    );
  const { own, shared, ambiguous, none } = serials;
  return (
    <>
      <Figures
        figures={[
          { name: "Serial of its own", value: own, note: `of ${many(devices, "device")}: a policy can tell them`, tone: "good" },
          { name: "Shared serial", label: <Link to="/devices/serials">Shared serial</Link>, value: shared.devices, note: shared.numbers === 0 ? "no number has two devices" : `${many(shared.numbers, "number")}, ${count(ambiguous.count)}${ambiguous.is === "exact" ? "" : "+"} ambiguous`, tone: "warn" },
          { name: "No usable serial", label: <Link to="/devices" search={{ serial: "none" }}>No usable serial</Link>, value: none, note: "missing, or one that says nothing", tone: "warn" },
          { name: "Cannot be judged", label: <Link to="/devices" search={{ verdict: "unknown" }}>Cannot be judged</Link>, value: verdicts.unknown, note: "what the rules ask is not known", tone: "warn" },
          { name: "Asked by no rule", label: <Link to="/devices" search={{ verdict: "none" }}>Asked by no rule</Link>, value: verdicts.none, note: verdicts.none === devices ? "no rule is in force" : "no rule is about them" },
        ]}
      />
      <div className="halves">
        <Section title="Last reported">
          <Bars
            name="Devices by when their agent last reported"
            bars={[
              { name: "All devices", value: devices, tone: "plain" },
              ...silent.map(({ days, devices: of }) => ({ name: String(days), label: <Link to="/devices" search={{ silent: String(days), sort: "seen" }}>{SILENT_WORDS[days] ?? `Over ${String(days)} days ago`}</Link>, value: of, tone: "warn" as const })),
              ...(neverReported === 0 ? [] : [{ name: "Said no time", value: neverReported, tone: "warn" as const }]),
            ]}
          />
          <p className="faint">A rule over <code>last_seen</code> fails those that are silent for longer than it allows; all others are judged by what was last read.</p>
        </Section>
        <Section title="How fresh what is known is" flush>
          <Sources sources={coverage.connections} />
        </Section>
      </div>
    </>
  );
}

const EVIDENCE: Readonly<Record<Source["evidence"], readonly [Tone, string]>> = { fresh: ["good", "Fresh"], stale: ["bad", "Too old"], missing: ["warn", "Not read yet"] };

/** In one address. */
const NAMED = 200;

function Sources({ sources }: { readonly sources: Coverage["connections"] }): ReactNode {
  const ids = sources.slice(0, NAMED).map(({ connection }) => connection).join(",");
  const connections = useAsk("GET /api/v1/connections", { query: { ids, limit: NAMED } }, { enabled: useMay("connections.read") && ids !== "" });
  const rows = sources.map((source) => ({ ...source, name: connections.data?.items.find(({ id }) => id === source.connection)?.name ?? source.connection }));
  return <DataTable short name="connections" columns={COLUMNS} rows={rows} rowKey={({ connection }) => connection} empty={<Empty title="No connection has devices." />} />;
}

const COLUMNS: readonly Column<Source>[] = [
  {
    id: "name",
    header: "Connection",
    narrow: true,
    text: ({ name }) => name,
    cell: ({ connection, name }) => (
      <Link className="strong" to="/connections/$id" params={{ id: connection }}>
        {name}
      </Link>
    ),
  },
  { id: "devices", header: "Devices", width: 76, right: true, text: ({ devices }) => count(devices) },
  { id: "evidence", header: "Evidence", width: 100, narrow: true, text: ({ evidence }) => EVIDENCE[evidence][1], cell: ({ evidence }) => <Tag tone={EVIDENCE[evidence][0]}>{EVIDENCE[evidence][1]}</Tag> },
  { id: "read", header: "Proven to", width: 96, narrow: true, text: ({ readTo }) => (readTo === null ? "" : exact(readTo)), cell: ({ readTo }) => <Ago at={readTo} /> },
  { id: "aside", header: "Set aside", width: 76, right: true, text: ({ setAside }) => count(setAside), cell: ({ setAside }) => (setAside === 0 ? <span className="faint">0</span> : <span className="bad-text">{count(setAside)}</span>) },
];
