/** What needs a person today, how the connections are, and the figures of all five outcomes with where they have been going. */
import { Button } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { Answer } from "../../api/client.ts";
import { useAllProgress } from "../../api/live.ts";
import { useAsk } from "../../api/queries.ts";
import { useMay } from "../../api/session.ts";
import { Page, Section } from "../../parts/page.tsx";
import { Empty, Failed, Loading } from "../../parts/states.tsx";
import { useTenant } from "../../parts/url.ts";
import { Ago, count, sentence, Tag, type Tone } from "../../parts/words.tsx";
import { STATE_TONES } from "../connections/words.ts";
import { Spark } from "./spark.tsx";

type Overview = Answer<"GET /api/v1/overview">;
type Item = Overview["today"][number];

const KIND_TONES: Readonly<Record<Item["kind"], Tone>> = { connection: "bad", token: "warn", cases: "critical", findings: "high", destination: "bad", deliveries: "warn", parked: "warn", disk: "bad" };
const KIND_WORDS: Readonly<Record<Item["kind"], string>> = { connection: "Connection", token: "Token", cases: "Cases", findings: "Findings", destination: "Destination", deliveries: "Deliveries", parked: "Set aside", disk: "Disk" };

/** Addresses of pages that there are; what leads elsewhere is told, not linked. */
const HAS_PAGE = /^\/(?:cases|alerts|devices|vulnerabilities|connections|deliveries)(?:[/?]|$)/u;

export function OverviewPage(): ReactNode {
  const tenant = useTenant();
  const found = useAsk("GET /api/v1/overview", { query: { tenant } }, { every: 30_000 });
  const mayWrite = useMay("connections.write");
  if (found.isPending) return <Loading what="Counting" />;
  if (found.isError) return <Failed fault={found.error} again={() => void found.refetch()} />;
  const { figures, connections, today, at } = found.data;
  if (connections.total === 0)
    return (
      <Page title="Overview">
        <div className="card">
          <Empty title="No console is connected yet." action={mayWrite ? <Button component={Link} to="/connections/add">Add a connection</Button> : undefined}>
            {mayWrite ? "Connect a SentinelOne console with its address and a token; cases, devices and findings appear here by themselves." : "Ask an administrator to add one."}
          </Empty>
        </div>
      </Page>
    );
  return (
    <Page title="Overview" lead={<>As of <Ago at={at} />.</>}>
      <div className="columns">
        <Section title="What needs somebody today" flush>
          {today.length === 0 ? (
            <Empty title="Nothing needs you.">Every connection is well, no urgent case is without an owner, and nothing is set aside.</Empty>
          ) : (
            <ul className="today">
              {today.map((item) => (
                <li key={`${item.kind} ${item.text}`}>
                  <Tag tone={KIND_TONES[item.kind]}>{KIND_WORDS[item.kind]}</Tag>
                  <span>{HAS_PAGE.test(item.href) ? <Link to={item.href}>{item.text}</Link> : item.text}</span>
                  {item.since === null ? <span /> : <span className="faint"><Ago at={item.since} /></span>}
                </li>
              ))}
            </ul>
          )}
        </Section>
        <ConnectionHealth total={connections.total} />
      </div>
      <div className="tiles">
        <Tile to="/cases" name="Open cases" value={figures.cases.value} note={`${count(figures.cases.urgent)} high or critical, ${count(figures.cases.urgentUnowned)} of them nobody's`} trend={figures.cases.trend} per={figures.cases.per} what="new cases" />
        <Tile to="/alerts" name="Alerts in 24 hours" value={figures.alerts.value} note={`${count(figures.alerts.unresolved)} unresolved at the console`} trend={figures.alerts.trend} per={figures.alerts.per} what="alerts" />
        <Tile to="/devices" name="Devices" value={figures.devices.value} note={`${count(figures.devices.failing)} fail a posture rule`} trend={figures.devices.trend} per={figures.devices.per} what="verdicts that turned to fail" />
        <Tile to="/access" name="People and service accounts" value={figures.access.value} note={`${count(figures.access.bindings)} roles given`} trend={figures.access.trend} per={figures.access.per} what="" />
        <Tile to="/vulnerabilities" name="Open findings" value={figures.findings.value} note={`${count(figures.findings.critical)} critical, ${count(figures.findings.overdue)} overdue`} trend={figures.findings.trend} per={figures.findings.per} what="findings" />
        <Tile to="/deliveries" name="Deliveries waiting" value={figures.deliveries.value} note={`${count(figures.deliveries.delivered)} delivered, ${count(figures.deliveries.parked)} set aside`} trend={figures.deliveries.trend} per={figures.deliveries.per} what="deliveries accepted" />
      </div>
      <ReadingNow />
    </Page>
  );
}

