/** Somebody's own list of devices against the agents there are, both ways. The list goes to the hub as it is and is not kept. */
import { Button } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState, type ReactNode } from "react";
import { eachLine, readBlob } from "../../api/client.ts";
import { save } from "../../parts/csv.ts";
import { DataTable, type Column } from "../../parts/data-table.tsx";
import { FileChoice, fits } from "../../parts/file-choice.tsx";
import { Figures } from "../../parts/figures.tsx";
import { Section } from "../../parts/page.tsx";
import { Empty, FaultNote } from "../../parts/states.tsx";
import { Ago, count, many } from "../../parts/words.tsx";

const ROUTE = "POST /api/v1/posture/coverage";
const MEGABYTES = 48;
/** Of each side; the file has all. */
const SHOWN = 500;

/** As the hub's stream says it, a line each. */
interface Gap {
  readonly gap: "no-agent" | "not-listed";
  readonly row: number | null;
  readonly why: string | null;
  readonly serial: string | null;
  readonly mac: string | null;
  readonly hostname: string | null;
  readonly email: string | null;
  readonly agentId: string | null;
  readonly connection: string | null;
  readonly siteName: string | null;
  readonly userName: string | null;
  readonly lastActive: string | null;
}

interface Summary {
  readonly listed: number;
  readonly covered: number;
  readonly ambiguous: number;
  readonly noAgent: number;
  readonly agents: number;
  readonly notListed: number;
}

interface Compared {
  readonly missing: readonly Gap[];
  readonly unlisted: readonly Gap[];
  readonly summary: Summary;
}

export function CompareList(): ReactNode {
  const [file, setFile] = useState<File | null>(null);
  const compare = useMutation({ mutationFn: (given: File) => compared(given) });
  const whole = useMutation({ mutationFn: async (given: File) => save("coverage.csv", await readBlob(ROUTE, { csv: await given.text(), format: "csv" })) });
  const choose = (given: File): void => {
    setFile(given);
    compare.reset();
    whole.reset();
  };
  const fault = compare.error ?? whole.error;
  return (
    <Section title="Against your own list">
      <div className="stack">
        <p>
          Which devices of your inventory have no agent, and which agents nobody has listed. A CSV file whose first line names at least one of <code>serial</code>, <code>mac</code>, <code>hostname</code>, <code>email</code> and <code>agentId</code>; other columns are left alone, and nothing of it is kept.
        </p>
        <form
          className="row"
          onSubmit={(event) => {
            event.preventDefault();
            if (file !== null) compare.mutate(file);
          }}
        >
          <FileChoice label="Choose a CSV file" accept=".csv,text/csv" megabytes={MEGABYTES} file={file} onFile={choose} />
          <Button type="submit" loading={compare.isPending} disabled={!fits(file, MEGABYTES)}>
            Compare
          </Button>
        </form>
        {fault === null ? null : <FaultNote fault={fault} />}
        {compare.data === undefined || file === null ? null : <Outcome compared={compare.data} saving={whole.isPending} onSave={() => whole.mutate(file)} />}
      </div>
    </Section>
  );
}

async function compared(file: File): Promise<Compared> {
  const missing: Gap[] = [];
  const unlisted: Gap[] = [];
  for await (const line of eachLine<Gap | { readonly summary: Summary }>("POST", "/api/v1/posture/coverage", { csv: await file.text() }, new AbortController().signal)) {
    if ("summary" in line) return { missing, unlisted, summary: line.summary };
    const side = line.gap === "no-agent" ? missing : unlisted;
    if (side.length < SHOWN) side.push(line);
  }
  throw new Error("The hub's answer broke off: compare again.");
}

function Outcome({ compared: { missing, unlisted, summary }, saving, onSave }: { readonly compared: Compared; readonly saving: boolean; readonly onSave: () => void }): ReactNode {
  const { listed, covered, ambiguous, noAgent, agents, notListed } = summary;
  return (
    <div className="stack" role="status">
      <Figures
        figures={[
          { name: "Have an agent", value: covered, note: `of ${many(listed, "listed device")}${ambiguous === 0 ? "" : `; ${count(ambiguous)} by several agents`}`, tone: "good" },
          { name: "Have none", value: noAgent, note: "listed, and no agent answers", tone: "bad" },
          { name: "Not listed", value: notListed, note: `of ${many(agents, "agent")} in service`, tone: "warn" },
        ]}
      />
      {noAgent === 0 && notListed === 0 ? (
        <p>Both are the same devices.</p>
      ) : (
        <div className="row">
          <Button variant="default" loading={saving} onClick={onSave}>
            Save all {many(noAgent + notListed, "gap")} as CSV
          </Button>
        </div>
      )}
      {missing.length === 0 ? null : <Side title="Without an agent" all={noAgent} columns={MISSING} rows={missing} />}
      {unlisted.length === 0 ? null : <Side title="Not in your list" all={notListed} columns={UNLISTED} rows={unlisted} />}
    </div>
  );
}

function Side({ title, all, columns, rows }: { readonly title: string; readonly all: number; readonly columns: readonly Column<Gap>[]; readonly rows: readonly Gap[] }): ReactNode {
  return (
    <div className="stack-close">
      <h3>{title}</h3>
      {all > rows.length ? <p className="faint">The first {count(rows.length)} of {count(all)}; the file has all.</p> : null}
      <div className="card">
        <DataTable short name="gaps" columns={columns} rows={rows} rowKey={({ row, connection, agentId }) => `${String(row)} ${connection ?? ""} ${agentId ?? ""}`} empty={<Empty title="There is no gap." />} />
      </div>
    </div>
  );
}

const WHY: Readonly<Record<string, string>> = { "no-identifier": "Nothing to find it by", placeholder: "Its serial says nothing", "no-device": "Nobody has it" };

const MISSING: readonly Column<Gap>[] = [
  { id: "row", header: "Row", width: 64, right: true, narrow: true, text: ({ row }) => (row === null ? "" : count(row)) },
  { id: "name", header: "Host name", text: ({ hostname, agentId }) => hostname ?? agentId ?? "" },
  { id: "serial", header: "Serial", narrow: true, text: ({ serial }) => serial ?? "" },
  { id: "mac", header: "MAC", width: 140, text: ({ mac }) => mac ?? "" },
  { id: "email", header: "E-mail", text: ({ email }) => email ?? "" },
  { id: "why", header: "Why", width: 160, narrow: true, text: ({ why }) => WHY[why ?? ""] ?? why ?? "" },
];

const UNLISTED: readonly Column<Gap>[] = [
  {
    id: "name",
    header: "Device",
    narrow: true,
    text: ({ hostname, agentId }) => hostname ?? agentId ?? "",
    cell: ({ hostname, agentId, connection }) => (
      <Link className="strong" to="/devices/$id" params={{ id: `${connection ?? ""}:${agentId ?? ""}` }}>
        {hostname ?? agentId}
      </Link>
    ),
  },
  { id: "serial", header: "Serial", narrow: true, text: ({ serial }) => serial ?? "" },
  { id: "site", header: "Site", text: ({ siteName }) => siteName ?? "" },
  { id: "user", header: "User", text: ({ userName, email }) => userName ?? email ?? "" },
  { id: "seen", header: "Last active", width: 104, text: ({ lastActive }) => lastActive ?? "", cell: ({ lastActive }) => <Ago at={lastActive} /> },
];
