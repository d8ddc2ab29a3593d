/** Every agent's device as posture sees it, in any order, narrowed by how its name, serial number, site or system begins. */
import { Button, TextInput } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useState, type ReactNode } from "react";
import { call, type Answer, type Query } from "../../api/client.ts";
import { usePages } from "../../api/queries.ts";
import { DataTable, type Column } from "../../parts/data-table.tsx";
import { Page } from "../../parts/page.tsx";
import { Places } from "../../parts/places.tsx";
import { Empty } from "../../parts/states.tsx";
import { exact } from "../../parts/time.ts";
import { UrlChoice } from "../../parts/url-choice.tsx";
import { useFilters, useTyped, useUrl } from "../../parts/url.ts";
import { Ago, count, sentence, Tag } from "../../parts/words.tsx";
import { DEVICE_PLACES, FLEET_TONES, FLEET_WORDS, SILENT_WORDS } from "./words.ts";
import { useAskWeaknesses, useWeaknesses, type Weaknesses } from "./weaknesses.ts";

type Fleet = Answer<"GET /api/v1/posture/fleet">;
type Device = Fleet["items"][number];
type Filter = Query<"GET /api/v1/posture/fleet">;

const FILTERS = ["search", "site", "os", "verdict", "silent", "serial"] as const;

export function DevicesPage(): ReactNode {
  const url = useUrl();
  const [search, setSearch] = useTyped("search");
  const [site, setSite] = useTyped("site");
  const [os, setOs] = useTyped("os");
  const [total, setTotal] = useState<Fleet["total"]>(null);
  const filter = { tenant: url.get("tenant"), sort: url.get("sort"), ...Object.fromEntries(FILTERS.map((name) => [name, url.get(name)])) } as Filter;
  const pages = usePages<Device>(["GET /api/v1/posture/fleet", filter], async (after, signal, limit) => {
    const page = await call("GET /api/v1/posture/fleet", { query: { ...filter, after, limit } }, signal);
    setTotal(page.total);
    return page;
  });
  const weaknesses = useWeaknesses(pages.rows);
  const ask = useAskWeaknesses();
  const columns = [...COLUMNS, weaknessesColumn(weaknesses)];
  const { filtered, clear: clearFilters } = useFilters(FILTERS);
  const clear = (): void => {
    setSearch("");
    setSite("");
    setOs("");
    clearFilters();
  };
  return (
    <Page title="Devices" lead="What each agent reports, and what the posture rules make of it. A device's own page says why.">
      <Places name="Devices and posture" places={DEVICE_PLACES} />
      <div className="filters">
        <TextInput className="filter-search" aria-label="Search devices" placeholder="How the name or serial begins" value={search} onChange={(event) => setSearch(event.currentTarget.value)} />
        <TextInput aria-label="Site" placeholder="Site" value={site} onChange={(event) => setSite(event.currentTarget.value)} w={150} />
        <TextInput aria-label="System" placeholder="System" value={os} onChange={(event) => setOs(event.currentTarget.value)} w={150} />
        <UrlChoice param="verdict" label="Verdict" any="Any verdict" data={Object.entries(FLEET_WORDS).map(([value, label]) => ({ value, label }))} width={140} />
        <UrlChoice param="silent" label="Last active" any="Active whenever" data={Object.entries(SILENT_WORDS).map(([value, label]) => ({ value, label }))} width={160} />
        <UrlChoice param="serial" label="Serial number" any="Any serial" data={[{ value: "none", label: "No usable serial" }]} width={160} />
      </div>
      <div className="card">
        <DataTable
          name="devices"
          columns={columns}
          {...pages}
          total={total}
          columnsFor={async (devices, signal) => [...COLUMNS, weaknessesColumn(await ask(devices, signal))]}
          sorting={{ by: url.get("sort") ?? "name", set: (by) => url.set({ sort: by === "name" ? undefined : by }) }}
          rowKey={({ connection, agentId }) => `${connection} ${agentId}`}
          empty={
            filtered ? (
              <Empty title="No device matches." action={<Button variant="default" onClick={clear}>Show all devices</Button>} />
            ) : (
              <Empty title="No device has been read yet." action={<Link to="/connections">See the connections</Link>}>
                Devices come from a connection's agents; the first reading of a large console takes some minutes.
              </Empty>
            )
          }
        />
      </div>
    </Page>
  );
}

const COLUMNS: readonly Column<Device>[] = [
  {
    id: "name",
    header: "Device",
    narrow: true,
    sort: "name",
    text: ({ name, agentId }) => name ?? agentId,
    cell: ({ connection, agentId, name }) => (
      <Link className="strong" to="/devices/$id" params={{ id: `${connection}:${agentId}` }}>
        {name ?? agentId}
      </Link>
    ),
  },
  { id: "os", header: "System", sort: "os", text: ({ os }) => os ?? "" },
  { id: "site", header: "Site", width: 110, sort: "site", text: ({ site }) => site ?? "" },
  { id: "user", header: "User", width: 92, text: ({ user }) => user ?? "" },
  { id: "serial", header: "Serial", width: 116, sort: "serial", text: ({ serial }) => serial ?? "" },
  { id: "verdict", header: "Verdict", width: 88, narrow: true, sort: "verdict", text: ({ verdict }) => FLEET_WORDS[verdict], cell: ({ verdict }) => <Tag tone={FLEET_TONES[verdict]}>{FLEET_WORDS[verdict]}</Tag> },
  { id: "agent", header: "Agent", width: 120, text: (device) => agentWords(device), cell: (device) => <span className={device.state === "installed" ? undefined : "faint"}>{agentWords(device)}</span> },
  { id: "seen", header: "Last active", width: 96, sort: "seen", text: ({ lastActive }) => (lastActive === null ? "" : exact(lastActive)), cell: ({ lastActive }) => <Ago at={lastActive} /> },
];

/** Open ones, in red where some are overdue: the cell's title, and a file, say how many. */
function weaknessesColumn(of: Weaknesses): Column<Device> {
  const text = (device: Device): string => {
    const counts = of(device);
    if (counts === undefined) return "";
    return counts === null ? "0" : `${count(counts.open)}${counts.overdue > 0 ? `, ${count(counts.overdue)} overdue` : ""}`;
  };
  return {
    id: "weaknesses",
    header: "Findings",
    width: 78,
    right: true,
    text,
    cell: (device) => {
      const counts = of(device);
      if (counts === undefined || counts === null || counts.open === 0) return <span className="faint">{text(device)}</span>;
      return <span className={counts.overdue > 0 ? "bad-text" : undefined}>{count(counts.open)}</span>;
    },
  };
}

/** What is wrong with the device before what is wrong with its agent. */
function agentWords({ state, activeThreats, networkStatus }: Device): string {
  if (state !== "installed") return sentence(state);
  if ((activeThreats ?? 0) > 0) return activeThreats === 1 ? "1 threat" : `${String(activeThreats)} threats`;
  return networkStatus === "disconnected" ? "Isolated" : "Installed";
}