interface TileProps {
  readonly to?: "/cases" | "/alerts" | "/access" | "/devices" | "/vulnerabilities" | "/deliveries";
  readonly name: string;
  readonly value: number;
  readonly note: string;
  readonly trend: readonly number[];
  readonly per: "day" | "hour";
  readonly what: string;
}

function Tile({ to, name, value, note, trend, per, what }: TileProps): ReactNode {
  return (
    <section className="tile" aria-label={name}>
      <h2>{to === undefined ? name : <Link to={to}>{name}</Link>}</h2>
      <p className="tile-value">{count(value)}</p>
      <p className="faint">{note}</p>
      {/* A single column tells nothing of how it went: that begins with the second. */}
      {trend.filter((value) => value > 0).length > 1 ? <Spark values={trend} label={`${sentence(what)} each ${per}, the latest ${count(trend.at(-1) ?? 0)}`} /> : null}
    </section>
  );
}

const SHOWN_CONNECTIONS = 8;

/** Those that need somebody first. */
function ConnectionHealth({ total }: { readonly total: number }): ReactNode {
  const tenant = useTenant();
  const ill = useAsk("GET /api/v1/connections", { query: { tenant, state: "Needs attention", limit: SHOWN_CONNECTIONS } }, { every: 30_000 });
  const first = useAsk("GET /api/v1/connections", { query: { tenant, limit: SHOWN_CONNECTIONS } }, { every: 30_000 });
  const shown = [...new Map([...(ill.data?.items ?? []), ...(first.data?.items ?? [])].map((one) => [one.id, one])).values()].slice(0, SHOWN_CONNECTIONS);
  return (
    <Section title="Connections" aside={<Link to="/connections">All</Link>}>
      {first.isPending || ill.isPending ? (
        <Loading what="Loading the connections" />
      ) : first.isError ? (
        <Failed fault={first.error} again={() => void first.refetch()} />
      ) : (
        <ul className="plain-list">
          {shown.map((one) => (
            <li key={one.id} className="row row-apart">
              <Link to="/connections/$id" params={{ id: one.id }}>
                {one.name}
              </Link>
              <Tag tone={STATE_TONES[one.state]}>{one.state}</Tag>
            </li>
          ))}
          {total > shown.length ? <li className="faint">and {count(total - shown.length)} more</li> : null}
        </ul>
      )}
    </Section>
  );
}

/** What is being read at this moment, as the hub tells of it. */
function ReadingNow(): ReactNode {
  const under = useAllProgress().filter(({ state }) => state !== "done" && state !== "skipped" && state !== "failed");
  if (under.length === 0) return null;
  return (
    <Section title="Being read now">
      <div className="progress" role="status">
        {under.slice(0, 8).map(({ connection, stream, state, read, total }) => (
          <div key={`${connection} ${stream}`} className="progress-line">
            <Link to="/connections/$id" params={{ id: connection }}>
              {stream}
            </Link>
            <span className={total === null ? "bar bar-busy" : "bar"} aria-hidden="true">
              <span style={total === null ? {} : { width: `${String(Math.min(100, total === 0 ? 100 : (read / total) * 100))}%` }} />
            </span>
            <span className="right">
              {count(read)}
              {total === null ? "" : ` of ${count(total)}`}
            </span>
            <span className="faint">{sentence(state)}</span>
          </div>
        ))}
      </div>
    </Section>
  );
}
