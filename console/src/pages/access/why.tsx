/** Why somebody may do something on a scope, or that they may not: every path, drawn. */
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { Answer } from "../../api/client.ts";
import { useAsk } from "../../api/queries.ts";
import { Page, Section } from "../../parts/page.tsx";
import { Places } from "../../parts/places.tsx";
import { Empty, Failed, Loading } from "../../parts/states.tsx";
import { useUrl } from "../../parts/url.ts";
import { many, Tag } from "../../parts/words.tsx";
import { CoverageNotes } from "./coverage.tsx";
import { PathPicture } from "./path.tsx";
import { WhyForm } from "./why-form.tsx";
import { ACCESS_PLACES, giverText, personName, personRef, scopeRef, scopeText, sinceProof, sinceText, type ScopeName } from "./words.ts";

type Why = Answer<"GET /api/v1/access/why">;

export function WhyPage(): ReactNode {
  const url = useUrl();
  const asked = { connection: url.get("connection"), principal: url.get("principal"), can: url.get("can"), scope: url.get("scope") };
  const { principal, can, scope } = asked;
  return (
    <Page title="Why somebody may" lead="Whether somebody may do something on a scope, and every path by which they may.">
      <Places name="Access" places={ACCESS_PLACES} />
      <Section title="The question">
        <WhyForm key={JSON.stringify(asked)} connection={asked.connection} start={asked} />
      </Section>
      {principal === undefined || can === undefined || scope === undefined ? <Empty title="Ask for one person, one thing and one scope.">For instance whether mara.voss@example.com may isolate on site:Lyon Depot. To see all who may, choose the scope under Scopes.</Empty> : <Answered connection={asked.connection} principal={principal} can={can} scope={scope} />}
    </Page>
  );
}

function Answered({ connection, principal, can, scope }: { readonly connection: string | undefined; readonly principal: string; readonly can: string; readonly scope: string }): ReactNode {
  const found = useAsk("GET /api/v1/access/why", { query: { connection, principal, role: can, scope } });
  if (found.isPending) return <Loading what="Looking for paths" />;
  if (found.isError) return <Failed fault={found.error} again={() => void found.refetch()} />;
  const why = found.data;
  const name = personName(why.principal);
  return (
    <>
      <Section title="The answer" aside={why.paths.length === 0 ? undefined : many(why.paths.length, "path")}>
        <div className="stack">
          <p className="row answer">
            <Verdict holds={why.holds} /> <span>{verdictText(why, name)}</span>
          </p>
          {why.paths.map((path) => (
            <OnePath key={`${path.role.id} ${JSON.stringify(path.steps[0])}`} why={why} path={path} />
          ))}
          <p className="faint">
            <Link to="/access/people/$connection/$id" params={{ connection: why.scope.connection, id: personRef(why.principal) }}>
              All that {name} may do
            </Link>
            {" · "}
            <Link to="/access" search={{ connection: why.scope.connection, scope: scopeRef(why.scope), ...(why.asked.permission === null ? { role: why.asked.role } : { can: why.asked.role }) }}>
              Everybody who {why.asked.permission === null ? "holds it" : "may"} there
            </Link>
          </p>
        </div>
      </Section>
      <CoverageNotes coverage={[why.coverage]} notes={why.notes} />
    </>
  );
}

function Verdict({ holds }: { readonly holds: Why["holds"] }): ReactNode {
  const [tone, word] = holds === "yes" ? (["good", "Yes"] as const) : holds === "may" ? (["warn", "Perhaps"] as const) : (["plain", "No"] as const);
  return <Tag tone={tone}>{word}</Tag>;
}

function verdictText({ holds, asked, scope, paths }: Why, name: string): string {
  const what = asked.permission === null ? asked.role : asked.permission.id;
  const where = scopeText(scope);
  if (asked.permission === null) return holds === "no" ? `${name} does not hold ${what} where it reaches ${where}.` : `${name} holds ${what} where it reaches ${where}.`;
  if (holds === "yes") return `${name} has ${what} on ${where}.`;
  if (holds === "no") return `${name} does not have ${what} on ${where}.`;
  return paths.length === 0 ? `Not all that ${name} holds could be read: it may be so.` : `${name} may have ${what} on ${where}: what the role permits could not be read.`;
}

function OnePath({ why, path }: { readonly why: Why; readonly path: Why["paths"][number] }): ReactNode {
  const scopes: ScopeName[] = path.steps.map((step) => (step.step === "holds" ? step.scope : step.contains));
  const held = path.steps.find((step) => step.step === "holds");
  return (
    <PathPicture person={why.principal} role={path.role.name} scopes={scopes}>
      {held === undefined || held.step !== "holds" ? null : (
        <p className="faint">
          <span title={sinceProof(held.since)}>Held since: {sinceText(held.since)}.</span> {sinceProof(held.since)} {held.by === null ? "" : `${giverText(held.by)}.`}
        </p>
      )}
      {path.grants === "may" ? <p className="faint">What this role permits could not be read.</p> : null}
    </PathPicture>
  );
}
