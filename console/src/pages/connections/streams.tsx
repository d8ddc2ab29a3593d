/** How fresh what each stream gave is, and what hinders one. */
import { Button, Menu } from "@mantine/core";
import type { ReactNode } from "react";
import type { Route } from "../../api/client.ts";
import { useChange } from "../../api/queries.ts";
import { useMay } from "../../api/session.ts";
import { DataTable, type Column } from "../../parts/data-table.tsx";
import { Empty, FaultNote } from "../../parts/states.tsx";
import { age } from "../../parts/time.ts";
import { Ago, count, Tag, Until } from "../../parts/words.tsx";
import { streamWord, type Connection, type StreamState } from "./words.ts";

interface StreamsProps {
  readonly connection: Connection;
  readonly streams: readonly StreamState[];
  readonly pending: boolean;
  readonly fault: Error | null;
}

export function Streams({ connection, streams, pending, fault }: StreamsProps): ReactNode {
  const mayWrite = useMay("connections.write");
  const mayRun = useMay("sync.run");
  const faulty = streams.filter((stream) => stream.fault !== null);
  const columns: readonly Column<StreamState>[] = [
    { id: "stream", header: "Stream", narrow: true, text: ({ stream }) => stream, cell: ({ stream }) => <span className="strong">{stream}</span> },
    {
      id: "state",
      header: "State",
      width: 116,
      narrow: true,
      text: (stream) => stream.fault?.message ?? streamWord(stream, connection.paused)[1],
      cell: (stream) => {
        const [tone, word] = streamWord(stream, connection.paused);
        return <Tag tone={tone}>{word}</Tag>;
      },
    },
    { id: "fresh", header: "Read", width: 104, narrow: true, text: ({ freshAt }) => (freshAt === null ? "never" : age(freshAt)), cell: ({ freshAt }) => <Ago at={freshAt} /> },
    { id: "rows", header: "Records", width: 96, right: true, text: ({ rows }) => count(rows) },
    { id: "gone", header: "Gone", width: 80, right: true, text: ({ goneRows }) => count(goneRows) },
    { id: "parked", header: "Set aside", width: 84, right: true, text: ({ parked }) => count(parked) },
    { id: "proven", header: "Whole list proven", width: 136, text: ({ provenAt }) => (provenAt === null ? "not yet" : age(provenAt)), cell: ({ provenAt }) => <Ago at={provenAt} none="not yet" /> },
    { id: "next", header: "Next", width: 92, text: ({ nextRunAt }) => nextRunAt ?? "", cell: ({ nextRunAt }) => <Until at={nextRunAt} /> },
    ...(mayWrite || mayRun ? [{ id: "act", header: "", width: 52, text: () => "", cell: (stream: StreamState) => <StreamMenu connection={connection.id} stream={stream} mayWrite={mayWrite} mayRun={mayRun} /> }] : []),
  ];
  return (
    <>
      {faulty.length === 0 ? null : (
        <div className="card-body stack">
          {faulty.map(({ stream, fault: one }) => (one === null ? null : <FaultNote key={stream} fault={{ name: "fault", code: one.code, message: `${stream}: ${one.message}`, cure: one.cure }} />))}
        </div>
      )}
      <DataTable short name="streams" columns={columns} rows={streams} rowKey={({ stream }) => stream} pending={pending} fault={fault} empty={<Empty title="Nothing is read from this console.">Its streams appear with the first reading.</Empty>} />
    </>
  );
}

const TOUCHED: readonly Route[] = ["GET /api/v1/streams/status", "GET /api/v1/runs"];

function StreamMenu({ connection, stream, mayWrite, mayRun }: { readonly connection: string; readonly stream: StreamState; readonly mayWrite: boolean; readonly mayRun: boolean }): ReactNode {
  const run = useChange("POST /api/v1/connections/{id}/streams/{stream}/run", TOUCHED);
  const pause = useChange("POST /api/v1/connections/{id}/streams/{stream}/pause", TOUCHED);
  const resume = useChange("POST /api/v1/connections/{id}/streams/{stream}/resume", TOUCHED);
  const params = { id: connection, stream: stream.stream };
  return (
    <Menu position="bottom-end" shadow="md">
      <Menu.Target>
        <Button variant="subtle" color="gray" size="compact-xs" aria-label={`Actions for ${stream.stream}`}>
          ⋯
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {mayRun ? <Menu.Item onClick={() => run.mutate({ params })}>Read now</Menu.Item> : null}
        {mayWrite ? <Menu.Item onClick={() => (stream.paused ? resume.mutate({ params }) : pause.mutate({ params }))}>{stream.paused ? "Resume" : "Pause"}</Menu.Item> : null}
      </Menu.Dropdown>
    </Menu>
  );
}
