/** Every device with the agents it has had, who uses it, and what is open on it. */
import { Button, TextInput } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { call, type Answer, type Query } from "../../api/client.ts";
import { usePages } from "../../api/queries.ts";
import { DataTable, type Column } from "../../parts/data-table.tsx";
import { Page } from "../../parts/page.tsx";
import { Places } from "../../parts/places.tsx";
import { Empty } from "../../parts/states.tsx";
import { exact } from "../../parts/time.ts";
import { UrlChoice } from "../../parts/url-choice.tsx";
import { useTyped, useUrl } from "../../parts/url.ts";
import { Ago, count, sentence, Tag } from "../../parts/words.tsx";
import { DEVICE_PLACES, STALENESS_WORDS } from "./words.ts";

type Asset = Answer<"GET /api/v1/vulnerabilities/assets">["items"][number];
type Filter = Query<"GET /api/v1/vulnerabilities/assets">;

const FILTERS = ["name", "staleness", "criticality"] as const;

export function DevicesPage(): ReactNode {
  const url = useUrl();
  const [typed, setTyped] = useTyped("name");
  const filter = { tenant: url.get("tenant"), name: url.get("name"), staleness: url.get("staleness"), criticality: url.get("criticality") } as Filter;
  const pages = usePages<Asset>(["GET /api/v1/vulnerabilities/assets", filter], (after, signal) => call("GET /api/v1/vulnerabilities/assets", { query: { ...filter, after, limit: 100 } }, signal));
  const filtered = FILTERS.some((name) => url.get(name) !== undefined);
  return (
    <Page title="Devices" lead="One device is one line, however many agents it has had. A device's own page says how each posture rule judges it.">
      <Places name="Devices and posture" places={DEVICE_PLACES} />
      <div className="filters">
        <TextInput className="filter-search" aria-label="Search devices" placeholder="Part of the name" value={typed} onChange={(event) => setTyped(event.currentTarget.value)} />
        <UrlChoice param="staleness" label="Evidence" any="Any evidence" data={Object.entries(STALENESS_WORDS).map(([value, label]) => ({ value, label }))} />
        <UrlChoice param="criticality" label="Criticality" any="Any criticality" data={["critical", "high", "medium", "low"].map((value) => ({ value, label: sentence(value) }))} width={150} />
      </div>
      <div className="card">
        <DataTable
          name="devices"
          columns={COLUMNS}
          {...pages}
          rowKey={({ id }) => id}
          empty={
            filtered ? (
              <Empty title="No device matches." action={<Button variant="default" onClick={() => { setTyped(""); url.set(Object.fromEntries(FILTERS.map((name) => [name, undefined]))); }}>Show all devices</Button>} />
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

/** Of several agents the one that is there, else the one that was there last. */
function current(asset: Asset): Asset["agents"][number] | undefined {
  return asset.agents.find(({ state }) => state === "active") ?? asset.agents[0];
}

const COLUMNS: readonly Column<Asset>[] = [
  {
    id: "name",
    header: "Device",
    narrow: true,
    text: ({ name, id }) => name ?? id,
    cell: ({ id, name }) => (
      <Link className="strong" to="/devices/$id" params={{ id }}>
        {name ?? id}
      </Link>
    ),
  },
  { id: "os", header: "System", text: (asset) => current(asset)?.os ?? "" },
  { id: "site", header: "Site", width: 120, text: (asset) => current(asset)?.site ?? "" },
  { id: "user", header: "User", width: 104, text: (asset) => current(asset)?.user ?? "" },
  { id: "serial", header: "Serial", width: 116, text: (asset) => current(asset)?.serial ?? "" },
  {
    id: "state",
    header: "Agent",
    width: 136,
    narrow: true,
    text: (asset) => current(asset)?.state ?? "none",
    cell: (asset) => {
      const agent = current(asset);
      if (agent === undefined) return <span className="faint">none</span>;
      return <Tag tone={agent.state === "active" ? (agent.staleness === null ? "good" : "warn") : "plain"}>{agent.state === "active" && agent.staleness !== null ? STALENESS_WORDS[agent.staleness] : agentWords(agent.state)}</Tag>;
    },
  },
  { id: "active", header: "Last active", width: 96, text: (asset) => exactOr(current(asset)?.lastActive), cell: (asset) => <Ago at={current(asset)?.lastActive} /> },
  { id: "open", header: "Findings", width: 76, right: true, text: ({ counts }) => count(counts.open) },
  { id: "overdue", header: "Overdue", width: 76, right: true, text: ({ counts }) => count(counts.overdue), cell: ({ counts }) => <span className={counts.overdue > 0 ? "bad-text" : "faint"}>{count(counts.overdue)}</span> },
];

/** Of the installation: whether the agent reports is another matter, and stands in the next column. */
function agentWords(state: Asset["agents"][number]["state"]): string {
  return state === "active" ? "Installed" : sentence(state);
}

function exactOr(at: string | null | undefined): string {
  return at === null || at === undefined ? "" : exact(at);
}
