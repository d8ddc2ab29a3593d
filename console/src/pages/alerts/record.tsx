/** One alert: what the console says of it, its process, what became of it, and its record in each of the forms it can have. */
import { Tabs } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { addressOf, readText, type Answer } from "../../api/client.ts";
import { useAsk } from "../../api/queries.ts";
import { download } from "../../parts/csv.ts";
import { indentJson } from "../../parts/json-text.ts";
import { Facts } from "../../parts/page.tsx";
import { Failed, FaultNote, Loading } from "../../parts/states.tsx";
import { exact } from "../../parts/time.ts";
import { Ago, Outside, sentence, Severity, Tag } from "../../parts/words.tsx";

export type Detail = Answer<"GET /api/v1/alerts/{id}">;

export interface Which {
  readonly id: string;
  readonly stream: Detail["alert"]["stream"] | undefined;
  readonly connection: string | undefined;
}

export function useAlert({ id, stream, connection }: Which) {
  return useAsk("GET /api/v1/alerts/{id}", { params: { id }, query: { stream, connection } });
}

export function AlertLine({ detail: { alert, link } }: { readonly detail: Detail }): ReactNode {
  return (
    <span className="row">
      <Severity value={alert.severity} />
      <Tag tone="plain">{alert.statusWord ?? sentence(alert.status)}</Tag>
      <span className="faint">
        {[alert.product, alert.device, alert.user].filter((word) => word !== null).join(" · ")} · detected <Ago at={alert.at} />
      </span>
      <Outside href={link}>Open in the console</Outside>
    </span>
  );
}

const FORMS = [
  { value: "native", name: "Native", as: undefined },
  { value: "ecs", name: "ECS", as: "ecs" },
  { value: "ocsf", name: "OCSF", as: "ocsf" },
] as const;

/** `evidence`: which of its forms are tabs of their own. Raw is the record byte for byte. */
export function AlertTabs({ detail }: { readonly detail: Detail }): ReactNode {
  const { alert, process, user, history, recordGone } = detail;
  return (
    <Tabs defaultValue="summary" keepMounted={false}>
      <Tabs.List>
        <Tabs.Tab value="summary">Summary</Tabs.Tab>
        <Tabs.Tab value="process">Process</Tabs.Tab>
        <Tabs.Tab value="history">History</Tabs.Tab>
        {recordGone ? null : FORMS.map(({ value, name }) => <Tabs.Tab key={value} value={value}>{name}</Tabs.Tab>)}
        {recordGone ? null : <Tabs.Tab value="raw">Raw</Tabs.Tab>}
      </Tabs.List>
      <Tabs.Panel value="summary" pt="sm">
        <Summary detail={detail} />
      </Tabs.Panel>
      <Tabs.Panel value="process" pt="sm">
        <ProcessPicture process={process} user={user} />
      </Tabs.Panel>
      <Tabs.Panel value="history" pt="sm">
        <History history={history} />
      </Tabs.Panel>
      {recordGone ? null : FORMS.map(({ value, as }) => (
        <Tabs.Panel key={value} value={value} pt="sm">
          <Form alert={alert} as={as} pretty />
        </Tabs.Panel>
      ))}
      {recordGone ? null : (
        <Tabs.Panel value="raw" pt="sm">
          <Form alert={alert} as={undefined} pretty={false} />
        </Tabs.Panel>
      )}
    </Tabs>
  );
}

function Summary({ detail: { description, facts, device, user, techniques, indicators, recordGone } }: { readonly detail: Detail }): ReactNode {
  return (
    <div className="stack">
      {recordGone ? <FaultNote tone="warn" fault={{ name: "gone", message: "The console no longer has this record; what was last read of it is shown." }} /> : null}
      {description === null ? null : <p>{description}</p>}
      <Group title="What the console says" facts={facts} />
      <Group title="Device" facts={device} />
      <Group title="User" facts={user} />
      {techniques.length === 0 ? null : (
        <div className="stack-close">
          <h3>ATT&amp;CK</h3>
          <div className="row">
            {techniques.map(({ tactic, id, name }) => (
              <Tag key={`${tactic ?? ""} ${id ?? ""} ${name ?? ""}`} tone="plain">
                {[tactic, id, name].filter((word) => word !== null).join(" · ")}
              </Tag>
            ))}
          </div>
        </div>
      )}
      {indicators.length === 0 ? null : (
        <div className="stack-close">
          <h3>Indicators</h3>
          <ul className="plain-list">
            {indicators.map((indicator) => (
              <li key={indicator}>{indicator}</li>
            ))}
          </ul>
        </div>
      )}
    </div>
  );
}

function Group({ title, facts }: { readonly title: string; readonly facts: Readonly<Record<string, string>> }): ReactNode {
  const given = Object.entries(facts);
  if (given.length === 0) return null;
  return (
    <div className="stack-close">
      <h3>{title}</h3>
      <Facts facts={given.map(([name, value]) => ({ name: sentence(name), value: /^\d{4}-\d\d-\d\dT/u.test(value) && !Number.isNaN(Date.parse(value)) ? exact(value) : value }))} />
    </div>
  );
}

/** What started what, as far as the alert tells, left to right. */
function ProcessPicture({ process, user }: { readonly process: Detail["process"]; readonly user: Detail["user"] }): ReactNode {
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

function History({ history }: { readonly history: Detail["history"] }): ReactNode {
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

const FORM_WORDS: Readonly<Record<"ecs" | "ocsf", string>> = { ecs: "The record as the Elastic Common Schema has it, as destinations of that format get it", ocsf: "The record as the Open Cybersecurity Schema Framework has it, as destinations of that format get it" };

function Form({ alert, as, pretty }: { readonly alert: Detail["alert"]; readonly as: "ecs" | "ocsf" | undefined; readonly pretty: boolean }): ReactNode {
  const { id, stream, connection } = alert;
  const address = addressOf(`/api/v1/alerts/{id}/${as === undefined ? "record" : "document"}`, { id }, { as, stream, connection });
  const record = useQuery({ queryKey: ["record", address], queryFn: ({ signal }) => readText(address, signal) });
  if (record.isPending) return <Loading what="Loading the record" />;
  if (record.isError) return <Failed fault={record.error} again={() => void record.refetch()} />;
  return (
    <div className="stack">
      <div className="row row-apart">
        <span className="faint">{as === undefined ? (pretty ? "The record as SentinelOne gave it, set out to be read" : "The record byte for byte, as it came") : FORM_WORDS[as]}</span>
        <button type="button" className="link" onClick={() => download(`${id}${as === undefined ? "" : `-${as}`}.json`, record.data, "application/json")}>
          Save
        </button>
      </div>
      {/* Scrolled by keyboard too. */}
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <pre className="record" tabIndex={0} role="region" aria-label={as === undefined ? "The record as SentinelOne gave it" : FORM_WORDS[as]}>
        {pretty ? indentJson(record.data) : record.data}
      </pre>
    </div>
  );
}
