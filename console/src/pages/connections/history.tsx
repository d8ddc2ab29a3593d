/** What a connection did before: its readings, periods that could not be read in time, and its log. */
import { Button } from "@mantine/core";
import type { ReactNode } from "react";
import { useAsk, useChange } from "../../api/queries.ts";
import { useMay } from "../../api/session.ts";
import { DataTable, type Column } from "../../parts/data-table.tsx";
import { Section } from "../../parts/page.tsx";
import { Empty, Failed, FaultNote, Loading } from "../../parts/states.tsx";
import { age, exact, span } from "../../parts/time.ts";
import { Ago, count, sentence, Tag, type Tone } from "../../parts/words.tsx";
import type { Run } from "./reading-now.tsx";

const RUN_TONES: Readonly<Record<Run["state"], Tone>> = { running: "busy", succeeded: "good", partial: "warn", failed: "bad", cancelled: "plain" };

const sum = (run: Run, of: (stream: Run["streams"][number]) => number): string => count(run.streams.reduce((total, stream) => total + of(stream), 0));

const RUN_COLUMNS: readonly Column<Run>[] = [
  { id: "started", header: "Started", width: 120, narrow: true, text: ({ startedAt }) => age(startedAt), cell: ({ startedAt }) => <Ago at={startedAt} /> },
  { id: "state", header: "State", width: 110, narrow: true, text: ({ state }) => state, cell: ({ state }) => <Tag tone={RUN_TONES[state]}>{sentence(state)}</Tag> },
  { id: "streams", header: "Streams", narrow: true, text: ({ streams }) => streams.map(({ stream }) => stream).join(", ") },
  { id: "trigger", header: "Why", width: 92, text: ({ trigger }) => trigger },
  { id: "received", header: "Read", width: 84, right: true, text: (run) => sum(run, ({ received }) => received) },
  { id: "changed", header: "New or changed", width: 118, right: true, text: (run) => sum(run, ({ inserted, changed }) => inserted + changed) },
  { id: "took", header: "Took", width: 76, right: true, text: ({ startedAt, endedAt }) => (endedAt === null ? "–" : span(Math.max(1, (Date.parse(endedAt) - Date.parse(startedAt)) / 1000))) },
];

export function Runs({ runs, pending, fault }: { readonly runs: readonly Run[]; readonly pending: boolean; readonly fault: Error | null }): ReactNode {
  return <DataTable short name="runs" columns={RUN_COLUMNS} rows={runs} rowKey={({ id }) => id} pending={pending} fault={fault} empty={<Empty title="It was not read yet.">The first reading starts by itself.</Empty>} />;
}

export function Gaps({ connection }: { readonly connection: string }): ReactNode {
  const gaps = useAsk("GET /api/v1/gaps", {});
  const mayWrite = useMay("connections.write");
  const acknowledge = useChange("POST /api/v1/gaps/{id}/acknowledge", ["GET /api/v1/gaps", "GET /api/v1/streams/status"]);
  const mine = gaps.data?.items.filter((gap) => gap.connection === connection) ?? [];
  if (mine.length === 0) return null;
  return (
    <Section title="Periods that could not be read in time">
      <div className="stack">
        {mine.map((gap) => (
          <div key={gap.id} className="note note-warn">
            <p>
              <strong>{gap.stream}</strong>: {exact(gap.from)} to {gap.until === null ? "now" : exact(gap.until)}
            </p>
            <p>The console no longer gives what happened then. Note it, so that it is not mistaken for a quiet time.</p>
            {mayWrite ? (
              <Button variant="default" size="compact-xs" loading={acknowledge.isPending} onClick={() => acknowledge.mutate({ params: { id: gap.id } })}>
                Noted
              </Button>
            ) : null}
          </div>
        ))}
        {acknowledge.error === null ? null : <FaultNote fault={acknowledge.error} />}
      </div>
    </Section>
  );
}

export function Log({ connection }: { readonly connection: string }): ReactNode {
  const log = useAsk("GET /api/v1/connections/{id}/log", { params: { id: connection }, query: { limit: 50 } }, { every: 30_000 });
  if (log.isPending) return <Loading what="Loading the log" />;
  if (log.isError) return <Failed fault={log.error} again={() => void log.refetch()} />;
  if (log.data.items.length === 0) return <Empty title="Nothing happened yet." />;
  return (
    <ol className="log">
      {log.data.items.toReversed().map((line) => (
        <li key={`${line.at} ${line.event} ${line.message}`}>
          <span className="log-when">
            <Ago at={line.at} />
          </span>
          <span className={line.level === "error" ? "bad-text" : undefined}>{line.message}</span>
        </li>
      ))}
    </ol>
  );
}
