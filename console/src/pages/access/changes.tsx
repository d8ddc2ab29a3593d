/** Who gained or lost what between two days, net; or every change as it was seen. */
import { Button, SegmentedControl, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { addressOf, call, readLines, type Answer } from "../../api/client.ts";
import { usePages } from "../../api/queries.ts";
import { DataTable, type Column } from "../../parts/data-table.tsx";
import { Page } from "../../parts/page.tsx";
import { Places } from "../../parts/places.tsx";
import { Empty, Failed, Loading } from "../../parts/states.tsx";
import { exact } from "../../parts/time.ts";
import { useUrl } from "../../parts/url.ts";
import { Ago, Tag, type Tone } from "../../parts/words.tsx";
import { ACCESS_PLACES, personRef, scopeText, type ScopeKind } from "./words.ts";

type Change = Answer<"GET /api/v1/access/changes">["items"][number];

interface Range {
  readonly connection: string;
  readonly name: string | null;
  readonly from: string | null;
  readonly to: string | null;
  readonly note: string | null;
}

type DiffLine = { readonly ranges: readonly Range[] } | { readonly change: Change };

/** So many of a difference are shown; the file has all of it. */
const SHOWN = 1000;

export function AccessChangesPage(): ReactNode {
  const url = useUrl();
  const history = url.get("mode") === "history";
  const from = url.get("from");
  const to = url.get("to");
  const filtered = ["from", "to", "principal", "connection"].some((name) => url.get(name) !== undefined);
  return (
    <Page title="Changes of access" lead={history ? "Every change as it was seen, the newest first." : "What is different between two days, net. Without days: between the last two completed readings."}>
      <Places name="Access" places={ACCESS_PLACES} />
      <div className="filters">
        <SegmentedControl size="xs" aria-label="What is shown" value={history ? "history" : "net"} onChange={(value) => url.set({ mode: value === "history" ? "history" : undefined })} data={[{ value: "net", label: "Net difference" }, { value: "history", label: "Every change" }]} />
        <TextInput type="date" aria-label="From" value={from ?? ""} max={to} onChange={(event) => url.set({ from: event.currentTarget.value === "" ? undefined : event.currentTarget.value })} />
        <span className="faint">to</span>
        <TextInput type="date" aria-label="To" value={to ?? ""} min={from} onChange={(event) => url.set({ to: event.currentTarget.value === "" ? undefined : event.currentTarget.value })} />
        {filtered ? (
          <Button variant="default" onClick={() => url.set({ from: undefined, to: undefined, principal: undefined, connection: undefined })}>
            Clear
          </Button>
        ) : null}
      </div>
      {history ? <History /> : <Net />}
    </Page>
  );
}

/** A day begins and ends where whoever asks is. */
function moments(url: ReturnType<typeof useUrl>): { readonly from: string | undefined; readonly to: string | undefined } {
  const from = url.get("from");
  const to = url.get("to");
  return { from: momentOf(from, "T00:00:00"), to: momentOf(to, "T23:59:59.999") };
}

function momentOf(day: string | undefined, time: string): string | undefined {
  if (day === undefined) return undefined;
  const at = new Date(`${day}${time}`);
  // What is no day the hub refuses, and says so.
  if (Number.isNaN(at.getTime())) return day;
  // A day that is not over ends now.
  return new Date(Math.min(at.getTime(), Date.now())).toISOString();
}

function Net(): ReactNode {
  const url = useUrl();
  const days = [url.get("from"), url.get("to")];
  const asked = { tenant: url.get("tenant"), connection: url.get("connection") };
  const found = useQuery({
    queryKey: ["GET /api/v1/access/diff", ...days, asked],
    queryFn: ({ signal }) => readLines<DiffLine>(addressOf("/api/v1/access/diff", undefined, { ...asked, ...moments(url) }), SHOWN + 1, signal),
  });
  if (found.isPending) return <Loading what="Comparing" />;
  if (found.isError) return <Failed fault={found.error} again={() => void found.refetch()} />;
  const ranges = found.data.lines.flatMap((line) => ("ranges" in line ? line.ranges : []));
  const changes = found.data.lines.flatMap((line) => ("change" in line ? [line.change] : []));
  return (
    <>
      <ul className="plain-list faint">
        {ranges.map((range) => (
          <li key={range.connection}>
            {range.name ?? range.connection}: {range.from === null || range.to === null ? "there is nothing to compare yet." : `from ${exact(range.from)} to ${exact(range.to)}.`} {range.note ?? ""}
          </li>
        ))}
      </ul>
      <div className="card">
        <DataTable
          name="changes"
          columns={COLUMNS}
          rows={changes}
          rowKey={keyOf}
          more={found.data.cut}
          wholeExport={addressOf("/api/v1/access/diff", undefined, { ...asked, ...moments(url) })}
          empty={
            <Empty title={ranges.some((range) => range.from !== null) ? "Nothing changed." : "There is nothing to compare yet."} action={<Button variant="default" onClick={() => url.set({ mode: "history" })}>Show every change</Button>}>
              What moves with use, like the last sign-in, is no change.
            </Empty>
          }
        />
      </div>
      {found.data.cut ? <p className="faint">The first {SHOWN} are shown; Export all has the rest, a line of JSON for each.</p> : null}
    </>
  );
}

function History(): ReactNode {
  const url = useUrl();
  const days = [url.get("from"), url.get("to")];
  const asked = { tenant: url.get("tenant"), connection: url.get("connection"), principal: url.get("principal") };
  const pages = usePages<Change>(["GET /api/v1/access/changes", ...days, asked], (after, signal, limit) => {
    const { from, to } = moments(url);
    return call("GET /api/v1/access/changes", { query: { ...asked, since: from, until: to, after, limit } }, signal);
  });
  return (
    <div className="card">
      <DataTable name="changes" columns={COLUMNS} {...pages} rowKey={keyOf} empty={<Empty title="Nothing changed.">A console's history begins with its first reading; what was there then is no change.</Empty>} />
    </div>
  );
}

function keyOf({ connection, subject, change, principal, role, scope, field, seenAt }: Change): string {
  return [connection, subject, change, principal?.kind, principal?.id, role, scope?.kind, scope?.id, field, seenAt].join(" ");
}

const TONES: Readonly<Record<Change["change"], Tone>> = { added: "good", removed: "bad", changed: "busy" };
const WORDS: Readonly<Record<Change["change"], string>> = { added: "Added", removed: "Removed", changed: "Changed" };

function subjectText({ subject, principal, labels, role, scope }: Change): string {
  if (subject === "role") return `Role ${labels.role ?? role ?? "?"}`;
  if (subject === "scope") return `${scope?.kind ?? "scope"} ${labels.scope ?? scope?.id ?? "?"}`;
  return labels.principal ?? principal?.id ?? "?";
}

function whatText({ subject, change, labels, role, scope, field, before, after }: Change): string {
  if (subject === "binding") return `${labels.role ?? role ?? "?"} on ${scope === null ? "?" : scopeText({ kind: scope.kind as ScopeKind, id: scope.id, name: labels.scope })}`;
  if (change !== "changed") return change === "added" ? "is new" : "is gone";
  return `${field ?? "?"}: ${valueText(before)} → ${valueText(after)}`;
}

function valueText(value: unknown): string {
  const text = typeof value === "string" ? value : value === null || value === undefined ? "–" : JSON.stringify(value);
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}

function byText({ by }: Change): string {
  if (by.kind === "user") return by.email ?? by.name ?? by.id ?? "?";
  if (by.kind === "system") return "the console itself";
  return by.kind === "several" ? `one of ${by.candidates.join(", ")}` : "not known";
}

const COLUMNS: readonly Column<Change>[] = [
  { id: "seen", header: "Seen", width: 100, text: ({ seenAt }) => exact(seenAt), cell: ({ seenAt, absentAt }) => <span title={absentAt === null ? undefined : `between ${exact(absentAt)} and ${exact(seenAt)}`}><Ago at={seenAt} /></span> },
  { id: "change", header: "Change", width: 96, narrow: true, text: ({ change }) => WORDS[change], cell: ({ change }) => <Tag tone={TONES[change]}>{WORDS[change]}</Tag> },
  {
    id: "subject",
    header: "Who or what",
    width: 210,
    narrow: true,
    text: subjectText,
    cell: (change) =>
      change.principal === null || change.change === "removed" ? (
        subjectText(change)
      ) : (
        <Link to="/access/people/$connection/$id" params={{ connection: change.connection, id: personRef(change.principal) }}>
          {subjectText(change)}
        </Link>
      ),
  },
  { id: "what", header: "What", text: whatText },
  { id: "by", header: "By", width: 190, text: byText, cell: (change) => <span title={`${change.by.because}${change.by.confidence === null ? "" : ` (confidence: ${change.by.confidence})`}`}>{byText(change)}</span> },
];
