/** What speaks against how people and machines may act at the consoles, each with its evidence and what to do about it. */
import { Button, Modal, TextInput, Textarea } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useState, type ReactNode } from "react";
import { addressOf, call, type Answer, type Query, type Route } from "../../api/client.ts";
import { useAsk, useChange, usePages } from "../../api/queries.ts";
import { useMay, useSession } from "../../api/session.ts";
import { DataTable, type Column } from "../../parts/data-table.tsx";
import { Bars } from "../../parts/figures.tsx";
import { Facts, Page, Section } from "../../parts/page.tsx";
import { Places } from "../../parts/places.tsx";
import { Empty, FaultNote } from "../../parts/states.tsx";
import { day, exact } from "../../parts/time.ts";
import { UrlChoice } from "../../parts/url-choice.tsx";
import { useFilters, useUrl } from "../../parts/url.ts";
import { Ago, count, sentence, Severity, Tag, type Tone } from "../../parts/words.tsx";
import { CoverageNotes } from "./coverage.tsx";
import { ACCESS_PLACES, personName, personRef, scopeText, type ScopeKind } from "./words.ts";

type Finding = Answer<"GET /api/v1/access/risks">["items"][number];
type Filter = Query<"GET /api/v1/access/risks">;

const FILTERS = ["risk", "severity", "exceptions", "principal", "connection"] as const;
const SEVERITIES = ["critical", "high", "medium", "low"] as const;
const RISK_ROUTES: readonly Route[] = ["GET /api/v1/access/risks", "GET /api/v1/access/risks/summary"];

export function AccessRisksPage(): ReactNode {
  const url = useUrl();
  const [chosen, setChosen] = useState<Finding | null>(null);
  const kinds = useAsk("GET /api/v1/access/risks/kinds", {});
  const filter = { tenant: url.get("tenant"), risk: url.get("risk"), severity: url.get("severity"), exceptions: url.get("exceptions"), principal: url.get("principal"), connection: url.get("connection") } as Filter;
  const summary = useAsk("GET /api/v1/access/risks/summary", { query: { ...filter, worst: 0 } }, { every: 120_000 });
  const pages = usePages<Finding>(["GET /api/v1/access/risks", filter], (after, signal, limit) => call("GET /api/v1/access/risks", { query: { ...filter, after, limit } }, signal));
  const { filtered, clear } = useFilters(FILTERS);
  const notes = (summary.data?.notes ?? []).map(({ note, name }) => (name === null ? note : `${name}: ${note}`));
  return (
    <Page title="Access risks" lead={<>What speaks against how access is given, worked out from what was read. Nothing here changes a console: each says what to do there. From when on something counts, and who is known elsewhere, stands in the <Link to="/access/settings">settings</Link>.</>}>
      <Places name="Access" places={ACCESS_PLACES} />
      <div className="filters">
        <UrlChoice param="risk" label="Risk" any="Any risk" data={(kinds.data?.items ?? []).map(({ risk, title }) => ({ value: risk, label: title }))} width={300} />
        <UrlChoice param="severity" label="Severity, at least" any="Any severity" data={SEVERITIES.map((value) => ({ value, label: value === "critical" ? "Critical" : `${sentence(value)} or more` }))} width={150} />
        <UrlChoice param="exceptions" label="Exceptions" any="Without exceptions" data={[{ value: "shown", label: "With exceptions" }, { value: "only", label: "Exceptions only" }]} width={170} />
        {filtered ? (
          <Button variant="default" onClick={clear}>
            Show all
          </Button>
        ) : null}
      </div>
      {summary.data === undefined || summary.data.counts.length === 0 ? null : (
        <Section title="By kind" aside={<span>judged <Ago at={summary.data.judgedAt} /></span>}>
          <Bars name="Findings by kind" bars={byKind(summary.data.counts)} />
        </Section>
      )}
      <CoverageNotes coverage={[]} notes={notes} />
      <div className="card">
        <DataTable
          name="risks"
          columns={columnsFor(setChosen)}
          {...pages}
          rowKey={({ connection, id }) => `${connection} ${id}`}
          wholeExport={addressOf("/api/v1/access/risks/export", undefined, { ...filter, format: "csv" })}
          empty={filtered ? <Empty title="No risk matches." action={<Button variant="default" onClick={clear}>Show all risks</Button>} /> : <Empty title="No risk was found.">{notes.length === 0 ? "Everything that can be judged is as it should be." : "What could not be judged stands above."}</Empty>}
        />
      </div>
      <Detail finding={chosen} onClose={() => setChosen(null)} />
    </Page>
  );
}

const TONES: Readonly<Record<string, Tone>> = { critical: "critical", high: "high", medium: "medium", low: "low" };

/** One bar for each kind, in the colour of its gravest. */
function byKind(counts: Answer<"GET /api/v1/access/risks/summary">["counts"]): readonly { readonly name: string; readonly value: number; readonly tone?: Tone; readonly note?: string }[] {
  return [...Map.groupBy(counts, ({ risk }) => risk).values()].flatMap((of) => {
    const [gravest] = of;
    const excepted = of.reduce((sum, each) => sum + each.excepted, 0);
    return gravest === undefined ? [] : [{ name: gravest.title, value: of.reduce((sum, { findings }) => sum + findings, 0), tone: TONES[gravest.severity] ?? "plain", note: excepted === 0 ? "" : `${count(excepted)} let off` }];
  });
}

function about({ principal, role, scope }: Finding): string {
  const where = scope === null ? "" : ` on ${scopeText({ ...scope, kind: scope.kind as ScopeKind })}`;
  if (principal !== null) return personName(principal);
  return role === null ? where.trim() : `role ${role.name ?? role.id}${where}`;
}

