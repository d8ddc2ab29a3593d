/** One person or service user: all that they hold, on what, since when, and what that covers; and a question about one thing on one scope. */
import { Modal } from "@mantine/core";
import { Link, useParams } from "@tanstack/react-router";
import { useState, type ReactNode } from "react";
import { call, type Answer } from "../../api/client.ts";
import { useAsk, usePages } from "../../api/queries.ts";
import { DataTable, type Column } from "../../parts/data-table.tsx";
import { Facts, Page, Section } from "../../parts/page.tsx";
import { Empty, Failed, Loading } from "../../parts/states.tsx";
import { day, exact } from "../../parts/time.ts";
import { Ago, count, many, sentence, Tag } from "../../parts/words.tsx";
import { CoverageNotes } from "./coverage.tsx";
import { PathNode } from "./path.tsx";
import { kindWord, personKind, personName, reachText, scopeRef, scopeText, sinceProof, sinceShort, sinceText } from "./words.ts";
import { WhyForm } from "./why-form.tsx";

type What = Answer<"GET /api/v1/access/what">;
type Held = What["items"][number];
type Role = What["roles"][number];

/** More than these would be no picture any more; the table has all. */
const DRAWN = 12;

export function PersonPage(): ReactNode {
  const { connection, id } = useParams({ from: "/access/people/$connection/$id" });
  const found = useAsk("GET /api/v1/access/what", { query: { connection, principal: id, limit: 100 } }, { every: 60_000 });
  const [role, setRole] = useState<Role | null>(null);
  if (found.isPending) return <Loading what="Loading the person" />;
  if (found.isError) return <Failed fault={found.error} again={() => void found.refetch()} />;
  const { principal, items, covers, total, notes, coverage, roles } = found.data;
  return (
    <Page
      title={personName(principal)}
      above={<Link to="/access/people">People and tokens</Link>}
      lead={
        <span className="row">
          <Tag tone={principal.status === "active" ? "good" : principal.status === "unknown" ? "plain" : "warn"}>{sentence(principal.status)}</Tag>
          <span>
            {[personKind(principal.kind), principal.email, coverage.name].filter((word) => word !== null).join(" · ")}
          </span>
        </span>
      }
    >
      <CoverageNotes coverage={[coverage]} notes={notes} />
      <div className="columns">
        <div className="column">
          <Section title="What they may do" aside={<span>{many(total, "role held", "roles held")}, covering {reachText(covers)}</span>}>
            {items.length === 0 ? <Empty title="No role is known to be held.">{coverage.complete ? "The console states none." : "Not everything of this console could be read; what is missing stands above."}</Empty> : <Holdings principal={principal} items={items.slice(0, DRAWN)} left={total - Math.min(total, DRAWN)} />}
          </Section>
          <Section title="Roles held" flush>
            <HeldTable connection={connection} principal={id} roles={roles} onRole={setRole} />
          </Section>
        </div>
        <div className="column">
          <Section title="May they …?">
            <WhyForm connection={connection} principal={id} />
          </Section>
          <PersonFacts principal={principal} />
          <Section title="More about them">
            <ul className="plain-list">
              <li>
                <Link to="/access/risks" search={{ principal: principal.id, connection }}>
                  Risks
                </Link>
              </li>
              <li>
                <Link to="/access/changes" search={{ mode: "history", principal: principal.id, connection }}>
                  What changed
                </Link>
              </li>
            </ul>
          </Section>
        </div>
      </div>
      <Permissions role={role} onClose={() => setRole(null)} />
    </Page>
  );
}

/** Who on the left; on the right every role with the scope it is held on and what that covers. */
function Holdings({ principal, items, left }: { readonly principal: What["principal"]; readonly items: readonly Held[]; readonly left: number }): ReactNode {
  return (
    <figure className="path">
      <div className="path-fan">
        <ul className="path-one">
          <PathNode kind="person" label={personKind(principal.kind)} name={personName(principal)} />
        </ul>
        <ul className="path-branches">
          {items.map(({ role, scope, covers }) => (
            <li key={`${role.id} ${scopeRef(scope)}`}>
              <ul className="path-pair">
                <PathNode kind="role" label="holds role" name={role.name} />
                <PathNode kind={scope.kind} label={`on ${kindWord(scope.kind).toLowerCase()}`} name={scope.kind === "global" ? "Everything" : (scope.name ?? scope.id)} note={`covers ${reachText(covers)}`} />
              </ul>
            </li>
          ))}
        </ul>
      </div>
      {left > 0 ? <figcaption>and {many(left, "more role held", "more roles held")}, in the table below.</figcaption> : null}
    </figure>
  );
}

