/** Every console that is connected: whether it is well, how fresh what it gave is, and when its token ends. */
import { Button, TextInput } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { call, type Query } from "../../api/client.ts";
import { usePages } from "../../api/queries.ts";
import { useMay } from "../../api/session.ts";
import { DataTable, type Column } from "../../parts/data-table.tsx";
import { Page } from "../../parts/page.tsx";
import { Empty } from "../../parts/states.tsx";
import { useAskTenantNames, useTenantNames } from "../../parts/tenant-names.ts";
import { span } from "../../parts/time.ts";
import { UrlChoice } from "../../parts/url-choice.tsx";
import { useFilters, useTyped, useUrl } from "../../parts/url.ts";
import { count, Tag } from "../../parts/words.tsx";
import { askStreams, useStreams, type StreamsOf } from "./stream-states.ts";
import { hostOf, STATE_TONES, tokenTone, tokenWords, type Connection, type StreamState } from "./words.ts";

/** As many as the hub tells the streams of in one answer. */
const AT_ONCE = 200;
const STATES: readonly Connection["state"][] = ["Connected", "Syncing", "Verifying", "Needs attention", "Paused"];

export function ConnectionsPage(): ReactNode {
  const mayWrite = useMay("connections.write");
  const url = useUrl();
  const [typed, setTyped] = useTyped("text");
  // An address is anybody's text: what the hub does not know it refuses, and the page says so.
  const filter = { tenant: url.get("tenant"), state: url.get("state"), text: url.get("text") } as Query<"GET /api/v1/connections">;
  const pages = usePages<Connection>(["GET /api/v1/connections", filter], (after, signal, limit) => call("GET /api/v1/connections", { query: { ...filter, after, limit } }, signal), { every: 15_000, most: AT_ONCE });
  const streams = useStreams(pages.rows);
  const nameOf = useTenantNames(pages.rows.map((one) => one.tenant));
  const askNames = useAskTenantNames();
  const { filtered, clear } = useFilters(["text", "state"]);

  return (
    <Page
      title="Connections"
      lead="Each is one SentinelOne console, read with one token. Vedette only reads."
      actions={
        mayWrite ? (
          <Button component={Link} to="/connections/add">
            Add a connection
          </Button>
        ) : undefined
      }
    >
      <div className="filters">
        <TextInput className="filter-search" aria-label="Search connections" placeholder="Name or address" value={typed} onChange={(event) => setTyped(event.currentTarget.value)} />
        <UrlChoice param="state" label="State" any="Any state" data={STATES} />
      </div>
      <div className="card">
        <DataTable
          name="connections"
          columns={columnsOf(streams, nameOf)}
          columnsFor={async (rows, signal) => columnsOf(await askStreams(rows, signal), await askNames(rows.map((one) => one.tenant), signal))}
          {...pages}
          rowKey={({ id }) => id}
          empty={
            filtered ? (
              <Empty title="No connection matches." action={<Button variant="default" onClick={() => { setTyped(""); clear(); }}>Show all</Button>} />
            ) : (
              <Empty title="No console is connected yet." action={mayWrite ? <Button component={Link} to="/connections/add">Add a connection</Button> : undefined}>
                {mayWrite ? "You need the console's address and a token of a service user with the role Viewer; the next page says where both are." : "Ask an administrator to add one."}
              </Empty>
            )
          }
        />
      </div>
    </Page>
  );
}

function columnsOf(streamsOf: StreamsOf, tenantName: (id: string) => string): readonly Column<Connection>[] {
  const sum = (connection: Connection, pick: (stream: StreamState) => number): string => {
    const streams = streamsOf(connection);
    return streams === undefined ? "" : count(streams.reduce((all, stream) => all + pick(stream), 0));
  };
  return [
    {
      id: "name",
      header: "Connection",
      narrow: true,
      text: ({ name }) => name,
      cell: ({ id, name }) => (
        <Link className="strong" to="/connections/$id" params={{ id }}>
          {name}
        </Link>
      ),
    },
    { id: "state", header: "State", width: 150, narrow: true, text: ({ state }) => state, cell: ({ state }) => <Tag tone={STATE_TONES[state]}>{state}</Tag> },
    { id: "console", header: "Console", text: (connection) => hostOf(connection.url) },
    { id: "tenant", header: "Tenant", width: 150, text: ({ tenant }) => tenantName(tenant) },
    { id: "fresh", header: "Slowest stream", width: 170, text: (connection) => slowest(streamsOf(connection)) },
    { id: "rows", header: "Records", width: 110, right: true, text: (connection) => sum(connection, ({ rows }) => rows) },
    { id: "parked", header: "Set aside", width: 90, right: true, text: (connection) => sum(connection, ({ parked }) => parked) },
    { id: "token", header: "Token", width: 130, text: ({ token }) => tokenWords(token.daysLeft), cell: ({ token }) => <Tag tone={tokenTone(token.daysLeft)}>{tokenWords(token.daysLeft)}</Tag> },
  ];
}

function slowest(streams: readonly StreamState[] | undefined): string {
  if (streams === undefined) return "";
  if (streams.some(({ freshAt }) => freshAt === null)) return "not read yet";
  const oldest = streams.toSorted((a, b) => (b.ageSeconds ?? 0) - (a.ageSeconds ?? 0))[0];
  return oldest === undefined ? "–" : `${oldest.stream}, ${span(oldest.ageSeconds ?? 0)}`;
}
