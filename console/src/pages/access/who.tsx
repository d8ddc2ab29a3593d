/** Who reaches one scope, and by which role; of all of them, or of those who can do one thing. */
import { Autocomplete, Button } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { call } from "../../api/client.ts";
import { useAsk, usePages } from "../../api/queries.ts";
import { DataTable, type Column } from "../../parts/data-table.tsx";
import { Section } from "../../parts/page.tsx";
import { Empty, Failed } from "../../parts/states.tsx";
import { useTyped, useUrl } from "../../parts/url.ts";
import { count, Tag } from "../../parts/words.tsx";
import { ACTIONS } from "./actions.ts";
import { CoverageNotes } from "./coverage.tsx";
import { kindWord, personName, personRef, scopeText, sinceProof, sinceShort, sinceText, type WhoRow } from "./words.ts";

interface WhoProps {
  /** `site:ID`. */
  readonly scope: string;
  readonly connection: string | undefined;
}

export function WhoReaches({ scope, connection }: WhoProps): ReactNode {
  const url = useUrl();
  const [typed, setTyped] = useTyped("can");
  const can = url.get("can");
  const role = url.get("role");
  const asked = { scope, connection, can, role };
  const first = useAsk("GET /api/v1/access/who", { query: { ...asked, limit: 1 } });
  const pages = usePages<WhoRow>(["GET /api/v1/access/who", asked], (after, signal, limit) => call("GET /api/v1/access/who", { query: { ...asked, after, limit } }, signal));
  const found = first.data;
  const name = found === undefined ? "" : found.scope.kind === "global" ? "the whole console" : (found.scope.name ?? found.scope.id);
  const roles = [...new Set(pages.rows.map((row) => row.role.name))];
  return (
    <div className="column">
      <Section
        title={found === undefined ? "Who reaches it" : `Who reaches ${name}`}
        flush
        aside={
          found === undefined ? undefined : (
            <span>
              {count(found.total)}
              {found.totalIs === "at-least" ? "+" : ""} {found.total === 1 && found.totalIs === "exact" ? "grant" : "grants"}
            </span>
          )
        }
      >
        <div className="card-body stack">
          {found === undefined ? null : (
            <p className="faint">
              {kindWord(found.scope.kind)}
              {found.lies.length === 0 ? "" : ` in ${found.lies.map(scopeText).join(", in ")}`}
              {found.permission === null ? "" : `; asked for ${found.permission.id}`}
            </p>
          )}
          <div className="filters">
            <Autocomplete className="filter-search" aria-label="Who can" placeholder="Can do, like isolate" data={[...ACTIONS]} value={typed} onChange={setTyped} maxDropdownHeight={260} comboboxProps={{ shadow: "md" }} size="xs" />
            {role === undefined ? null : (
              <Button variant="default" onClick={() => url.set({ role: undefined })}>
                Only {role} ✕
              </Button>
            )}
          </div>
          {found === undefined ? null : <CoverageNotes coverage={[found.coverage]} notes={found.notes} />}
        </div>
        {pages.fault !== null && pages.rows.length === 0 ? (
          <Failed fault={pages.fault} again={pages.again} />
        ) : (
          <DataTable
            name="grants"
            columns={columnsFor(scope, connection ?? found?.scope.connection, can, roles.length > 1 ? (chosen) => url.set({ role: chosen }) : null)}
            {...pages}
            rowKey={({ principal, role: held, path }) => `${principal.kind} ${principal.id} ${held.id} ${path[0]?.kind ?? ""} ${path[0]?.id ?? ""}`}
            empty={
              <Empty title={can === undefined && role === undefined ? "Nobody is known to hold a role that reaches it." : "Nobody is known to be able to."} action={can === undefined && role === undefined ? undefined : <Button variant="default" onClick={() => { setTyped(""); url.set({ can: undefined, role: undefined }); }}>Show everybody who reaches it</Button>}>
                {found?.coverage.complete === false ? "Not everything of this console could be read; what is missing stands above." : undefined}
              </Empty>
            }
          />
        )}
      </Section>
    </div>
  );
}

function columnsFor(scope: string, connection: string | undefined, can: string | undefined, choose: ((role: string) => void) | null): readonly Column<WhoRow>[] {
  return [
    {
      id: "who",
      header: "Who",
      narrow: true,
      text: ({ principal }) => personName(principal),
      cell: ({ principal }) =>
        connection === undefined ? (
          personName(principal)
        ) : (
          <>
            <Link className="strong" to="/access/people/$connection/$id" params={{ connection, id: personRef(principal) }}>
              {personName(principal)}
            </Link>
            {principal.kind === "service-user" ? <span className="faint"> service user</span> : null}
          </>
        ),
    },
    {
      id: "role",
      header: "Role",
      width: 104,
      narrow: true,
      text: ({ role }) => role.name,
      cell: ({ role }) =>
        choose === null ? (
          role.name
        ) : (
          <button type="button" className="link" title={`Only ${role.name}`} onClick={() => choose(role.name)}>
            {role.name}
          </button>
        ),
    },
    {
      id: "via",
      header: "Via",
      width: 128,
      text: ({ via, path }) => (via === "direct" || path[0] === undefined ? "direct" : `inherited from ${scopeText(path[0])}`),
      cell: ({ via, path }) => (via === "direct" || path[0] === undefined ? <Tag tone="busy">Direct</Tag> : <span className="faint">from {scopeText(path[0])}</span>),
    },
    ...(can === undefined ? [] : [{ id: "grants", header: "Can", width: 64, text: ({ grants }: WhoRow) => grants ?? "", cell: ({ grants }: WhoRow) => <Tag tone={grants === "may" ? "warn" : "good"}>{grants === "may" ? "May" : "Yes"}</Tag> }]),
    { id: "twoFactor", header: "2FA", width: 50, text: ({ principal }) => (principal.twoFaEnabled === null ? "" : principal.twoFaEnabled ? "yes" : "no"), cell: ({ principal }) => (principal.twoFaEnabled === false ? <span className="bad-text">no</span> : principal.twoFaEnabled === true ? "yes" : <span className="faint">–</span>) },
    { id: "since", header: "Since", width: 150, text: ({ since }) => sinceText(since), cell: ({ since }) => <span title={sinceProof(since)}>{sinceShort(since)}</span> },
    {
      id: "why",
      header: "Path",
      width: 54,
      narrow: true,
      text: ({ path }) => path.map(scopeText).join(" > "),
      cell: ({ principal, role }) => (
        <Link to="/access/why" search={{ connection, principal: personRef(principal), can: can ?? role.name, scope }} aria-label={`Why ${personName(principal)}`}>
          Why
        </Link>
      ),
    },
  ];
}
