/** What is ingested and when: rules by connection, with what each covers, its schedule, how its last run went, and all runs. */
import { Button, Menu } from "@mantine/core";
import { useState, type ReactNode } from "react";
import { call, type Route } from "../../api/client.ts";
import { useAsk, useChange, usePages } from "../../api/queries.ts";
import { useMay } from "../../api/session.ts";
import { Confirm } from "../../parts/confirm.tsx";
import { DataTable, type Column } from "../../parts/data-table.tsx";
import { Page, Section } from "../../parts/page.tsx";
import { Places } from "../../parts/places.tsx";
import { Empty, Failed, FaultNote, Loading } from "../../parts/states.tsx";
import { exact } from "../../parts/time.ts";
import { useTenant } from "../../parts/url.ts";
import { Ago, count, sentence, Tag, Until, type Tone } from "../../parts/words.tsx";
import { RuleForm, type Editing } from "./ingest-rule.tsx";
import { RUN_TONES, RUN_WORDS, scheduleWord, type Connector, type IngestRule, type IngestRun } from "./ingest-words.ts";
import { VULNERABILITY_PLACES } from "./words.ts";

export const INGEST_ROUTES: readonly Route[] = ["GET /api/v1/vulnerabilities/connectors", "GET /api/v1/vulnerabilities/rules", "GET /api/v1/vulnerabilities/runs", "GET /api/v1/vulnerabilities/summary"];
const STATE_TONES: Readonly<Record<IngestRule["state"], Tone>> = { continuous: "good", scheduled: "busy", paused: "plain" };

export function IngestPage(): ReactNode {
  const tenant = useTenant();
  const mayWrite = useMay("vulnerabilities.write");
  const [editing, setEditing] = useState<Editing | null>(null);
  const found = useAsk("GET /api/v1/vulnerabilities/connectors", { query: { tenant, limit: 200 } }, { every: 15_000 });
  const connectors = found.data?.items ?? [];
  return (
    <Page title="What is ingested" lead="Without a rule everything that a connection may read is ingested as it is read. Rules say otherwise: which devices, how grave, and when. What no rule covers keeps its memory, and leaves the figures.">
      <Places name="Vulnerabilities" places={VULNERABILITY_PLACES} />
      {found.isPending ? <Loading what="Loading the rules" /> : null}
      {found.isError ? <Failed fault={found.error} again={() => void found.refetch()} /> : null}
      {found.data !== undefined && connectors.length === 0 ? (
        <div className="card">
          <Empty title="No console is connected yet.">What is ingested is said for each connection.</Empty>
        </div>
      ) : null}
      {connectors.map((connector) => (
        <Rules key={`${connector.connection} ${connector.id ?? ""}`} connector={connector} onEdit={mayWrite ? setEditing : null} />
      ))}
      <Runs />
      {editing === null ? null : <RuleForm editing={editing} touched={INGEST_ROUTES} onClose={() => setEditing(null)} />}
    </Page>
  );
}

function Rules({ connector, onEdit }: { readonly connector: Connector; readonly onEdit: ((editing: Editing) => void) | null }): ReactNode {
  const { id, name, connectionName, rules } = connector;
  const add = onEdit === null ? undefined : <Button size="compact-xs" variant="light" onClick={() => onEdit({ connector, rule: null })}>Add a rule</Button>;
  return (
    <Section title={id === null ? connectionName : `${name} (${connectionName})`} aside={add} flush>
      {id === null ? <p className="section-text">Everything, continuously: no rule was set up for this connection. The first one takes over from that.</p> : <DataTable short name="ingest rules" columns={rulesOf(onEdit === null ? null : (rule) => <RuleActions rule={rule} onEdit={() => onEdit({ connector, rule })} />)} rows={rules} rowKey={(rule) => rule.id} empty={<Empty title="It has no rule." />} />}
    </Section>
  );
}

function rulesOf(actions: ((rule: IngestRule) => ReactNode) | null): readonly Column<IngestRule>[] {
  return [
    { id: "name", header: "Rule", width: 150, narrow: true, text: ({ name }) => name, cell: ({ name }) => <span className="strong">{name}</span> },
    { id: "covers", header: "Covers", text: ({ covers, severity }) => `${covers}${severity === null ? "" : `, ${severity} or graver`}` },
    { id: "mode", header: "Ingests", width: 130, text: ({ mode }) => (mode === "scan" ? "devices, findings" : "devices alone") },
    { id: "schedule", header: "When", width: 120, text: ({ schedule, timezone }) => (timezone === "UTC" || schedule === "continuous" ? sentence(scheduleWord(schedule)) : `${sentence(scheduleWord(schedule))} (${timezone})`) },
    { id: "state", header: "State", width: 112, narrow: true, text: ({ fault, state }) => fault?.message ?? state, cell: ({ fault, state }) => <Tag tone={fault === null ? STATE_TONES[state] : "bad"}>{fault === null ? sentence(state) : "Failing"}</Tag> },
    { id: "next", header: "Next run", width: 92, text: ({ nextRunAt }) => (nextRunAt === null ? "" : exact(nextRunAt)), cell: ({ nextRunAt }) => <Until at={nextRunAt} none="–" /> },
    { id: "last", header: "Last run", width: 150, text: ({ lastRun }) => (lastRun === null ? "never" : `${lastRun.state} ${exact(lastRun.startedAt)}`), cell: ({ lastRun }) => (lastRun === null ? <span className="faint">never</span> : <><Tag tone={RUN_TONES[lastRun.state]}>{RUN_WORDS[lastRun.state]}</Tag> <Ago at={lastRun.startedAt} /></>) },
    { id: "held", header: "Held", width: 62, right: true, text: ({ held }) => count(held) },
    ...(actions === null ? [] : [{ id: "act", header: "", width: 74, narrow: true, text: () => "", cell: actions }]),
  ];
}

