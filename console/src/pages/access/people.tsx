/** Everybody and everything that can sign in to a console: users, service users and their tokens. */
import { Button, TextInput } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { call } from "../../api/client.ts";
import { useAsk, usePages } from "../../api/queries.ts";
import { DataTable, type Column } from "../../parts/data-table.tsx";
import { Page } from "../../parts/page.tsx";
import { Places } from "../../parts/places.tsx";
import { Empty } from "../../parts/states.tsx";
import { day } from "../../parts/time.ts";
import { UrlChoice } from "../../parts/url-choice.tsx";
import { useTyped, useUrl } from "../../parts/url.ts";
import { Ago, sentence, Tag } from "../../parts/words.tsx";
import { CoverageNotes } from "./coverage.tsx";
import { ACCESS_PLACES, personKind, personName, personRef, type Principal } from "./words.ts";

export function PeoplePage(): ReactNode {
  const url = useUrl();
  const [typed, setTyped] = useTyped("text");
  const coverage = useAsk("GET /api/v1/access/coverage", {});
  const asked = { text: url.get("text"), tenant: url.get("tenant"), connection: url.get("connection") };
  const pages = usePages<Principal>(["GET /api/v1/access/principals", asked], (after, signal, limit) => call("GET /api/v1/access/principals", { query: { ...asked, after, limit } }, signal));
  const connections = coverage.data?.items ?? [];
  const several = connections.length > 1;
  return (
    <Page title="People and tokens" lead="Users and service users of the consoles. Each has a page with all that it holds and why.">
      <Places name="Access" places={ACCESS_PLACES} />
      <div className="filters">
        <TextInput className="filter-search" aria-label="Search people" placeholder="Part of a name or an e-mail address" value={typed} onChange={(event) => setTyped(event.currentTarget.value)} />
        {several ? <UrlChoice param="connection" label="Connection" any="Every connection" data={connections.map(({ connection, name }) => ({ value: connection, label: name ?? connection }))} /> : null}
      </div>
      <CoverageNotes coverage={connections} />
      <div className="card">
        <DataTable
          name="people"
          columns={several ? [...COLUMNS, { id: "connection", header: "Connection", width: 120, text: ({ connection }) => connections.find((one) => one.connection === connection)?.name ?? connection }] : COLUMNS}
          {...pages}
          rowKey={({ connection, kind, id }) => `${connection} ${kind} ${id}`}
          empty={
            asked.text === undefined ? (
              <Empty title="Nobody has been read yet.">Users and service users come with the first reading, where the token may read them.</Empty>
            ) : (
              <Empty title="Nobody is called that." action={<Button variant="default" onClick={() => { setTyped(""); url.set({ text: undefined }); }}>Show everybody</Button>} />
            )
          }
        />
      </div>
    </Page>
  );
}

const COLUMNS: readonly Column<Principal>[] = [
  {
    id: "name",
    header: "Name",
    narrow: true,
    text: personName,
    cell: (principal) => (
      <Link className="strong" to="/access/people/$connection/$id" params={{ connection: principal.connection, id: personRef(principal) }}>
        {personName(principal)}
      </Link>
    ),
  },
  { id: "email", header: "E-mail", text: ({ email }) => email ?? "" },
  { id: "kind", header: "Kind", width: 114, narrow: true, text: ({ kind }) => personKind(kind) },
  { id: "source", header: "Signs in by", width: 110, text: ({ source }) => source ?? "" },
  { id: "status", header: "Status", width: 126, text: ({ status }) => status, cell: ({ status }) => <Tag tone={status === "active" ? "good" : status === "unknown" ? "plain" : "warn"}>{sentence(status)}</Tag> },
  { id: "twoFactor", header: "2FA", width: 60, text: ({ twoFaEnabled }) => (twoFaEnabled === null ? "" : twoFaEnabled ? "yes" : "no"), cell: ({ twoFaEnabled }) => (twoFaEnabled === false ? <span className="bad-text">no</span> : twoFaEnabled === true ? "yes" : <span className="faint">–</span>) },
  { id: "used", header: "Last used", width: 96, text: ({ lastUsed }) => lastUsed ?? "", cell: ({ lastUsed }) => <Ago at={lastUsed} /> },
  { id: "token", header: "Token ends", width: 116, text: ({ token }) => (token === null ? "" : (token.expiresAt ?? "never")), cell: ({ token }) => (token === null ? <span className="faint">no token</span> : token.expiresAt === null ? <span className="bad-text">never</span> : day(token.expiresAt)) },
];
