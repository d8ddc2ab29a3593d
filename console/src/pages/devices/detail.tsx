/** One device: what each rule makes of it and why, what it is, why its agents are taken for one device, and how its verdicts have changed. */
import { Button } from "@mantine/core";
import { Link, useParams } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { call, type Answer } from "../../api/client.ts";
import { useAsk, usePages } from "../../api/queries.ts";
import { DataTable, type Column } from "../../parts/data-table.tsx";
import { Facts, Page, Section } from "../../parts/page.tsx";
import { Empty, Failed, FaultNote, Loading } from "../../parts/states.tsx";
import { day, exact, span } from "../../parts/time.ts";
import { Ago, count, sentence, Severity, Tag } from "../../parts/words.tsx";
import { weaknessColumn } from "../vulnerabilities/weakness-column.tsx";
import { OUTCOME_TONES, reasonWords, STALENESS_WORDS, type Judged, type Outcome } from "./words.ts";

type Found = Answer<"GET /api/v1/vulnerabilities/assets/{id}">;
type Agent = Found["asset"]["agents"][number];

export function DevicePage(): ReactNode {
  const { id } = useParams({ from: "/devices/$id" });
  const [connection, agent] = id.split(":", 2);
  return agent === undefined || connection === undefined ? <Device id={id} /> : <DeviceOf connection={connection} agent={agent} />;
}

/** The device that an agent belongs to. */
function DeviceOf({ connection, agent }: { readonly connection: string; readonly agent: string }): ReactNode {
  const found = useAsk("GET /api/v1/vulnerabilities/assets", { query: { connection, agent, limit: 1 } });
  if (found.isPending) return <Loading what="Loading the device" />;
  if (found.isError) return <Failed fault={found.error} again={() => void found.refetch()} />;
  const [asset] = found.data.items;
  if (asset !== undefined) return <Device id={asset.id} />;
  return (
    <Page title="Device" above={<Link to="/devices">Devices</Link>}>
      <div className="card">
        <Empty title="Nothing is known of this device yet." action={<Button variant="default" onClick={() => void found.refetch()}>Look again</Button>}>
          Its agent was read a moment ago, or is no longer there.
        </Empty>
      </div>
    </Page>
  );
}

function Device({ id }: { readonly id: string }): ReactNode {
  const found = useAsk("GET /api/v1/vulnerabilities/assets/{id}", { params: { id } }, { every: 60_000 });
  if (found.isPending) return <Loading what="Loading the device" />;
  if (found.isError) return <Failed fault={found.error} again={() => void found.refetch()} />;
  const { asset, one, two } = found.data;
  const agent = asset.agents.find(({ state }) => state === "active") ?? asset.agents[0];
  return (
    <Page
      title={asset.name ?? asset.id}
      above={<Link to="/devices">Devices</Link>}
      lead={
        <span className="row">
          <Tag tone={asset.active ? "good" : "plain"}>{asset.active ? "Active" : "No longer active"}</Tag>
          <span>
            {[agent?.os, agent?.site, agent?.user].filter((word) => word !== null && word !== undefined).join(" · ")}
          </span>
        </span>
      }
    >
      {two.length === 0 ? null : <FaultNote tone="warn" fault={{ name: "ambiguity", message: `This may be the same device as ${two.map(({ name, agent: other }) => name ?? other).join(", ")}: ${two[0]?.reason ?? ""}` }} />}
      <div className="columns">
        <div className="column">
          {agent === undefined ? null : <Posture agent={agent} />}
          <OnDevice id={asset.id} />
          {agent === undefined ? null : <Changes agent={agent} />}
        </div>
        <div className="column">
          <Section title="Vulnerabilities" aside={<Link to="/vulnerabilities">Fix first</Link>}>
            <Facts
              facts={[
                { name: "Open", value: <span className="strong">{count(asset.counts.open)}</span> },
                { name: "Overdue", value: <span className={asset.counts.overdue > 0 ? "bad-text strong" : undefined}>{count(asset.counts.overdue)}</span> },
                { name: "Fixed", value: count(asset.counts.fixed) },
                { name: "Set aside", value: count(asset.counts.setAside) },
              ]}
            />
          </Section>
          {asset.agents.map((each) => (
            <AgentFacts key={`${each.connection} ${each.id}`} agent={each} />
          ))}
          <Section title="Why it is one device">
            <ul className="plain-list">
              {one.map((reason) => (
                <li key={`${reason.connection} ${reason.agent}`}>
                  {sentence(reason.why)}
                  {reason.matchedBy === null ? null : (
                    <span className="faint">
                      {" "}
                      by {reason.matchedBy} <code>{reason.matchedKey}</code>
                    </span>
                  )}
                </li>
              ))}
            </ul>
          </Section>
        </div>
      </div>
    </Page>
  );
}

