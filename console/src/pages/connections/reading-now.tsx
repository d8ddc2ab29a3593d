/** A reading that is under way, stream by stream, as it happens. */
import { Button } from "@mantine/core";
import type { ReactNode } from "react";
import type { Answer } from "../../api/client.ts";
import { useProgress } from "../../api/live.ts";
import { useChange } from "../../api/queries.ts";
import { useMay } from "../../api/session.ts";
import { Section } from "../../parts/page.tsx";
import { count, sentence } from "../../parts/words.tsx";

export type Run = Answer<"GET /api/v1/runs">["items"][number];

const MODES: Readonly<Record<Run["mode"], string>> = { first: "First reading", delta: "Reading what changed", full: "Reading everything again" };
const OVER: readonly Run["streams"][number]["phase"][] = ["done", "skipped", "failed"];

export function ReadingNow({ run }: { readonly run: Run }): ReactNode {
  const told = useProgress(run.connection);
  const mayRun = useMay("sync.run");
  const cancel = useChange("POST /api/v1/runs/{id}/cancel", ["GET /api/v1/runs"]);
  const over = run.streams.filter(({ phase }) => OVER.includes(phase)).length;
  return (
    <Section
      title={MODES[run.mode]}
      aside={
        <>
          <span>
            {over} of {run.streams.length} streams done
          </span>
          {mayRun ? (
            <Button variant="default" size="compact-xs" loading={cancel.isPending} onClick={() => cancel.mutate({ params: { id: run.id } })}>
              Stop
            </Button>
          ) : null}
        </>
      }
    >
      <div className="progress" role="status">
        {run.streams.map((stream) => {
          const live = told.get(stream.stream);
          const read = Math.max(stream.received, live?.read ?? 0);
          const total = stream.expected ?? live?.total ?? null;
          const done = OVER.includes(stream.phase);
          const share = done ? 100 : total === null || total === 0 ? null : Math.min(100, (read / total) * 100);
          const waiting = stream.phase === "waiting";
          return (
            <div key={stream.stream} className="progress-line">
              <span className="strong">{stream.stream}</span>
              <span className={share === null && !waiting ? "bar bar-busy" : "bar"} aria-hidden="true">
                <span style={share === null ? (waiting ? { width: 0 } : {}) : { width: `${String(share)}%` }} />
              </span>
              <span className="right">
                {count(read)}
                {total === null || done ? "" : ` of ${count(total)}`}
              </span>
              <span className={stream.phase === "failed" ? "bad-text" : "faint"}>{sentence(stream.phase)}</span>
            </div>
          );
        })}
      </div>
    </Section>
  );
}
