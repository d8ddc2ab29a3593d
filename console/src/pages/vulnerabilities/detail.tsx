/** One finding: the weakness, the devices that have it, and each one's life from first sight to proof that it is gone. */
import { Modal } from "@mantine/core";
import { Link, useParams } from "@tanstack/react-router";
import { useState, type ReactNode } from "react";
import { call } from "../../api/client.ts";
import { useAsk, usePages } from "../../api/queries.ts";
import { DataTable, type Column } from "../../parts/data-table.tsx";
import { Figures } from "../../parts/figures.tsx";
import { Facts, Page, Section } from "../../parts/page.tsx";
import { Empty, Failed, Loading } from "../../parts/states.tsx";
import { day } from "../../parts/time.ts";
import { Ago, sentence, Severity, Tag } from "../../parts/words.tsx";
import { CLASS_TONES, type Instance } from "./words.ts";

export function FindingPage(): ReactNode {
  const { id } = useParams({ from: "/vulnerabilities/$id" });
  const found = useAsk("GET /api/v1/vulnerabilities/findings/{id}", { params: { id }, query: { limit: 1 } });
  const [chosen, setChosen] = useState<Instance | null>(null);
  const pages = usePages<Instance>(["GET /api/v1/vulnerabilities/findings/{id}", id, "devices"], (after, signal, limit) => call("GET /api/v1/vulnerabilities/findings/{id}", { params: { id }, query: { after, limit } }, signal));
  if (found.isPending) return <Loading what="Loading the finding" />;
  if (found.isError) return <Failed fault={found.error} again={() => void found.refetch()} />;
  const { finding } = found.data;
  const columns: readonly Column<Instance>[] = [
    { id: "device", header: "Device", narrow: true, text: ({ device, agent }) => device ?? agent, cell: ({ asset, device, agent }) => (asset === null ? (device ?? agent) : <Link className="strong" to="/devices/$id" params={{ id: asset }}>{device ?? agent}</Link>) },
    { id: "version", header: "Version", width: 88, text: ({ version }) => version ?? "" },
    { id: "class", header: "State", width: 100, narrow: true, text: (instance) => instance.class, cell: (instance) => <Tag tone={CLASS_TONES[instance.class]}>{sentence(instance.class)}</Tag> },
    { id: "detected", header: "Detected", width: 112, text: ({ detectedAt }) => (detectedAt === null ? "–" : day(detectedAt)) },
    { id: "due", header: "Due", width: 116, text: ({ dueAt }) => (dueAt === null ? "–" : day(dueAt)), cell: ({ dueAt, overdue }) => (dueAt === null ? <span className="faint">–</span> : <span className={overdue ? "bad-text" : undefined}>{day(dueAt)}</span>) },
    { id: "life", header: "Its life", width: 90, narrow: true, text: () => "", cell: (instance) => <button type="button" className="link" onClick={() => setChosen(instance)}>Timeline</button> },
  ];
  return (
    <Page
      title={`${finding.cve} in ${finding.application}`}
      above={<Link to="/vulnerabilities">Vulnerabilities</Link>}
      lead={
        <span className="row">
          <Severity value={finding.severity} />
          <span>{finding.vendor}</span>
          {finding.exploitedInTheWild === true ? <Tag tone="bad">Exploited in the wild</Tag> : null}
        </span>
      }
    >
      <Figures
        figures={[
          { name: "Open", value: finding.counts.open },
          { name: "Overdue", value: finding.counts.overdue, tone: "bad" },
          { name: "Stale", value: finding.counts.stale, note: "the evidence has grown old" },
          { name: "Fixed", value: finding.counts.fixed, note: "with proof" },
          { name: "Set aside", value: finding.counts.setAside, note: "by a decision" },
        ]}
      />
      <div className="columns">
        <Section title="Where it is" flush>
          <DataTable short name="devices" columns={columns} {...pages} rowKey={(instance) => instance.id} empty={<Empty title="No device has it." />} />
        </Section>
        <Section title="The weakness">
          <Facts
            facts={[
              { name: "CVSS of the NVD", value: finding.nvdBaseScore === null ? "–" : `${String(finding.nvdBaseScore)} (${finding.nvdCvssVersion ?? "?"})` },
              { name: "CVSS of SentinelOne", value: finding.baseScore === null ? "–" : `${String(finding.baseScore)} (${finding.cvssVersion ?? "?"})` },
              { name: "Risk of SentinelOne", value: finding.riskScore ?? "–" },
              { name: "Exploit", value: finding.exploitMaturity ?? "not known" },
              { name: "Remedy", value: finding.remediationLevel ?? "not known" },
              { name: "Confidence", value: finding.reportConfidence ?? "not known" },
              { name: "Published", value: finding.publishedAt === null ? "–" : day(finding.publishedAt) },
              { name: "First seen here", value: day(finding.firstSeen) },
            ]}
          />
        </Section>
      </div>
      <Modal opened={chosen !== null} onClose={() => setChosen(null)} size="lg" title={`${finding.cve} on ${chosen?.device ?? chosen?.agent ?? ""}`} closeButtonProps={{ "aria-label": "Close" }}>
        {chosen === null ? null : <Life id={chosen.id} />}
      </Modal>
    </Page>
  );
}

function Life({ id }: { readonly id: string }): ReactNode {
  const found = useAsk("GET /api/v1/vulnerabilities/instances/{id}", { params: { id }, query: { limit: 200 } });
  if (found.isPending) return <Loading what="Loading its life" />;
  if (found.isError) return <Failed fault={found.error} again={() => void found.refetch()} />;
  const { instance, history } = found.data;
  return (
    <div className="stack">
      <Facts
        facts={[
          { name: "State", value: <Tag tone={CLASS_TONES[instance.class]}>{sentence(instance.class)}</Tag> },
          { name: "Status", value: `${sentence(instance.status)}, by ${instance.actor ?? instance.decidedBy}` },
          { name: "First seen", value: <Ago at={instance.firstSeen} /> },
          { name: "Due", value: instance.dueAt === null ? "–" : day(instance.dueAt) },
          { name: "Reopened", value: instance.reopened === 0 ? "never" : `${String(instance.reopened)} times` },
          { name: "Last scan", value: instance.lastScanResult ?? "–" },
        ]}
      />
      {instance.proof === null ? null : (
        <p className="note note-good">
          Proof that it is gone: {instance.proof.kind === "removed" ? "the application was removed" : "it is no longer listed"}
          {instance.proof.was === null ? "" : `; was ${instance.proof.was}`}
          {instance.proof.now === null ? "" : `, is ${instance.proof.now}`}; learnt <Ago at={instance.proof.learntAt} />.
        </p>
      )}
      {instance.reason === null ? null : <p>{instance.reason}</p>}
      <ol className="timeline">
        {history.map((entry, index) => (
          <li key={`${entry.at} ${String(index)}`}>
            <div className="timeline-head">
              <span className="strong">{sentence(entry.event)}</span>
              <span className="faint">
                {entry.actor ?? entry.by} · <Ago at={entry.at} />
              </span>
            </div>
            {entry.from === null && entry.to === null ? null : (
              <p>
                {entry.from === null ? "" : `${sentence(entry.from)} → `}
                {entry.to === null ? "nothing" : sentence(entry.to)}
              </p>
            )}
            {Object.entries(entry.details).length === 0 ? null : <p className="faint">{Object.entries(entry.details).filter(([, value]) => value !== null).map(([name, value]) => `${sentence(name)}: ${String(value)}`).join(" · ")}</p>}
          </li>
        ))}
      </ol>
    </div>
  );
}