type Weakness = Answer<"GET /api/v1/vulnerabilities/assets/{id}/findings">["items"][number];

function OnDevice({ id }: { readonly id: string }): ReactNode {
  const pages = usePages<Weakness>(["GET /api/v1/vulnerabilities/assets/{id}/findings", id], (after, signal, limit) => call("GET /api/v1/vulnerabilities/assets/{id}/findings", { params: { id }, query: { after, limit } }, signal));
  return (
    <Section title="What is on it" flush>
      <DataTable short name="weaknesses" columns={WEAKNESSES} {...pages} rowKey={({ id: instance }) => instance} empty={<Empty title="Nothing is open on this device." />} />
    </Section>
  );
}

const WEAKNESSES: readonly Column<Weakness>[] = [
  { id: "severity", header: "Severity", width: 104, narrow: true, text: ({ severity }) => severity, cell: ({ severity }) => <Severity value={severity} /> },
  weaknessColumn(138, ({ finding }) => finding),
  { id: "application", header: "Application", text: ({ application, version }) => [application, version].filter((word) => word !== null).join(" ") },
  { id: "exploited", header: "Exploited", width: 84, text: ({ exploitedInTheWild }) => (exploitedInTheWild === true ? "yes" : ""), cell: ({ exploitedInTheWild }) => (exploitedInTheWild === true ? <Tag tone="bad">Known</Tag> : <span className="faint">–</span>) },
  { id: "due", header: "Due", width: 106, text: ({ dueAt }) => (dueAt === null ? "–" : day(dueAt)), cell: ({ dueAt, overdue }) => (dueAt === null ? <span className="faint">–</span> : <span className={overdue ? "bad-text" : undefined}>{day(dueAt)}</span>) },
];

function Posture({ agent }: { readonly agent: Agent }): ReactNode {
  const judged = useAsk("GET /api/v1/posture/devices", { query: { agentId: agent.id } }, { every: 60_000 });
  if (judged.isPending)
    return (
      <Section title="Posture">
        <Loading what="Judging the device" />
      </Section>
    );
  if (judged.isError)
    return (
      <Section title="Posture">
        <Failed fault={judged.error} again={() => void judged.refetch()} />
      </Section>
    );
  const { verdicts, score, evidenceAt, evidenceAgeMs, match } = judged.data;
  return (
    <Section
      title="Posture"
      aside={
        verdicts.length === 0 ? undefined : (
          <>
            <span>Score {score}</span>
            <span title={evidenceAt === null ? undefined : exact(evidenceAt)}>evidence {evidenceAgeMs === null ? "of unknown age" : `${span(evidenceAgeMs / 1000)} old`}</span>
          </>
        )
      }
    >
      {match.kind === "ambiguous" ? <FaultNote tone="warn" fault={{ name: "ambiguous", message: `Several devices answer to this: ${match.candidates.map(({ hostname, agentId }) => hostname ?? agentId).join(", ")}.` }} /> : null}
      {verdicts.length === 0 ? (
        <Empty title="No posture rule applies to this device." action={<Link to="/devices/rules">Posture rules</Link>}>
          Without a rule nothing is known for or against it, and its score is 0.
        </Empty>
      ) : (
        <div className="stack">
          {verdicts.map((verdict) => (
            <Verdict key={verdict.rule.id} verdict={verdict} />
          ))}
        </div>
      )}
    </Section>
  );
}

const BECAUSE: Readonly<Record<Judged["verdicts"][number]["because"], string>> = { verdict: "", "not-applicable": "the rule is not about such devices", "fail-closed": "unknown counts as refused", "fail-open": "unknown counts as let in", "last-known": "by the last that was proven" };

