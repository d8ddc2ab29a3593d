/** Every finding, by weakness and application, with how many devices have it and what became of it. */
import { Button, Checkbox, TextInput } from "@mantine/core";
import type { ReactNode } from "react";
import { call, type Answer, type Query } from "../../api/client.ts";
import { usePages } from "../../api/queries.ts";
import { DataTable, type Column } from "../../parts/data-table.tsx";
import { Page } from "../../parts/page.tsx";
import { Places } from "../../parts/places.tsx";
import { Empty } from "../../parts/states.tsx";
import { day } from "../../parts/time.ts";
import { UrlChoice } from "../../parts/url-choice.tsx";
import { useFilters, useTyped, useUrl } from "../../parts/url.ts";
import { count, sentence, Severity } from "../../parts/words.tsx";
import { weaknessColumn } from "./weakness-column.tsx";
import { VULNERABILITY_PLACES } from "./words.ts";

type Finding = Answer<"GET /api/v1/vulnerabilities/findings">["items"][number];
type Filter = Query<"GET /api/v1/vulnerabilities/findings">;

const FILTERS = ["severity", "class", "overdue", "exploited", "cve", "application"] as const;

export function FindingsPage(): ReactNode {
  const url = useUrl();
  const [application, setApplication] = useTyped("application");
  const [cve, setCve] = useTyped("cve");
  const filter = { tenant: url.get("tenant"), severity: url.get("severity"), class: url.get("class"), overdue: url.get("overdue"), exploited: url.get("exploited"), cve: url.get("cve"), application: url.get("application") } as unknown as Filter;
  const pages = usePages<Finding>(["GET /api/v1/vulnerabilities/findings", filter], (after, signal, limit) => call("GET /api/v1/vulnerabilities/findings", { query: { ...filter, after, limit } }, signal));
  const { clear: clearFilters } = useFilters(FILTERS);
  const reset = (): void => {
    setApplication("");
    setCve("");
    clearFilters();
  };
  return (
    <Page title="All findings" lead="One finding is one weakness of one application, wherever it is installed.">
      <Places name="Vulnerabilities" places={VULNERABILITY_PLACES} />
      <div className="filters">
        <TextInput aria-label="CVE" placeholder="CVE-2026-1234" value={cve} onChange={(event) => setCve(event.currentTarget.value)} w={150} />
        <TextInput className="filter-search" aria-label="Application" placeholder="Application, as it is called" value={application} onChange={(event) => setApplication(event.currentTarget.value)} />
        <UrlChoice param="severity" label="Severity" any="Any severity" data={["critical", "high", "medium", "low", "informational", "unknown"].map((value) => ({ value, label: sentence(value) }))} width={140} />
        <UrlChoice param="class" label="State" any="Open or stale" data={["open", "stale", "fixed", "set-aside", "out-of-scope"].map((value) => ({ value, label: sentence(value) }))} width={140} />
        <Checkbox label="Overdue" checked={url.get("overdue") === "true"} onChange={(event) => url.set({ overdue: event.currentTarget.checked ? "true" : undefined })} />
        <Checkbox label="Exploited" checked={url.get("exploited") === "true"} onChange={(event) => url.set({ exploited: event.currentTarget.checked ? "true" : undefined })} />
      </div>
      <div className="card">
        <DataTable name="findings" columns={COLUMNS} {...pages} rowKey={({ id }) => id} empty={<Empty title="No finding matches." action={<Button variant="default" onClick={reset}>Show all that are open</Button>} />} />
      </div>
    </Page>
  );
}

const COLUMNS: readonly Column<Finding>[] = [
  { id: "severity", header: "Severity", width: 116, narrow: true, text: ({ severity }) => severity, cell: ({ severity }) => <Severity value={severity} /> },
  weaknessColumn(152, ({ id }) => id),
  { id: "application", header: "Application", text: ({ application, vendor }) => (vendor === null ? application : `${application}, ${vendor}`) },
  { id: "score", header: "CVSS", width: 66, right: true, text: ({ nvdBaseScore, baseScore }) => String(nvdBaseScore ?? baseScore ?? "–") },
  { id: "open", header: "Open", width: 76, right: true, text: ({ counts }) => count(counts.open) },
  { id: "overdue", header: "Overdue", width: 84, right: true, text: ({ counts }) => count(counts.overdue), cell: ({ counts }) => <span className={counts.overdue > 0 ? "bad-text" : "faint"}>{count(counts.overdue)}</span> },
  { id: "fixed", header: "Fixed", width: 76, right: true, text: ({ counts }) => count(counts.fixed) },
  { id: "published", header: "Published", width: 116, text: ({ publishedAt }) => (publishedAt === null ? "–" : day(publishedAt)) },
];
