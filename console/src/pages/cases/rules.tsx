/** The rules behind suggestions: what each asks, weighs and is set to, tried on open cases before it is applied. */
import { Button, Checkbox, Modal, NumberInput, TextInput, Textarea } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState, type ReactNode } from "react";
import type { Route } from "../../api/client.ts";
import { useAsk, useChange } from "../../api/queries.ts";
import { useMay } from "../../api/session.ts";
import { DataTable, type Column } from "../../parts/data-table.tsx";
import { AskTenant, useOneTenant } from "../../parts/of-one-tenant.tsx";
import { Facts, Page, Section } from "../../parts/page.tsx";
import { Places } from "../../parts/places.tsx";
import { Empty, FaultNote, Loading } from "../../parts/states.tsx";
import { useTenantNames } from "../../parts/tenant-names.ts";
import { exact } from "../../parts/time.ts";
import { UrlChoice } from "../../parts/url-choice.tsx";
import { useFilters, useTyped, useUrl } from "../../parts/url.ts";
import { count, many, Tag } from "../../parts/words.tsx";
import { readDrafts, setAt, tryOn, type Draft, type Level, type Rule, type TriedCase } from "./rule-drafts.ts";
import { CASE_PLACES, VERDICT_WORDS } from "./words.ts";

const TOUCHED: readonly Route[] = ["GET /api/v1/cases/rules", "GET /api/v1/cases/triage", "GET /api/v1/cases/{id}/triage", "GET /api/v1/cases/{id}"];
const FILTERS = ["text", "bears", "state"] as const;
const HEAVIEST = 100;
const EXAMPLE: readonly Draft[] = [{ id: "signed-by-us", title: "Our own software", weight: -40, of: "every", when: { fact: "signer", is: "PackStation Ltd" } }];

export function TriageRulesPage(): ReactNode {
  const { tenant, ask } = useOneTenant();
  return (
    <Page title="Triage rules" lead="What speaks for and against a case, and how much. Rules suggest; no case is changed by them. What is set for a tenant outranks what is set for all.">
      <Places name="Cases" places={CASE_PLACES} />
      {ask ? <AskTenant title="Whose rules?">Each tenant may have rules and weights of its own.</AskTenant> : <Rules key={tenant ?? ""} tenant={tenant} />}
    </Page>
  );
}

function Rules({ tenant }: { readonly tenant: string | undefined }): ReactNode {
  const mayWrite = useMay("cases.write");
  const url = useUrl();
  const [typed, setTyped] = useTyped("text");
  const [draft, setDraft] = useState<string | null>(null);
  /** What the editor was opened on. */
  const [seen, setSeen] = useState("");
  const [chosen, setChosen] = useState<string | null>(null);
  const found = useAsk("GET /api/v1/cases/rules", { query: { tenant } });
  const nameOf = useTenantNames(tenant === undefined ? [] : [tenant]);
  const level: Level = tenant === undefined ? "all" : "tenant";
  const whose = tenant === undefined ? "all tenants" : nameOf(tenant);
  const all = found.data?.items ?? [];
  const text = (url.get("text") ?? "").toLowerCase();
  const [bears, state] = [url.get("bears"), url.get("state")];
  const rows = all.filter((rule) => (text === "" || `${rule.id} ${rule.title}`.toLowerCase().includes(text)) && (bears === undefined || rule.bears === bears) && (state === undefined || stateOf(rule, level) === state || (state === "on" && rule.enabled)));
  const { clear: clearFilters } = useFilters(FILTERS);
  const clear = (): void => {
    setTyped("");
    clearFilters();
  };
  const rule = all.find(({ id }) => id === chosen);
  return (
    <>
      <div className="filters">
        <TextInput className="filter-search" aria-label="Search rules" placeholder="Part of a name or of what it says" value={typed} onChange={(event) => setTyped(event.currentTarget.value)} />
        <UrlChoice param="bears" label="Bears on" any="Bears on anything" data={[{ value: "verdict", label: "The verdict" }, { value: "urgency", label: "Urgency" }]} width={160} />
        <UrlChoice param="state" label="State" any="Any state" data={[{ value: "on", label: "On" }, { value: "off", label: "Off" }, { value: "set", label: "Set by somebody" }]} width={150} />
        {draft === null && found.data !== undefined ? (
          <Button variant="default" onClick={() => { setSeen(found.data?.version ?? ""); setDraft(JSON.stringify(setAt(all, level).length > 0 ? setAt(all, level) : EXAMPLE, null, 2)); }}>
            {mayWrite ? "Write rules" : "Try rules"}
          </Button>
        ) : null}
      </div>
      {draft === null ? null : <Editor text={draft} onText={setDraft} version={seen} onClose={() => setDraft(null)} rules={all} tenant={tenant} whose={whose} mayWrite={mayWrite} />}
      <div className="card">
        <DataTable
          name="rules"
          columns={columnsFor(level, setChosen)}
          rows={rows}
          rowKey={({ id }) => id}
          pending={found.isPending}
          fault={found.error}
          again={() => void found.refetch()}
          empty={<Empty title="No rule matches." action={<Button variant="default" onClick={clear}>Show all rules</Button>} />}
        />
      </div>
      {rule === undefined ? null : <One key={rule.id} rule={rule} rules={all} tenant={tenant} level={level} whose={whose} mayWrite={mayWrite} onClose={() => setChosen(null)} />}
    </>
  );
}

