/** The queue: what alerts have become for whoever works on them, those with the newest alerts first. */
import { Button, Select, TextInput } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { addressOf, call, type Query } from "../../api/client.ts";
import { usePages } from "../../api/queries.ts";
import { useSession } from "../../api/session.ts";
import { DataTable, type Column } from "../../parts/data-table.tsx";
import { Page } from "../../parts/page.tsx";
import { Places } from "../../parts/places.tsx";
import { Empty } from "../../parts/states.tsx";
import { exact } from "../../parts/time.ts";
import { UrlChoice } from "../../parts/url-choice.tsx";
import { useFilters, useTyped, useUrl } from "../../parts/url.ts";
import { Ago, count, sentence, Severity, Tag } from "../../parts/words.tsx";
import { CasePlots } from "./plots.tsx";
import { CASE_PLACES, SEVERITIES, STATUS_TONES, STATUS_WORDS, TYPES, VERDICT_TONES, VERDICT_WORDS, type Case } from "./words.ts";

type Filter = Query<"GET /api/v1/cases">;

const QUEUES = [
  { value: "open", label: "Open" },
  { value: "new", label: "New" },
  { value: "in-progress", label: "In progress" },
  { value: "waiting", label: "Waiting" },
  { value: "reopened", label: "Reopened" },
  { value: "resolved", label: "Resolved" },
  { value: "any", label: "All" },
];
const FILTERS = ["status", "severity", "owner", "type", "text"] as const;

export function CasesPage(): ReactNode {
  const url = useUrl();
  const { user } = useSession();
  const [typed, setTyped] = useTyped("text");
  // An address is anybody's text: what the hub does not know it refuses, and the page says so.
  const filter = { tenant: url.get("tenant"), status: url.get("status"), severity: url.get("severity"), owner: url.get("owner"), type: url.get("type"), text: url.get("text") } as Filter;
  const pages = usePages<Case>(["GET /api/v1/cases", filter], (after, signal, limit) => call("GET /api/v1/cases", { query: { ...filter, after, limit } }, signal), { every: 30_000 });
  const { filtered, clear: clearFilters } = useFilters(FILTERS);
  const me = user?.email ?? user?.name;
  const owners = [{ value: "none", label: "Nobody's" }, ...(me === undefined ? [] : [{ value: me, label: "Mine" }])];
  const given = url.get("owner");
  if (given !== undefined && !owners.some(({ value }) => value === given)) owners.push({ value: given, label: given });
  return (
    <Page title="Cases" lead="Alerts that belong together are one case. What you decide here stays here; the console is only read.">
      <Places name="Cases" places={CASE_PLACES} />
      <div className="filters">
        <TextInput className="filter-search" aria-label="Search cases" placeholder="Title, device, user, file, hash, address" value={typed} onChange={(event) => setTyped(event.currentTarget.value)} />
        <Select aria-label="Status" data={QUEUES} value={url.get("status") ?? "open"} allowDeselect={false} onChange={(value) => url.set({ status: value === "open" || value === null ? undefined : value })} w={126} />
        <UrlChoice param="severity" label="Severity, at least" any="Any severity" data={SEVERITIES.map((value) => ({ value, label: value === "critical" ? "Critical" : `${sentence(value)} or more` }))} width={150} />
        <UrlChoice param="owner" label="Owner" any="Any owner" data={owners} width={140} />
        <UrlChoice param="type" label="Type" any="Any type" data={TYPES.map((value) => ({ value, label: sentence(value) }))} width={140} />
      </div>
      <CasePlots
        filter={{ tenant: filter.tenant, status: filter.status, severity: filter.severity, owner: filter.owner, type: filter.type }}
        technique={url.get("text")}
        onTechnique={(technique) => {
          setTyped(technique ?? "");
          url.set({ text: technique });
        }}
      />
      <div className="card">
        <DataTable
          name="cases"
          columns={COLUMNS}
          {...pages}
          rowKey={({ id }) => id}
          wholeExport={addressOf("/api/v1/cases/export", undefined, { ...filter, format: "csv" })}
          empty={
            filtered ? (
              <Empty title="No case matches." action={<Button variant="default" onClick={() => { setTyped(""); clearFilters(); }}>Show open cases</Button>} />
            ) : (
              <Empty title="No case is open." action={<Button variant="default" onClick={() => url.set({ status: "any" })}>Show resolved ones too</Button>}>
                Cases are opened by themselves when alerts and threats are read.
              </Empty>
            )
          }
        />
      </div>
    </Page>
  );
}

const COLUMNS: readonly Column<Case>[] = [
  { id: "severity", header: "Severity", width: 96, narrow: true, text: ({ severity }) => severity, cell: ({ severity }) => <Severity value={severity} /> },
  {
    id: "title",
    header: "Case",
    narrow: true,
    text: ({ title }) => title,
    cell: ({ id, title }) => (
      <Link className="strong" to="/cases/$id" params={{ id }}>
        {title}
      </Link>
    ),
  },
  { id: "status", header: "Status", width: 132, text: ({ status }) => status, cell: ({ status, reopened }) => <Tag tone={STATUS_TONES[status]}>{STATUS_WORDS[status]}{reopened > 0 && status !== "resolved" ? " again" : ""}</Tag> },
  { id: "verdict", header: "Verdict", width: 118, text: ({ verdict }) => verdict, cell: ({ verdict }) => (verdict === "undefined" ? <span className="faint">–</span> : <Tag tone={VERDICT_TONES[verdict]}>{VERDICT_WORDS[verdict]}</Tag>) },
  { id: "owner", header: "Owner", width: 116, text: ({ owner }) => owner ?? "", cell: ({ owner }) => owner ?? <span className="faint">nobody</span> },
  { id: "type", header: "Type", width: 104, text: ({ type }) => type, cell: ({ type }) => sentence(type) },
  { id: "alerts", header: "Alerts", width: 66, right: true, text: ({ alerts }) => count(alerts) },
  { id: "last", header: "Newest alert", width: 108, text: ({ lastAt }) => exact(lastAt), cell: ({ lastAt }) => <Ago at={lastAt} /> },
];
