/** Every console that is connected: whether it is well, how fresh what it gave is, and when its token ends. */
import { Button, TextInput } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useAsk } from "../../api/queries.ts";
import { useMay } from "../../api/session.ts";
import { DataTable, type Column } from "../../parts/data-table.tsx";
import { Page } from "../../parts/page.tsx";
import { Empty } from "../../parts/states.tsx";
import { useTenantNames } from "../../parts/tenant-names.ts";
import { span } from "../../parts/time.ts";
import { UrlChoice } from "../../parts/url-choice.tsx";
import { useTyped, useUrl } from "../../parts/url.ts";
import { count, Tag } from "../../parts/words.tsx";
import { hostOf, STATE_TONES, tokenTone, tokenWords, type Connection, type StreamState } from "./words.ts";

interface Row {
  readonly connection: Connection;
  readonly streams: readonly StreamState[];
  readonly tenant: string;
}

const STATES: readonly Connection["state"][] = ["Connected", "Syncing", "Verifying", "Needs attention", "Paused"];

export function ConnectionsPage(): ReactNode {
  const status = useAsk("GET /api/v1/status", {}, { every: 15_000 });
  const mayWrite = useMay("connections.write");
  const url = useUrl();
  const [typed, setTyped] = useTyped("text");
  const tenant = url.get("tenant");
  const state = url.get("state");
  const text = (url.get("text") ?? "").toLowerCase();

  const all = (status.data?.connections ?? []).filter((one) => tenant === undefined || one.tenant === tenant);
  const nameOf = useTenantNames(all.map((one) => one.tenant));
  const rows: readonly Row[] = all
    .filter((one) => (state === undefined || one.state === state) && (text === "" || `${one.name} ${one.url} ${one.description}`.toLowerCase().includes(text)))
    .map((connection) => ({ connection, streams: (status.data?.streams ?? []).filter((stream) => stream.connection === connection.id), tenant: nameOf(connection.tenant) }));

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
          columns={COLUMNS}
          rows={rows}
          rowKey={({ connection }) => connection.id}
          pending={status.isPending}
          fault={status.error}
          again={() => void status.refetch()}
          empty={
            all.length > 0 ? (
              <Empty title="No connection matches." action={<Button variant="default" onClick={() => { setTyped(""); url.set({ state: undefined, text: undefined }); }}>Show all</Button>} />
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

const COLUMNS: readonly Column<Row>[] = [
  {
    id: "name",
    header: "Connection",
    narrow: true,
    text: ({ connection }) => connection.name,
    cell: ({ connection }) => (
      <Link className="strong" to="/connections/$id" params={{ id: connection.id }}>
        {connection.name}
      </Link>
    ),
  },
  { id: "state", header: "State", width: 150, narrow: true, text: ({ connection }) => connection.state, cell: ({ connection }) => <Tag tone={STATE_TONES[connection.state]}>{connection.state}</Tag> },
  { id: "console", header: "Console", text: ({ connection }) => hostOf(connection.url) },
  { id: "tenant", header: "Tenant", width: 150, text: ({ tenant }) => tenant },
  { id: "fresh", header: "Slowest stream", width: 170, text: ({ streams }) => slowest(streams) },
  { id: "rows", header: "Records", width: 110, right: true, text: ({ streams }) => count(streams.reduce((sum, { rows }) => sum + rows, 0)) },
  { id: "parked", header: "Set aside", width: 90, right: true, text: ({ streams }) => count(streams.reduce((sum, { parked }) => sum + parked, 0)) },
  { id: "token", header: "Token", width: 130, text: ({ connection }) => tokenWords(connection.token.daysLeft), cell: ({ connection }) => <Tag tone={tokenTone(connection.token.daysLeft)}>{tokenWords(connection.token.daysLeft)}</Tag> },
];

function slowest(streams: readonly StreamState[]): string {
  if (streams.some(({ freshAt }) => freshAt === null)) return "not read yet";
  const oldest = streams.toSorted((a, b) => (b.ageSeconds ?? 0) - (a.ageSeconds ?? 0))[0];
  return oldest === undefined ? "–" : `${oldest.stream}, ${span(oldest.ageSeconds ?? 0)}`;
}