/** Off before anything else: whoever looks for what is off wants those that were set so too. */
function stateOf(rule: Rule, level: Level): "on" | "off" | "set" {
  if (!rule.enabled) return "off";
  return rule.from === level || rule.changedFor !== null ? "set" : "on";
}

function signed(weight: number): string {
  return weight > 0 ? `+${String(weight)}` : String(weight);
}

function fromWords({ from, changedFor }: Rule): string {
  const source = from === "shipped" ? "Shipped" : from === "all" ? "For all tenants" : "The tenant's own";
  return changedFor === null || changedFor === from ? source : `${source}, set for ${changedFor === "all" ? "all" : "the tenant"}`;
}

function columnsFor(level: Level, choose: (id: string) => void): readonly Column<Rule>[] {
  return [
    {
      id: "rule",
      header: "Rule",
      width: 210,
      narrow: true,
      text: ({ id }) => id,
      cell: ({ id }) => (
        <button type="button" className="link strong" onClick={() => choose(id)}>
          {id}
        </button>
      ),
    },
    { id: "title", header: "Speaks when", text: ({ title }) => title },
    { id: "weight", header: "Weight", width: 76, right: true, narrow: true, text: ({ weight }) => signed(weight), cell: ({ weight, enabled }) => <span className={!enabled || weight === 0 ? "faint" : weight > 0 ? "bad-text" : undefined}>{signed(weight)}</span> },
    { id: "bears", header: "Bears on", width: 90, text: ({ bears }) => bears },
    { id: "state", header: "State", width: 72, narrow: true, text: ({ enabled }) => (enabled ? "On" : "Off"), cell: ({ enabled }) => <Tag tone={enabled ? "good" : "plain"}>{enabled ? "On" : "Off"}</Tag> },
    { id: "from", header: "From", width: 190, text: fromWords, cell: (rule) => <span className={rule.from === level || rule.changedFor !== null ? undefined : "faint"}>{fromWords(rule)}</span> },
  ];
}

interface OneProps {
  readonly rule: Rule;
  readonly rules: readonly Rule[];
  readonly tenant: string | undefined;
  readonly level: Level;
  readonly whose: string;
  readonly mayWrite: boolean;
  readonly onClose: () => void;
}

