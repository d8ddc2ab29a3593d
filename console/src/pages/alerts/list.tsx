/** Every alert that was read, newest first, whatever case it belongs to. */
import { Button, TextInput } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { addressOf, call, type Answer, type Query } from "../../api/client.ts";
import { useAsk, usePages } from "../../api/queries.ts";
import { DataTable, type Column } from "../../parts/data-table.tsx";
import { Page, Section } from "../../parts/page.tsx";
import { Empty, Failed, Loading } from "../../parts/states.tsx";
import { daysBack, exact } from "../../parts/time.ts";
import { UrlChoice } from "../../parts/url-choice.tsx";
import { useFilters, useTyped, useUrl } from "../../parts/url.ts";
import { Ago, sentence, Severity, Tag, type Tone } from "../../parts/words.tsx";
import { VolumeChart } from "../cases/plots.tsx";

type Alert = Answer<"GET /api/v1/alerts">["items"][number];
type Filter = Query<"GET /api/v1/alerts">;

const FILTERS = ["text", "severity", "status", "verdict", "stream", "product", "site", "since"] as const;
const STREAMS = [
  { value: "alerts", label: "Unified alerts" },
  { value: "threats", label: "Threats" },
  { value: "cloud-detection-alerts", label: "Custom rules (STAR)" },
  { value: "activities", label: "The console's log" },
];
const TONES: Readonly<Record<Alert["status"], Tone>> = { new: "busy", "in-progress": "warn", resolved: "good", other: "plain" };
const VERDICT_TONES: Readonly<Record<Alert["verdict"], Tone>> = { undefined: "plain", "true-positive": "bad", "false-positive": "good", suspicious: "warn", other: "plain" };
const SINCE = [
  { value: "1", label: "Last 24 hours" },
  { value: "7", label: "Last 7 days" },
  { value: "30", label: "Last 30 days" },
];

export function AlertsPage(): ReactNode {
  const url = useUrl();
  const [typed, setTyped] = useTyped("text");
  const [product, setProduct] = useTyped("product");
  const [site, setSite] = useTyped("site");
  const days = Number(url.get("since"));
  const since = Number.isFinite(days) && days > 0 ? daysBack(days) : undefined;
  // An address is anybody's text: what the hub does not know it refuses, and the page says so.
  const narrow = { tenant: url.get("tenant"), severity: url.get("severity"), status: url.get("status"), verdict: url.get("verdict"), stream: url.get("stream"), product: url.get("product"), site: url.get("site"), connection: url.get("connection") };
  const filter = { ...narrow, text: url.get("text"), since } as Filter;
  const pages = usePages<Alert>(["GET /api/v1/alerts", filter], (after, signal, limit) => call("GET /api/v1/alerts", { query: { ...filter, after, limit } }, signal), { every: 60_000 });
  const isLog = narrow.stream === "activities";
  const { filtered, clear: clearFilters } = useFilters(FILTERS);
  const reset = (): void => {
    setTyped("");
    setProduct("");
    setSite("");
    clearFilters();
  };
  return (
    <Page title="Alerts" lead="Everything that the consoles have found, as they say it. What belongs together is a case; here each alert stands for itself.">
      {isLog ? null : <Volume filter={narrow as Query<"GET /api/v1/alerts/volume">} />}
      <div className="filters">
        <TextInput className="filter-search" aria-label="Search alerts" placeholder="Name, device, user, hash, address, id" value={typed} onChange={(event) => setTyped(event.currentTarget.value)} />
        <UrlChoice param="severity" label="Severity, at least" any="Any severity" data={["critical", "high", "medium", "low"].map((value) => ({ value, label: value === "critical" ? "Critical" : `${sentence(value)} or more` }))} width={150} />
        <UrlChoice param="status" label="Status" any="Any status" data={["new", "in-progress", "resolved"].map((value) => ({ value, label: sentence(value) }))} width={126} />
        <UrlChoice param="verdict" label="Verdict" any="Any verdict" data={["true-positive", "suspicious", "false-positive", "undefined"].map((value) => ({ value, label: value === "undefined" ? "None yet" : sentence(value) }))} width={140} />
        <UrlChoice param="stream" label="Kind" any="Any kind" data={STREAMS} width={170} />
        <TextInput aria-label="Site" placeholder="Site" value={site} onChange={(event) => setSite(event.currentTarget.value)} w={110} />
        <TextInput aria-label="Product" placeholder="Product" value={product} onChange={(event) => setProduct(event.currentTarget.value)} w={110} />
        <UrlChoice param="since" label="Detected" any="Any time" data={SINCE} width={140} />
      </div>
      <div className="card">
        <DataTable
          name="alerts"
          columns={isLog ? COLUMNS.filter(({ id }) => !["severity", "status", "verdict", "product"].includes(id)) : COLUMNS}
          {...pages}
          rowKey={({ connection, stream, id }) => `${connection} ${stream} ${id}`}
          wholeExport={addressOf("/api/v1/alerts/export", undefined, { ...filter, format: "csv" })}
          empty={
            filtered ? (
              <Empty title="No alert matches." action={<Button variant="default" onClick={reset}>Show all alerts</Button>} />
            ) : (
              <Empty title="No alert has been read yet." action={<Link to="/connections">See the connections</Link>}>
                Alerts and threats come with the first reading of a connection, and then about once a minute.
              </Empty>
            )
          }
        />
      </div>
    </Page>
  );
}

function Volume({ filter }: { readonly filter: Query<"GET /api/v1/alerts/volume"> }): ReactNode {
  const volume = useAsk("GET /api/v1/alerts/volume", { query: { ...filter, days: 30 } }, { every: 60_000 });
  return (
    <Section title="By the day they were detected" aside="30 days">
      {volume.isPending ? <Loading what="Counting" /> : volume.isError ? <Failed fault={volume.error} again={() => void volume.refetch()} /> : <VolumeChart name="Alerts by the day they were detected and by severity" volume={volume.data} />}
    </Section>
  );
}

const COLUMNS: readonly Column<Alert>[] = [
  { id: "severity", header: "Severity", width: 96, narrow: true, text: ({ severity }) => severity, cell: ({ severity }) => <Severity value={severity} /> },
  {
    id: "name",
    header: "Alert",
    narrow: true,
    text: ({ name, id }) => name ?? id,
    cell: ({ id, name, stream, connection }) => (
      <Link className="strong" to="/alerts/$id" params={{ id }} search={{ stream, connection }}>
        {name ?? id}
      </Link>
    ),
  },
  { id: "device", header: "Device", width: 128, text: ({ device }) => device ?? "" },
  { id: "user", header: "User", width: 120, text: ({ user }) => user ?? "" },
  { id: "product", header: "Product", width: 96, text: ({ product }) => product ?? "" },
  { id: "status", header: "At the console", width: 118, text: ({ status }) => status, cell: ({ status, statusWord }) => <Tag tone={TONES[status]}>{status === "other" ? (statusWord ?? "Other") : sentence(status)}</Tag> },
  { id: "verdict", header: "Verdict", width: 118, text: ({ verdict }) => verdict, cell: ({ verdict, verdictWord }) => (verdict === "undefined" ? <span className="faint">–</span> : <Tag tone={VERDICT_TONES[verdict]}>{verdict === "other" ? (verdictWord ?? "Other") : sentence(verdict)}</Tag>) },
  { id: "at", header: "Detected", width: 98, text: ({ at }) => exact(at), cell: ({ at }) => <Ago at={at} /> },
];
