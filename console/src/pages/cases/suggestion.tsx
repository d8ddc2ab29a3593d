/** What the rules make of a case: a verdict to take or to leave, with each reason and what it rests on. Nothing is decided by itself. */
import { Button } from "@mantine/core";
import type { ReactNode } from "react";
import { useAsk, useChange } from "../../api/queries.ts";
import { useMay } from "../../api/session.ts";
import { Section } from "../../parts/page.tsx";
import { Failed, FaultNote, Loading } from "../../parts/states.tsx";
import { sentence, Tag } from "../../parts/words.tsx";
import { VERDICT_TONES, VERDICT_WORDS, type Case } from "./words.ts";
import { CASE_ROUTES } from "./work.tsx";

export function Suggestion({ one }: { readonly one: Case }): ReactNode {
  const mayWrite = useMay("cases.write");
  const found = useAsk("GET /api/v1/cases/{id}/triage", { params: { id: one.id } });
  const change = useChange("PATCH /api/v1/cases/{id}", CASE_ROUTES);
  if (found.isPending)
    return (
      <Section title="Suggested verdict">
        <Loading what="Judging" />
      </Section>
    );
  if (found.isError)
    return (
      <Section title="Suggested verdict">
        <Failed fault={found.error} again={() => void found.refetch()} />
      </Section>
    );
  const { triage, decided } = found.data;
  const agrees = triage.verdict === decided;
  return (
    <Section title="Suggested verdict" aside={<span title="From 0 to 100: how much speaks for looking at this case first">Score {triage.score}</span>}>
      <div className="stack">
        <div className="row">
          <Tag tone={VERDICT_TONES[triage.verdict]}>{triage.verdict === "undefined" ? "None: too little speaks either way" : VERDICT_WORDS[triage.verdict]}</Tag>
          {triage.verdict === "undefined" ? null : agrees ? (
            <span className="faint">as decided</span>
          ) : mayWrite ? (
            <Button size="compact-xs" variant="light" loading={change.isPending} onClick={() => change.mutate({ params: { id: one.id }, body: { verdict: triage.verdict, version: one.version } })}>
              Take it over
            </Button>
          ) : null}
        </div>
        {change.error === null ? null : <FaultNote fault={change.error} />}
        <ul className="reasons">
          {triage.hits.map((hit) => (
            <li key={hit.rule}>
              <span className={hit.weight < 0 ? "weight weight-less" : "weight"}>{hit.weight > 0 ? `+${String(hit.weight)}` : hit.weight}</span>
              <div>
                {hit.title}
                {hit.bears === "urgency" ? <span className="faint"> (how soon, not what it is)</span> : null}
                <p className="faint">
                  {hit.evidence.map(({ fact, value }) => `${fact.replaceAll("-", " ")}: ${value}`).join(" · ")}
                  {hit.evidenceLeft > 0 ? ` · ${String(hit.evidenceLeft)} more` : ""}
                </p>
              </div>
            </li>
          ))}
        </ul>
        {triage.hits.length === 0 ? <p className="faint">No rule applies to this case.</p> : null}
        {triage.changes.length === 0 ? null : (
          <details className="chart-table">
            <summary>What would make it another</summary>
            <ul className="plain-list">
              {triage.changes.map(({ how, title, verdict }) => (
                <li key={`${how} ${title}`} className="faint">
                  {sentence(how)} “{title}”: {VERDICT_WORDS[verdict].toLowerCase()}
                </li>
              ))}
            </ul>
          </details>
        )}
        {triage.remarks.map((remark) => (
          <p key={remark} className="faint">
            {remark}
          </p>
        ))}
      </div>
    </Section>
  );
}