function One({ rule, rules, tenant, level, whose, mayWrite, onClose }: OneProps): ReactNode {
  const [enabled, setEnabled] = useState(rule.enabled);
  const [weight, setWeight] = useState(rule.weight);
  const apply = useChange("POST /api/v1/cases/rules", TOUCHED);
  const of = tenant === undefined ? {} : { tenant };
  // What is left as it is may be set by somebody else meanwhile.
  const drafts: readonly Draft[] = [{ id: rule.id, ...(enabled === rule.enabled ? {} : { enabled }), ...(weight === rule.weight ? {} : { weight }) }];
  const same = enabled === rule.enabled && weight === rule.weight;
  const own = rule.from === level;
  const takeBack = useChange("POST /api/v1/cases/rules", TOUCHED);
  const fault = apply.error ?? takeBack.error;
  return (
    <Modal opened onClose={onClose} title={rule.id} size="lg" closeButtonProps={{ "aria-label": "Close" }}>
      <div className="stack">
        <p className="wrap">{rule.title}</p>
        <Facts
          facts={[
            { name: "Bears on", value: rule.bears === "verdict" ? "the verdict" : "how soon somebody has to look" },
            { name: "Of alerts", value: rule.of === "any" ? "one is enough" : "it has to hold for all" },
            { name: "From", value: fromWords(rule) },
            ...(rule.changedBy === null ? [] : [{ name: "Set by", value: `${rule.changedBy}${rule.changedAt === null ? "" : `, ${exact(rule.changedAt)}`}` }]),
          ]}
        />
        {/* Scrolled by keyboard too. */}
        {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
        <pre className="record" tabIndex={0} role="region" aria-label="What it asks">
          {JSON.stringify(rule.when, null, 2)}
        </pre>
        {mayWrite ? (
          <form
            className="stack"
            onSubmit={(event) => {
              event.preventDefault();
              apply.mutate({ body: { ...of, rules: drafts } }, { onSuccess: onClose });
            }}
          >
            <div className="row">
              <NumberInput label="Weight" size="xs" min={-HEAVIEST} max={HEAVIEST} allowDecimal={false} value={weight} onChange={(value) => setWeight(Number(value))} />
              <Checkbox label="It speaks" checked={enabled} onChange={(event) => setEnabled(event.currentTarget.checked)} />
            </div>
            {same ? null : <Trial tenant={tenant} rules={rules} drafts={drafts} />}
            {fault === null ? null : <FaultNote fault={fault} />}
            <div className="row">
              <Button type="submit" loading={apply.isPending} disabled={same}>
                Set for {whose}
              </Button>
              {own || rule.changedFor === level ? (
                <Button variant="default" loading={takeBack.isPending} onClick={() => takeBack.mutate({ body: { ...of, rules: [], takeBack: [rule.id] } }, { onSuccess: onClose })}>
                  {own ? "Remove the rule" : "Take back what was set"}
                </Button>
              ) : null}
            </div>
          </form>
        ) : null}
      </div>
    </Modal>
  );
}

interface EditorProps {
  readonly text: string;
  readonly version: string;
  readonly onText: (text: string) => void;
  readonly onClose: () => void;
  readonly rules: readonly Rule[];
  readonly tenant: string | undefined;
  readonly whose: string;
  readonly mayWrite: boolean;
}

function Editor({ text, version, onText, onClose, rules, tenant, whose, mayWrite }: EditorProps): ReactNode {
  const [replaceAll, setReplaceAll] = useState(false);
  const apply = useChange("POST /api/v1/cases/rules", TOUCHED);
  const { drafts, trouble } = readDrafts(text);
  return (
    <div className="columns">
      <Section title={`Rules for ${whose} as JSON`} aside={<button type="button" className="link" onClick={onClose}>Close</button>}>
        <form
          className="stack"
          onSubmit={(event) => {
            event.preventDefault();
            apply.mutate({ body: { rules: drafts, replaceAll, ...(replaceAll ? { version } : {}), ...(tenant === undefined ? {} : { tenant }) } }, { onSuccess: onClose });
          }}
        >
          <Textarea className="code-field" aria-label="Rules as JSON" autosize minRows={10} maxRows={28} spellCheck={false} value={text} onChange={(event) => onText(event.currentTarget.value)} error={trouble === "" ? undefined : trouble} />
          {apply.error === null ? null : <FaultNote fault={apply.error} />}
          {mayWrite ? (
            <div className="row">
              <Button type="submit" loading={apply.isPending} disabled={trouble !== ""}>
                Apply
              </Button>
              <Checkbox label="Take back what is set here and not named" checked={replaceAll} onChange={(event) => setReplaceAll(event.currentTarget.checked)} />
            </div>
          ) : null}
        </form>
      </Section>
      <Section title="What would come of it" aside="nothing is applied yet">
        {trouble === "" ? <Trial tenant={tenant} rules={rules} drafts={drafts} /> : <p className="faint">The text is no list of rules yet.</p>}
      </Section>
    </div>
  );
}

function Trial({ tenant, rules, drafts }: { readonly tenant: string | undefined; readonly rules: readonly Rule[]; readonly drafts: readonly Draft[] }): ReactNode {
  const asked = JSON.stringify(drafts);
  const trial = useMutation({ mutationFn: async () => ({ asked, cases: await tryOn(tenant, rules, drafts, new AbortController().signal) }) });
  const current = trial.data?.asked === asked ? trial.data.cases : undefined;
  return (
    <div className="stack">
      <div className="row">
        <Button variant="default" loading={trial.isPending} onClick={() => trial.mutate()}>
          Try on open cases
        </Button>
      </div>
      {trial.isPending ? <Loading what="Asking the rules about open cases" /> : trial.error === null ? null : <FaultNote fault={trial.error} />}
      {current === undefined ? null : <Tried cases={current} />}
    </div>
  );
}

function verdictWords(triage: TriedCase["now"]): string {
  return `${String(triage.score)}, ${triage.verdict === "undefined" ? "nothing suggested" : VERDICT_WORDS[triage.verdict].toLowerCase()}`;
}

function Tried({ cases }: { readonly cases: readonly TriedCase[] }): ReactNode {
  const others = cases.filter(({ now, later }) => now.score !== later.score || now.verdict !== later.verdict);
  const turned = others.filter(({ now, later }) => now.verdict !== later.verdict).length;
  return (
    <div className="stack-close" role="status">
      <p>
        <strong>{count(others.length)}</strong> of {many(cases.length, "open case")} looked at would score otherwise, {count(turned)} with another suggestion.
      </p>
      {others.length === 0 ? null : (
        <div className="table-frame table-plain">
          <table>
            <thead>
              <tr>
                <th scope="col">Case</th>
                <th scope="col">Now</th>
                <th scope="col">Then</th>
              </tr>
            </thead>
            <tbody>
              {others.map(({ id, title, now, later }) => (
                <tr key={id}>
                  <td>
                    <Link to="/cases/$id" params={{ id }}>
                      {title}
                    </Link>
                  </td>
                  <td>{verdictWords(now)}</td>
                  <td>{verdictWords(later)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </div>
  );
}