function columnsFor(choose: (finding: Finding) => void): readonly Column<Finding>[] {
  return [
    { id: "severity", header: "Severity", width: 100, narrow: true, text: ({ severity }) => severity, cell: ({ severity }) => <Severity value={severity} /> },
    {
      id: "title",
      header: "Risk",
      narrow: true,
      text: ({ title }) => title,
      cell: (finding) => (
        <button type="button" className="link strong" onClick={() => choose(finding)}>
          {finding.title}
        </button>
      ),
    },
    {
      id: "about",
      header: "About",
      width: 180,
      text: about,
      cell: (finding) =>
        finding.principal === null ? (
          about(finding)
        ) : (
          <Link to="/access/people/$connection/$id" params={{ connection: finding.connection, id: personRef(finding.principal) }}>
            {about(finding)}
          </Link>
        ),
    },
    { id: "where", header: "On", width: 150, text: ({ scope, role }) => (scope === null ? "" : `${role?.name === undefined || role.name === null ? "" : `${role.name} on `}${scopeText({ ...scope, kind: scope.kind as ScopeKind })}`) },
    { id: "since", header: "Since", width: 100, text: ({ since }) => since ?? "", cell: ({ since }) => <Ago at={since} none="earlier" /> },
    { id: "exception", header: "Let off", width: 110, text: ({ exception }) => (exception === null ? "" : `until ${exception.endsAt}`), cell: ({ exception }) => (exception === null ? <span className="faint">–</span> : <Tag tone="plain">until {day(exception.endsAt)}</Tag>) },
  ];
}

function Detail({ finding, onClose }: { readonly finding: Finding | null; readonly onClose: () => void }): ReactNode {
  return (
    <Modal opened={finding !== null} onClose={onClose} title={finding?.title ?? ""} size="lg" closeButtonProps={{ "aria-label": "Close" }}>
      {finding === null ? null : (
        <div className="stack">
          <p className="row">
            <Severity value={finding.severity} /> <span>{about(finding)}</span> <span className="faint">confidence: {finding.confidence}</span>
          </p>
          <div className="note note-good">
            <p>
              <strong>What to do</strong>
            </p>
            <p>{finding.fix}</p>
          </div>
          <div>
            <h3>What it rests on</h3>
            <Facts facts={[...Object.entries(finding.evidence).map(([name, value]) => ({ name: words(name), value: evidenceText(value) })), { name: "Since", value: finding.since === null ? "before anybody looked" : exact(finding.since) }]} />
          </div>
          {finding.exceptionOver === null ? null : (
            <p className="faint">
              It was let off until {day(finding.exceptionOver.endsAt)} by {finding.exceptionOver.owner}: {finding.exceptionOver.reason}
            </p>
          )}
          <Exception key={finding.id} finding={finding} onDone={onClose} />
        </div>
      )}
    </Modal>
  );
}

/** `lastLogin` → `Last login`. */
function words(name: string): string {
  return sentence(name.replaceAll(/([a-z])([A-Z])/gu, "$1 $2").toLowerCase());
}

function evidenceText(value: Finding["evidence"][string] | undefined): string {
  if (value === null || value === undefined) return "not known";
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value === "object") return value.length > 30 ? `${value.slice(0, 30).join(", ")} and ${String(value.length - 30)} more` : value.join(", ");
  return typeof value === "string" && /^\d{4}-\d\d-\d\dT/u.test(value) ? exact(value) : String(value);
}

const DAYS = 86_400_000;
const FIRST_DAYS = 30;

function Exception({ finding, onDone }: { readonly finding: Finding; readonly onDone: () => void }): ReactNode {
  const mayWrite = useMay("access.write");
  const { user } = useSession();
  const [owner, setOwner] = useState(user?.email ?? "");
  const [reason, setReason] = useState("");
  const [ends, setEnds] = useState(() => new Date(Date.now() + FIRST_DAYS * DAYS).toISOString().slice(0, 10));
  const add = useChange("POST /api/v1/access/risks/exceptions", RISK_ROUTES);
  const end = useChange("POST /api/v1/access/risks/exceptions/{id}/end", RISK_ROUTES);
  const { exception } = finding;
  if (exception !== null)
    return (
      <div className="note">
        <p>
          Let off until {day(exception.endsAt)}, {exception.owner}: {exception.reason}
        </p>
        {end.error === null ? null : <FaultNote fault={end.error} />}
        {mayWrite ? (
          <Button variant="default" size="compact-xs" loading={end.isPending} onClick={() => end.mutate({ params: { id: exception.id } }, { onSuccess: onDone })}>
            End the exception
          </Button>
        ) : null}
      </div>
    );
  if (!mayWrite) return null;
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault();
        add.mutate({ body: { finding: finding.id, owner: owner.trim(), reason: reason.trim(), endsAt: `${ends}T23:59:59Z` } }, { onSuccess: onDone });
      }}
    >
      <h3>Let it off for a time</h3>
      <div className="form-grid">
        <TextInput label="Who answers for it" required value={owner} onChange={(event) => setOwner(event.currentTarget.value)} />
        <TextInput label="Until" type="date" required value={ends} onChange={(event) => setEnds(event.currentTarget.value)} />
      </div>
      <Textarea label="Reason" required autosize minRows={2} maxLength={1000} value={reason} onChange={(event) => setReason(event.currentTarget.value)} />
      {add.error === null ? null : <FaultNote fault={add.error} />}
      <div className="row">
        <Button type="submit" variant="default" loading={add.isPending} disabled={owner.trim() === "" || reason.trim() === "" || ends === ""}>
          Let it off
        </Button>
      </div>
    </form>
  );
}
