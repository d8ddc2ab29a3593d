/** Posture rules: those in force, and an editor that says who would fail before anything is applied. */
import { Button, Checkbox, Textarea } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { useState, type ReactNode } from "react";
import { call, type Answer } from "../../api/client.ts";
import { useChange, usePages } from "../../api/queries.ts";
import { useMay } from "../../api/session.ts";
import { Confirm } from "../../parts/confirm.tsx";
import type { Column } from "../../parts/data-table.tsx";
import { Bars } from "../../parts/figures.tsx";
import { Page, Section } from "../../parts/page.tsx";
import { Places } from "../../parts/places.tsx";
import { SearchedTable } from "../../parts/searched-table.tsx";
import { Empty, FaultNote, Loading } from "../../parts/states.tsx";
import { day } from "../../parts/time.ts";
import { useTenant, useUrl } from "../../parts/url.ts";
import { count, many, Tag } from "../../parts/words.tsx";
import { DEVICE_PLACES } from "./words.ts";

type Rule = Answer<"GET /api/v1/posture/rules">["items"][number];

const EXAMPLE = JSON.stringify([{ name: "Healthy devices", expiration: "30m", condition: { all: [{ input: "infected", value: false }, { input: "last_seen", operator: "within", value: "12h", message: "Connect your computer to the internet for ten minutes." }] } }], null, 2);

export function RulesPage(): ReactNode {
  const mayWrite = useMay("posture.write");
  const url = useUrl();
  const filter = { text: url.get("text"), tenant: url.get("tenant") };
  const rules = usePages<Rule>(["GET /api/v1/posture/rules", filter], (after, signal, limit) => call("GET /api/v1/posture/rules", { query: { ...filter, after, limit } }, signal));
  const [draft, setDraft] = useState<string | null>(null);
  const [removing, setRemoving] = useState<Rule | null>(null);
  const remove = useChange("DELETE /api/v1/posture/rules/{id}", ["GET /api/v1/posture/rules", "GET /api/v1/posture/devices"]);
  const columns: readonly Column<Rule>[] = [
    { id: "name", header: "Rule", width: 230, narrow: true, text: ({ name }) => name, cell: (rule) => <button type="button" className="link strong" onClick={() => setDraft(JSON.stringify([rule.rule], null, 2))}>{rule.name}</button> },
    { id: "about", header: "What it is for", text: ({ rule }) => (typeof rule["description"] === "string" ? rule["description"] : "") },
    { id: "force", header: "In force", width: 120, narrow: true, text: forceOf, cell: (rule) => <Tag tone={rule.shadow ? "plain" : rule.rule["warn_only"] === true ? "warn" : "good"}>{forceOf(rule)}</Tag> },
    { id: "version", header: "Version", width: 80, right: true, text: ({ version }) => String(version) },
    { id: "changed", header: "Changed", width: 130, text: ({ updatedAt }) => day(updatedAt) },
    ...(mayWrite ? [{ id: "act", header: "", width: 90, text: () => "", cell: (rule: Rule) => <button type="button" className="link" onClick={() => setRemoving(rule)}>Remove</button> }] : []),
  ];
  return (
    <Page title="Posture rules" lead="Each rule gives every device a verdict, with what was expected and what was received. Cloudflare's SentinelOne rules carry over as they stand." actions={mayWrite && draft === null ? <Button onClick={() => setDraft(EXAMPLE)}>Write a rule</Button> : undefined}>
      <Places name="Devices and posture" places={DEVICE_PLACES} />
      {draft === null ? null : <Editor text={draft} onText={setDraft} onClose={() => setDraft(null)} mayWrite={mayWrite} />}
      <SearchedTable name="rules" placeholder="Part of a name" columns={columns} pages={rules} rowKey={({ id }) => id} empty={<Empty title="There is no rule yet." action={mayWrite ? <Button onClick={() => setDraft(EXAMPLE)}>Write the first one</Button> : undefined}>Without a rule no device is judged. The editor shows who would fail before you apply anything.</Empty>} />
      <Confirm open={removing !== null} danger title={`Remove ${removing?.name ?? ""}?`} act="Remove" busy={remove.isPending} fault={remove.error} onClose={() => { setRemoving(null); remove.reset(); }} onAct={() => { if (removing !== null) remove.mutate({ params: { id: removing.id } }, { onSuccess: () => setRemoving(null) }); }}>
        <p>Its verdicts go with it; whoever asks for them is no longer told of this rule.</p>
      </Confirm>
    </Page>
  );
}