function RuleActions({ rule, onEdit }: { readonly rule: IngestRule; readonly onEdit: () => void }): ReactNode {
  const [removing, setRemoving] = useState(false);
  const run = useChange("POST /api/v1/vulnerabilities/rules/{id}/run", INGEST_ROUTES);
  const pause = useChange("POST /api/v1/vulnerabilities/rules/{id}/pause", INGEST_ROUTES);
  const resume = useChange("POST /api/v1/vulnerabilities/rules/{id}/resume", INGEST_ROUTES);
  const remove = useChange("DELETE /api/v1/vulnerabilities/rules/{id}", INGEST_ROUTES);
  const params = { id: rule.id };
  const fault = run.error ?? pause.error ?? resume.error;
  return (
    <>
      <Menu position="bottom-end" shadow="md" width={170}>
        <Menu.Target>
          <button type="button" className="link" aria-label={`More for ${rule.name}`}>
            More
          </button>
        </Menu.Target>
        <Menu.Dropdown>
          {rule.state === "continuous" ? null : <Menu.Item onClick={() => run.mutate({ params })}>Run now</Menu.Item>}
          <Menu.Item onClick={() => (rule.state === "paused" ? resume.mutate({ params }) : pause.mutate({ params }))}>{rule.state === "paused" ? "Resume" : "Pause"}</Menu.Item>
          <Menu.Item onClick={onEdit}>Change…</Menu.Item>
          <Menu.Divider />
          <Menu.Item color="red" onClick={() => setRemoving(true)}>
            Remove…
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <Confirm open={fault !== null} title={rule.name} act="Close" busy={false} fault={fault} onClose={() => { run.reset(); pause.reset(); resume.reset(); }} onAct={() => { run.reset(); pause.reset(); resume.reset(); }}>
        <p>That was not done.</p>
      </Confirm>
      <Confirm open={removing} danger title={`Remove ${rule.name}?`} act="Remove" busy={remove.isPending} fault={remove.error} onClose={() => { setRemoving(false); remove.reset(); }} onAct={() => remove.mutate({ params }, { onSuccess: () => setRemoving(false) })}>
        <p>What only this rule covers goes out of scope: it stays as it was, with its history, and leaves the figures.</p>
      </Confirm>
    </>
  );
}

function Runs(): ReactNode {
  const tenant = useTenant();
  const pages = usePages<IngestRun>(["GET /api/v1/vulnerabilities/runs", tenant], (after, signal, limit) => call("GET /api/v1/vulnerabilities/runs", { query: { tenant, after, limit } }, signal), { every: 15_000 });
  const failing = pages.rows[0];
  return (
    <Section title="History" flush>
      {failing?.state === "failed" ? Object.entries(failing.faults).map(([stream, fault]) => <FaultNote key={stream} fault={{ name: stream, code: fault.code, message: `${failing.ruleName}, ${stream}: ${fault.message}`, cure: fault.cure }} />) : null}
      <DataTable short name="runs" columns={RUNS} {...pages} rowKey={({ id }) => id} empty={<Empty title="No rule has run yet.">What is ingested continuously has figures by the day; a schedule has a line for each run.</Empty>} />
    </Section>
  );
}

const RUNS: readonly Column<IngestRun>[] = [
  { id: "started", header: "Begun", width: 100, narrow: true, text: ({ startedAt }) => exact(startedAt), cell: ({ startedAt }) => <Ago at={startedAt} /> },
  { id: "rule", header: "Rule", narrow: true, text: ({ ruleName }) => ruleName },
  { id: "trigger", header: "By", width: 108, text: ({ trigger }) => sentence(trigger) },
  { id: "state", header: "State", width: 100, narrow: true, text: ({ state, faults }) => Object.values(faults)[0]?.message ?? state, cell: ({ state }) => <Tag tone={RUN_TONES[state]}>{RUN_WORDS[state]}</Tag> },
  { id: "devices", header: "Devices", width: 130, text: ({ counts: { assets } }) => `${count(assets.seen)} seen, ${count(assets.new)} new` },
  { id: "findings", header: "Findings", width: 190, text: ({ counts: { findings } }) => `${count(findings.seen)} seen, ${count(findings.new)} new, ${count(findings.fixed)} fixed` },
  { id: "skipped", header: "Skipped", width: 76, right: true, text: ({ counts: { skipped } }) => count(skipped.assets + skipped.findings) },
  { id: "failed", header: "Failed", width: 66, right: true, text: ({ counts: { failed } }) => count(failed) },
  { id: "ended", header: "Ended", width: 92, text: ({ endedAt }) => (endedAt === null ? "" : exact(endedAt)), cell: ({ endedAt }) => <Ago at={endedAt} none="under way" /> },
];