function Verdict({ verdict }: { readonly verdict: Judged["verdicts"][number] }): ReactNode {
  const { rule, outcome, allow, enforced, exception, because, reason, since, message, conditions } = verdict;
  return (
    <article className="verdict">
      <header className="row">
        <Tag tone={OUTCOME_TONES[outcome]}>{sentence(outcome)}</Tag>
        <h3 className="verdict-name">{rule.name}</h3>
        <span className="faint">
          {enforced ? (allow ? "let in" : "refused") : rule.shadow ? "tried only, not enforced" : "warns only"}
          {BECAUSE[because] === "" ? "" : `; ${BECAUSE[because]}`}
          {since === null ? null : <> · since <Ago at={since} /></>}
        </span>
      </header>
      <p>{message ?? reasonWords(reason, outcome)}</p>
      {exception === null ? null : (
        <p className="note">
          Excepted until {day(exception.endsAt)}, {exception.owner}: {exception.reason}
        </p>
      )}
      {conditions.length === 0 ? null : (
        <div className="table-frame table-plain">
          <table>
            <thead>
              <tr>
                <th scope="col">Looked at</th>
                <th scope="col">Expected</th>
                <th scope="col">Received</th>
                <th scope="col">Met</th>
              </tr>
            </thead>
            <tbody>
              {conditions.map((condition) => (
                <tr key={`${condition.input} ${condition.operator} ${String(condition.expected)}`}>
                  <td>{condition.input.replaceAll("_", " ")}</td>
                  <td>
                    <code>
                      {condition.negated ? "not " : ""}
                      {condition.operator} {value(condition.expected)}
                    </code>
                  </td>
                  <td>
                    <code>{value(condition.received)}</code>
                  </td>
                  <td>{condition.met === null ? <span className="check-warning">not known</span> : condition.met ? <span className="check-ok">yes</span> : <span className="check-failed">no</span>}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </article>
  );
}

function value(given: Judged["verdicts"][number]["conditions"][number]["expected"]): string {
  if (given === null) return "nothing";
  return typeof given === "object" ? given.join(", ") : String(given);
}

type Result = Answer<"GET /api/v1/posture/results">["items"][number];

function Changes({ agent }: { readonly agent: Agent }): ReactNode {
  const pages = usePages<Result>(["GET /api/v1/posture/results", agent.connection, agent.id], (after, signal, limit) => call("GET /api/v1/posture/results", { query: { connection: agent.connection, agentId: agent.id, after, limit } }, signal));
  if (pages.pending || pages.rows.length === 0) return null;
  return (
    <Section title="How it changed">
      <ol className="timeline">
        {pages.rows.map((result) => (
          <li key={result.id}>
            <div className="timeline-head">
              <span>
                <span className="strong">{result.postureCheckName}</span> {result.previous === null ? "" : `${result.previous} → `}
                <Tag tone={OUTCOME_TONES[result.outcome as Outcome]}>{sentence(result.outcome)}</Tag>
              </span>
              <span className="faint">
                <Ago at={result.timestamp} />
              </span>
            </div>
            <p>{reasonWords(result.reason, result.outcome as Outcome)}</p>
          </li>
        ))}
      </ol>
    </Section>
  );
}

function AgentFacts({ agent }: { readonly agent: Agent }): ReactNode {
  const text = (given: string | null | undefined): string => given ?? "–";
  return (
    <Section title={`Agent ${agent.agentVersion ?? ""}`.trim()} aside={<Tag tone={agent.state === "active" ? "good" : "plain"}>{sentence(agent.state)}</Tag>}>
      <Facts
        facts={[
          { name: "Serial", value: text(agent.serial) },
          { name: "Model", value: text(agent.model) },
          { name: "Kind", value: agent.machineType === null ? "–" : sentence(agent.machineType) },
          { name: "Domain", value: text(agent.domain) },
          { name: "Account", value: text(agent.account) },
          { name: "Group", value: text(agent.group) },
          { name: "Addresses", value: [...agent.addresses, ...(agent.publicEgress === null ? [] : [`${agent.publicEgress} (outside)`])].join(", ") || "–" },
          { name: "MAC", value: agent.macs.length === 0 ? "–" : <code>{agent.macs.join(", ")}</code> },
          { name: "Last active", value: <Ago at={agent.lastActive} /> },
          { name: "Scanned", value: <Ago at={agent.scannedAt} /> },
          { name: "Evidence", value: agent.staleness === null ? "fresh" : STALENESS_WORDS[agent.staleness] },
          { name: "Installed", value: agent.registeredAt === null ? "–" : day(agent.registeredAt) },
        ]}
      />
    </Section>
  );
}