function HeldTable({ connection, principal, roles, onRole }: { readonly connection: string; readonly principal: string; readonly roles: readonly Role[]; readonly onRole: (role: Role) => void }): ReactNode {
  const pages = usePages<Held>(["GET /api/v1/access/what", connection, principal], (after, signal, limit) => call("GET /api/v1/access/what", { query: { connection, principal, after, limit } }, signal));
  const columns: readonly Column<Held>[] = [
    {
      id: "role",
      header: "Role",
      width: 110,
      narrow: true,
      text: ({ role }) => role.name,
      cell: ({ role }) => {
        const known = roles.find(({ id }) => id === role.id);
        return known === undefined ? role.name : (
          <button type="button" className="link" title="What it permits" onClick={() => onRole(known)}>
            {role.name}
          </button>
        );
      },
    },
    {
      id: "scope",
      header: "On",
      narrow: true,
      text: ({ scope }) => scopeText(scope),
      cell: ({ scope }) => (
        <Link to="/access" search={{ connection, scope: scopeRef(scope) }} title="Who else reaches it">
          {scopeText(scope)}
        </Link>
      ),
    },
    { id: "covers", header: "Covers", width: 190, text: ({ covers }) => reachText(covers) },
    { id: "since", header: "Since", width: 140, text: ({ since }) => sinceText(since), cell: ({ since }) => <span title={sinceProof(since)}>{sinceShort(since)}</span> },
    {
      id: "why",
      header: "Path",
      width: 54,
      text: () => "",
      cell: ({ role, scope }) => (
        <Link to="/access/why" search={{ connection, principal, can: role.name, scope: scopeRef(scope) }} aria-label={`Why ${role.name} on ${scopeText(scope)}`}>
          Why
        </Link>
      ),
    },
  ];
  return <DataTable short name="grants" columns={columns} {...pages} rowKey={({ role, scope }) => `${role.id} ${scopeRef(scope)}`} empty={<Empty title="No role is known to be held." />} />;
}

function PersonFacts({ principal }: { readonly principal: What["principal"] }): ReactNode {
  const flag = (value: boolean | null): string => (value === null ? "not known" : value ? "yes" : "no");
  const machine = principal.kind === "service-user";
  return (
    <Section title={machine ? "Service user" : "Account"}>
      <Facts
        facts={[
          { name: "Id", value: <code>{principal.id}</code> },
          ...(machine ? [] : [{ name: "Signs in by", value: principal.source ?? "not known" }, { name: "Second factor", value: principal.twoFaEnabled === false ? <span className="bad-text strong">no</span> : flag(principal.twoFaEnabled) }, { name: "E-mail verified", value: flag(principal.emailVerified) }]),
          { name: "Last used", value: <Ago at={principal.lastUsed} /> },
          ...(machine ? [] : [{ name: "First sign-in", value: principal.firstLogin === null ? "not known" : day(principal.firstLogin) }]),
          { name: "Created", value: principal.createdAt === null ? "not known" : day(principal.createdAt) },
          { name: "Created by", value: principal.createdBy === null ? "not known" : (principal.createdBy.name ?? principal.createdBy.id ?? "not known") },
          { name: "API token", value: principal.token === null ? "none" : principal.token.expiresAt === null ? <span className="bad-text">has no end</span> : <span title={exact(principal.token.expiresAt)}>ends {day(principal.token.expiresAt)}</span> },
          ...(machine ? [] : [{ name: "May make a token", value: flag(principal.canGenerateApiToken) }, { name: "Remote shell", value: flag(principal.allowRemoteShell) }]),
          ...(principal.description === null || principal.description === "" ? [] : [{ name: "Description", value: principal.description }]),
        ]}
      />
    </Section>
  );
}

function Permissions({ role, onClose }: { readonly role: Role | null; readonly onClose: () => void }): ReactNode {
  return (
    <Modal opened={role !== null} onClose={onClose} title={`What ${role?.name ?? ""} permits`} size="lg" closeButtonProps={{ "aria-label": "Close" }}>
      {role === null ? null : role.permissions === null ? (
        <p>What this role permits could not be read: the connection's token lacks Roles: View.</p>
      ) : (
        <div className="stack">
          <p className="faint">{count(role.permissions.length)} permissions, as the console names them.</p>
          <ul className="permissions">
            {role.permissions.map((permission) => (
              <li key={permission}>
                <code>{permission}</code>
              </li>
            ))}
          </ul>
        </div>
      )}
    </Modal>
  );
}
