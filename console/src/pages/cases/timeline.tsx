/** All that happened to a case, newest first, with what people noted. It is only ever added to. */
import { Button, Textarea } from "@mantine/core";
import { useState, type ReactNode } from "react";
import { useChange } from "../../api/queries.ts";
import { useMay } from "../../api/session.ts";
import { FaultNote } from "../../parts/states.tsx";
import { Ago, sentence } from "../../parts/words.tsx";
import type { CaseDetail } from "./words.ts";
import { CASE_ROUTES } from "./work.tsx";

export function Timeline({ detail }: { readonly detail: CaseDetail }): ReactNode {
  const mayWrite = useMay("cases.write");
  const [note, setNote] = useState("");
  const change = useChange("PATCH /api/v1/cases/{id}", CASE_ROUTES);
  return (
    <div className="stack">
      {mayWrite ? (
        <form
          className="stack"
          onSubmit={(event) => {
            event.preventDefault();
            change.mutate({ params: { id: detail.case.id }, body: { note: note.trim() } }, { onSuccess: () => setNote("") });
          }}
        >
          <Textarea aria-label="Note" placeholder="Write down what you found" autosize minRows={2} maxLength={4000} value={note} onChange={(event) => setNote(event.currentTarget.value)} />
          {change.error === null ? null : <FaultNote fault={change.error} />}
          {note.trim() === "" ? null : (
            <div className="row">
              <Button type="submit" loading={change.isPending}>
                Add the note
              </Button>
            </div>
          )}
        </form>
      ) : null}
      <ol className="timeline">
        {detail.timeline.map((entry, index) => (
          <li key={`${entry.at} ${String(index)}`} className={`timeline-${entry.kind}`}>
            <div className="timeline-head">
              <span className="strong">{sentence(entry.kind)}</span>
              <span className="faint">
                {entry.by === "vedette" ? "by itself" : entry.by} · <Ago at={entry.at} />
              </span>
            </div>
            <p className={entry.kind === "note" ? "timeline-note" : undefined}>{entry.text}</p>
          </li>
        ))}
      </ol>
      {detail.next === null ? null : <p className="faint">Earlier entries: vedette cases show {detail.case.id} --json</p>}
    </div>
  );
}
