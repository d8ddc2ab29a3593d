/** One case: what happened, what it is about, the alerts behind it, what is suggested and why, and what a person decides. */
import { Link, useParams } from "@tanstack/react-router";
import { useState, type ReactNode } from "react";
import { call } from "../../api/client.ts";
import { useAsk, usePages } from "../../api/queries.ts";
import { DataTable, type Column } from "../../parts/data-table.tsx";
import { Page, Section } from "../../parts/page.tsx";
import { Empty, Failed, Loading } from "../../parts/states.tsx";
import { exact } from "../../parts/time.ts";
import { Ago, many, sentence, Severity, Tag } from "../../parts/words.tsx";
import { Evidence } from "./evidence.tsx";
import { Suggestion } from "./suggestion.tsx";
import { Timeline } from "./timeline.tsx";
import { ENTITY_WORDS, LINK_WORDS, STATUS_TONES, STATUS_WORDS, type CaseDetail, type Member } from "./words.ts";
import { Work } from "./work.tsx";

export function CasePage(): ReactNode {
  const { id } = useParams({ from: "/cases/$id" });
  const found = useAsk("GET /api/v1/cases/{id}", { params: { id }, query: { limit: 200 } }, { every: 20_000 });
  if (found.isPending) return <Loading what="Loading the case" />;
  if (found.isError) return <Failed fault={found.error} again={() => void found.refetch()} />;
  const detail = found.data;
  const { case: one } = detail;
  return (
    <Page
      title={one.title}
      above={<Link to="/cases">Cases</Link>}
      lead={
        <span className="row">
          <Severity value={one.severity} />
          <Tag tone={STATUS_TONES[one.status]}>{STATUS_WORDS[one.status]}</Tag>
          <span>
            {sentence(one.type)} · {many(one.alerts, "alert")} · {many(one.devices, "device")} · {many(one.users, "user")} · {one.products.join(", ")}
          </span>
          <code className="faint">{one.id}</code>
        </span>
      }
    >
      {detail.merged === null ? null : (
        <p className="note">
          {detail.merged} was found to be the same and is now part of this case.
        </p>
      )}
      <div className="columns">
        <div className="column">
          <Section title="Alerts" flush aside={one.openAlerts === one.alerts ? undefined : `${String(one.openAlerts)} still open at the console`}>
            <Members id={id} />
          </Section>
          <Suggestion one={one} />
          <Section title="Timeline">
            <Timeline detail={detail} />
          </Section>
        </div>
        <div className="column">
          <Work key={one.version} one={one} />
          <Things title="What it is about" things={detail.entities} left={detail.entitiesLeft} />
          <Things title="Indicators" things={detail.indicators} left={detail.indicatorsLeft} />
          <Together detail={detail} />
        </div>
      </div>
    </Page>
  );
}

function Members({ id }: { readonly id: string }): ReactNode {
  const [chosen, setChosen] = useState<Member | null>(null);
  const pages = usePages<Member>(["GET /api/v1/cases/{id}/members", id], (after, signal, limit) => call("GET /api/v1/cases/{id}/members", { params: { id }, query: { after, limit } }, signal));
  const columns: readonly Column<Member>[] = [
    { id: "severity", header: "Severity", width: 104, narrow: true, text: ({ severity }) => severity, cell: ({ severity }) => <Severity value={severity} /> },
    {
      id: "name",
      header: "Alert",
      narrow: true,
      text: ({ name, id: alert }) => name ?? alert,
      cell: (member) => (
        <button type="button" className="link" onClick={() => setChosen(member)}>
          {member.name ?? member.id}
        </button>
      ),
    },
    { id: "device", header: "Device", width: 124, text: ({ device }) => device ?? "" },
    { id: "user", header: "User", width: 110, text: ({ user }) => user ?? "" },
    { id: "status", header: "At the console", width: 118, text: ({ status }) => sentence(status) },
    { id: "at", header: "Detected", width: 96, text: ({ at }) => exact(at), cell: ({ at }) => <Ago at={at} /> },
  ];
  return (
    <>
      <DataTable short name="alerts" columns={columns} {...pages} rowKey={(member) => `${member.stream} ${member.connection} ${member.id}`} empty={<Empty title="No alert is left in this case.">They belong to another case by now; the timeline says which.</Empty>} />
      <Evidence member={chosen} onClose={() => setChosen(null)} />
    </>
  );
}

function Things({ title, things, left }: { readonly title: string; readonly things: CaseDetail["entities"]; readonly left: number }): ReactNode {
  if (things.length === 0) return null;
  return (
    <Section title={title}>
      <ul className="things">
        {things.map(({ kind, value, alerts }) => (
          <li key={`${kind} ${value}`}>
            <span className="faint">{ENTITY_WORDS[kind]}</span>
            <Link className={kind === "device" || kind === "user" || kind === "technique" ? undefined : "code"} to="/cases" search={{ status: "any", text: value.slice(0, 200) }} title="Other cases with it">
              {value}
            </Link>
            <span className="faint">{alerts}×</span>
          </li>
        ))}
      </ul>
      {left > 0 ? <p className="faint">and {many(left, "more", "more")}</p> : null}
    </Section>
  );
}

function Together({ detail }: { readonly detail: CaseDetail }): ReactNode {
  const kinds = [...new Set(detail.links.map(({ kind }) => kind))].filter((kind) => detail.case.alerts > 1 || kind === "record");
  if (kinds.length === 0 && detail.related.length === 0) return null;
  return (
    <Section title="Why together">
      <div className="stack">
        {kinds.length === 0 ? null : <p>Its alerts share {kinds.map((kind) => LINK_WORDS[kind]).join("; ")}.</p>}
        {detail.related.length === 0 ? null : (
          <div>
            <h3>The same behaviour, at another time</h3>
            <ul className="plain-list">
              {detail.related.map((related) => (
                <li key={related.id}>
                  <Link to="/cases/$id" params={{ id: related.id }}>
                    {related.title}
                  </Link>{" "}
                  <span className="faint">
                    {STATUS_WORDS[related.status].toLowerCase()}, <Ago at={related.lastAt} />
                  </span>
                </li>
              ))}
            </ul>
          </div>
        )}
      </div>
    </Section>
  );
}
