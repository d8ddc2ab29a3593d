/** Open findings by what fixes them: one update often closes many. */
import { Button, TextInput } from "@mantine/core";
import type { ReactNode } from "react";
import { addressOf, type Answer } from "../../api/client.ts";
import { useAsk } from "../../api/queries.ts";
import { DataTable, type Column } from "../../parts/data-table.tsx";
import { Page } from "../../parts/page.tsx";
import { Places } from "../../parts/places.tsx";
import { Empty } from "../../parts/states.tsx";
import { useTenant, useTyped, useUrl } from "../../parts/url.ts";
import { count, Severity } from "../../parts/words.tsx";
import { VULNERABILITY_PLACES } from "./words.ts";

type Fix = Answer<"GET /api/v1/vulnerabilities/fixes">["items"][number];

/** As many as the hub counts for one answer. */
const MOST = 500;

export function FixesPage(): ReactNode {
  const tenant = useTenant();
  const url = useUrl();
  const [typed, setTyped] = useTyped("text");
  const fixes = useAsk("GET /api/v1/vulnerabilities/fixes", { query: { tenant, limit: MOST } });
  const all = fixes.data?.items ?? [];
  const text = (url.get("text") ?? "").toLowerCase();
  const rows = all.filter(({ application, vendor }) => text === "" || `${application} ${vendor ?? ""}`.toLowerCase().includes(text));
  const columns: readonly Column<Fix>[] = [
    { id: "fix", header: "Update", narrow: true, text: ({ application, above }) => (above === null ? application : `${application} above ${above}`), cell: ({ application, above }) => <><span className="strong">{application}</span>{above === null ? "" : ` above ${above}`}</> },
    { id: "vendor", header: "Vendor", width: 180, text: ({ vendor }) => vendor ?? "" },
    { id: "worst", header: "Worst", width: 104, narrow: true, text: ({ worst }) => worst, cell: ({ worst }) => <Severity value={worst} /> },
    { id: "instances", header: "Closes", width: 84, right: true, text: ({ instances }) => count(instances) },
    { id: "devices", header: "Devices", width: 84, right: true, text: ({ devices }) => count(devices) },
    { id: "cves", header: "CVEs", width: 70, right: true, text: ({ cves }) => count(cves) },
    { id: "exploited", header: "Exploited", width: 90, right: true, text: ({ knownExploited }) => count(knownExploited) },
    { id: "overdue", header: "Overdue", width: 84, right: true, text: ({ overdue }) => count(overdue), cell: ({ overdue }) => <span className={overdue > 0 ? "bad-text" : "faint"}>{count(overdue)}</span> },
    {
      id: "list",
      header: "Where",
      width: 120,
      text: () => "",
      cell: ({ application, vendor }) => (
        <a href={addressOf("/api/v1/vulnerabilities/fixes/devices", undefined, { tenant, application, vendor: vendor ?? undefined })} download>
          Device list
        </a>
      ),
    },
  ];
  return (
    <Page title="Vulnerabilities by fix" lead="One update often closes many findings on many devices: those that close the most come first.">
      <Places name="Vulnerabilities" places={VULNERABILITY_PLACES} />
      <div className="filters">
        <TextInput className="filter-search" aria-label="Search fixes" placeholder="Part of an application's or a vendor's name" value={typed} onChange={(event) => setTyped(event.currentTarget.value)} />
      </div>
      <div className="card">
        <DataTable name="fixes" columns={columns} rows={rows} rowKey={({ application, vendor, above }) => `${application} ${vendor ?? ""} ${above ?? ""}`} pending={fixes.isPending} fault={fixes.error} again={() => void fixes.refetch()} empty={all.length > 0 ? <Empty title="No fix matches." action={<Button variant="default" onClick={() => { setTyped(""); url.set({ text: undefined }); }}>Show all fixes</Button>} /> : <Empty title="Nothing is left to update.">Findings come from the stream of application risks; a connection's page says how fresh it is.</Empty>} />
      </div>
      {all.length < MOST ? null : <p className="faint">The {count(MOST)} that close the most are shown.</p>}
    </Page>
  );
}
