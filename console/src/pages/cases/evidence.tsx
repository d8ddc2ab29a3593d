/** One alert behind a case: what the console says of it, its process, what became of it, and the record as it came. */
import { Modal, Tabs } from "@mantine/core";
import type { ReactNode } from "react";
import { useQuery } from "@tanstack/react-query";
import { readText, type Answer } from "../../api/client.ts";
import { useAsk } from "../../api/queries.ts";
import { download } from "../../parts/csv.ts";
import { Facts } from "../../parts/page.tsx";
import { Failed, FaultNote, Loading } from "../../parts/states.tsx";
import { exact } from "../../parts/time.ts";
import { indentJson } from "../../parts/json-text.ts";
import { Ago, Outside, sentence, Severity, Tag } from "../../parts/words.tsx";
import type { Member } from "./words.ts";

type Alert = Answer<"GET /api/v1/alerts/{id}">;

export function Evidence({ member, onClose }: { readonly member: Member | null; readonly onClose: () => void }): ReactNode {
  return (
    <Modal opened={member !== null} onClose={onClose} size="xl" title={member?.name ?? member?.id ?? "Alert"} closeButtonProps={{ "aria-label": "Close" }}>
      {member === null ? null : member.stream === "agents" ? <AgentTrouble member={member} /> : <Detail member={member} stream={member.stream} />}
    </Modal>
  );
}

function AgentTrouble({ member }: { readonly member: Member }): ReactNode {
  return (
    <div className="stack">
      <p>This is about the agent itself, not about an alert of the console.</p>
      <Facts facts={[{ name: "Device", value: member.device ?? "not known" }, { name: "Since", value: exact(member.at) }]} />
      <Outside href={member.link}>Open in the console</Outside>
    </div>
  );
}

function Detail({ member, stream }: { readonly member: Member; readonly stream: Alert["alert"]["stream"] }): ReactNode {
  const found = useAsk("GET /api/v1/alerts/{id}", { params: { id: member.id }, query: { stream, connection: member.connection } });
  if (found.isPending) return <Loading what="Loading the alert" />;
  if (found.isError) return <Failed fault={found.error} again={() => void found.refetch()} />;
  const { alert, description, facts, device, user, process, techniques, indicators, history, link, recordGone } = found.data;
  return (
    <div className="stack">
      <div className="row">
        <Severity value={alert.severity} />
        <Tag tone="plain">{alert.statusWord ?? sentence(alert.status)}</Tag>
        <span className="faint">
          {alert.product} · detected <Ago at={alert.at} />
        </span>
        <Outside href={link}>Open in the console</Outside>
      </div>
      {recordGone ? <FaultNote tone="warn" fault={{ name: "gone", message: "The console no longer has this record; what was last read of it is shown." }} /> : null}
      {description === null ? null : <p>{description}</p>}
      <Tabs defaultValue="summary" keepMounted={false}>
        <Tabs.List>
          <Tabs.Tab value="summary">Summary</Tabs.Tab>
          <Tabs.Tab value="process">Process</Tabs.Tab>
          <Tabs.Tab value="history">History</Tabs.Tab>
          {member.record === null ? null : <Tabs.Tab value="record">Record</Tabs.Tab>}
        </Tabs.List>
        <Tabs.Panel value="summary" pt="sm">
          <div className="stack">
            <Group title="What the console says" facts={facts} />
            <Group title="Device" facts={device} />
            <Group title="User" facts={user} />
            {techniques.length === 0 ? null : (
              <div>
                <h3>ATT&amp;CK</h3>
                <div className="row">
                  {techniques.map(({ tactic, id, name }) => (
                    <Tag key={`${tactic ?? ""} ${id ?? ""}`} tone="plain">
                      {[tactic, id, name].filter((word) => word !== null).join(" · ")}
                    </Tag>
                  ))}
                </div>
              </div>
            )}
            {indicators.length === 0 ? null : (
              <div>
                <h3>Indicators</h3>
                <ul className="plain-list">
                  {indicators.map((indicator) => (
                    <li key={indicator}>{indicator}</li>
                  ))}
                </ul>
              </div>
            )}
          </div>
        </Tabs.Panel>
        <Tabs.Panel value="process" pt="sm">
          <ProcessPicture process={process} user={user} />
        </Tabs.Panel>
        <Tabs.Panel value="history" pt="sm">
          <History history={history} />
        </Tabs.Panel>
        {member.record === null ? null : (
          <Tabs.Panel value="record" pt="sm">
            <RecordText address={member.record} id={member.id} />
          </Tabs.Panel>
        )}
      </Tabs>
    </div>
  );
}

function Group({ title, facts }: { readonly title: string; readonly facts: Readonly<Record<string, string>> }): ReactNode {
  const given = Object.entries(facts);
  if (given.length === 0) return null;
  return (
    <div className="stack-close">
      <h3>{title}</h3>
      <Facts facts={given.map(([name, value]) => ({ name: sentence(name), value: /^\d{4}-\d\d-\d\dT/u.test(value) ? exact(value) : value }))} />
    </div>
  );
}

/** What started what, as far as the alert tells, left to right. */
function ProcessPicture({ process, user }: { readonly process: Alert["process"]; readonly user: Alert["user"] }): ReactNode {
  const { origin, parent, path, name, ...rest } = process;
  const chain = [
    { what: "Started by", value: parent ?? origin },
    { what: "Process", value: name ?? path },
    { what: "As", value: user["process"] ?? user["name"] },
  ].filter((step): step is { what: string; value: string } => step.value !== undefined);
  if (Object.keys(process).length === 0) return <p className="faint">The console tells of no process for this alert.</p>;
  return (
    <div className="stack">
      <ol className="chain">
        {chain.map(({ what, value }) => (
          <li key={what}>
            <span className="faint">{what}</span>
            <code>{value}</code>
          </li>
        ))}
      </ol>
      <Facts facts={Object.entries({ ...(path === undefined || path === name ? {} : { path }), ...rest }).map(([key, value]) => ({ name: sentence(key), value: <code>{value}</code> }))} />
    </div>
  );
}

function History({ history }: { readonly history: Alert["history"] }): ReactNode {
  if (history.length === 0) return <p className="faint">It is as it was when it was first read.</p>;
  return (
    <ol className="timeline">
      {history.map((entry) => (
        <li key={entry.seq}>
          <div className="timeline-head">
            <span className="strong">{sentence(entry.kind)}</span>
            <span className="faint">
              read <Ago at={entry.readAt} />
            </span>
          </div>
          {entry.changes.map(({ field, from, to }) => (
            <p key={field}>
              {sentence(field)}: <span className="faint">{from ?? "nothing"}</span> → {to ?? "nothing"}
            </p>
          ))}
        </li>
      ))}
    </ol>
  );
}

function RecordText({ address, id }: { readonly address: string; readonly id: string }): ReactNode {
  const record = useQuery({ queryKey: ["record", address], queryFn: ({ signal }) => readText(address, signal) });
  if (record.isPending) return <Loading what="Loading the record" />;
  if (record.isError) return <Failed fault={record.error} again={() => void record.refetch()} />;
  return (
    <div className="stack">
      <div className="row row-end">
        <button type="button" className="link" onClick={() => download(`${id}.json`, record.data, "application/json")}>
          Save as it came
        </button>
      </div>
      {/* Scrolled by keyboard too. */}
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <pre className="record" tabIndex={0} aria-label="The record as SentinelOne gave it">
        {indentJson(record.data)}
      </pre>
    </div>
  );
}