function forceOf({ shadow, rule }: Rule): string {
  return shadow ? "Tried only" : rule["warn_only"] === true ? "Warns only" : "Enforced";
}

function Editor({ text, onText, onClose, mayWrite }: { readonly text: string; readonly onText: (text: string) => void; readonly onClose: () => void; readonly mayWrite: boolean }): ReactNode {
  const tenant = useTenant();
  const [settled] = useDebouncedValue(text, 600);
  const [replaceAll, setReplaceAll] = useState(false);
  const apply = useChange("POST /api/v1/posture/rules", ["GET /api/v1/posture/rules", "GET /api/v1/posture/devices", "GET /api/v1/posture/results"]);
  const parsed = read(settled);
  const trial = useQuery({ queryKey: ["POST /api/v1/posture/whatif", settled, tenant], enabled: parsed.rules !== undefined, queryFn: ({ signal }) => call("POST /api/v1/posture/whatif", { body: { rules: parsed.rules, ...(tenant === undefined ? {} : { tenant }) } }, signal) });
  const current = read(text);
  return (
    <div className="columns">
      <Section title="Rules as JSON" aside={<button type="button" className="link" onClick={onClose}>Close</button>}>
        <form
          className="stack"
          onSubmit={(event) => {
            event.preventDefault();
            if (current.rules !== undefined) apply.mutate({ body: { rules: current.rules, replaceAll, ...(tenant === undefined ? {} : { tenant }) } }, { onSuccess: onClose });
          }}
        >
          <Textarea className="code-field" aria-label="Rules as JSON" autosize minRows={12} maxRows={28} spellCheck={false} value={text} onChange={(event) => onText(event.currentTarget.value)} error={current.trouble} readOnly={!mayWrite} />
          {apply.error === null ? null : <FaultNote fault={apply.error} />}
          {mayWrite ? (
            <div className="row">
              <Button type="submit" loading={apply.isPending} disabled={current.rules === undefined || trial.isError}>
                Apply
              </Button>
              <Checkbox label="Remove rules that are not named here" checked={replaceAll} onChange={(event) => setReplaceAll(event.currentTarget.checked)} />
            </div>
          ) : null}
        </form>
      </Section>
      <Section title="Who would fail" aside="nothing is applied yet">
        {parsed.rules === undefined ? <p className="faint">The text is not JSON yet.</p> : trial.isPending ? <Loading what="Judging every device" /> : trial.isError ? <FaultNote fault={trial.error} /> : <Outcome trial={trial.data} />}
      </Section>
    </div>
  );
}

function Outcome({ trial }: { readonly trial: Answer<"POST /api/v1/posture/whatif"> }): ReactNode {
  const { outcomes, devices, newlyFailing, excepted } = trial;
  return (
    <div className="stack">
      <p>
        <strong className={outcomes.fail > 0 ? "bad-text" : undefined}>{count(outcomes.fail)}</strong> of {many(devices, "device")} would fail, {count(newlyFailing)} of them that do not now.
        {excepted > 0 ? ` ${many(excepted, "is", "are")} excepted.` : ""}
      </p>
      <Bars
        name="Devices by outcome"
        bars={[
          { name: "Pass", value: outcomes.pass, tone: "good" },
          { name: "Warn", value: outcomes.warn, tone: "warn" },
          { name: "Fail", value: outcomes.fail, tone: "bad" },
          { name: "Unknown", value: outcomes.unknown, tone: "plain" },
        ]}
      />
      {trial.bySite.items.length === 0 ? null : (
        <div className="stack-close">
          <h3>Failing by site</h3>
          <Bars name="Failing devices by site" bars={trial.bySite.items.slice(0, 6).map(({ name, failing }) => ({ name: name ?? "no site", value: failing, tone: "bad" as const }))} />
        </div>
      )}
      {trial.rules.flatMap(({ name, remarks }) => remarks.map((remark) => (
        <FaultNote key={`${name} ${remark}`} tone="warn" fault={{ name: "remark", message: `${name}: ${remark}` }} />
      )))}
    </div>
  );
}

function read(text: string): { readonly rules?: unknown; readonly trouble?: string } {
  try {
    return { rules: JSON.parse(text) as unknown };
  } catch (error) {
    return { trouble: `Not JSON yet: ${error instanceof Error ? error.message : "it cannot be read"}` };
  }
}
