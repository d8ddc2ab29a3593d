/** Whose the sites of a console are. A site that was given to a tenant is seen by that tenant's people, with all that was read of it; the others are the connection's own tenant's. */
import { Button, Checkbox, TextInput } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useState, type ReactNode } from "react";
import { call, type Answer, type Route } from "../../api/client.ts";
import { useChange, usePages } from "../../api/queries.ts";
import { useMay, useSession } from "../../api/session.ts";
import { DataTable, type Column } from "../../parts/data-table.tsx";
import { Section } from "../../parts/page.tsx";
import { Empty, FaultNote } from "../../parts/states.tsx";
import { TenantChoice } from "../../parts/tenant-choice.tsx";
import { useAskTenantNames, useTenantNames } from "../../parts/tenant-names.ts";
import { useTyped, useUrl } from "../../parts/url.ts";
import { many } from "../../parts/words.tsx";
import type { Connection } from "./words.ts";

type Site = Answer<"GET /api/v1/connections/{id}/sites">["items"][number];

/** What is shown of sites everywhere else is asked anew too: whose it is has changed. */
const TOUCHED: readonly Route[] = ["GET /api/v1/connections/{id}/sites", "GET /api/v1/tenants", "GET /api/v1/access/tree", "GET /api/v1/access/scopes"];

/** So many at once are taken by the hub. */
const MOST = 1000;

export function Sites({ connection }: { readonly connection: Connection }): ReactNode {
  const mayRead = useMay("tenants.read");
  return mayRead ? <SitesOf connection={connection} /> : null;
}

function SitesOf({ connection }: { readonly connection: Connection }): ReactNode {
  const mayWrite = useMay("tenants.write");
  const { tenants } = useSession();
  const url = useUrl();
  const [typed, setTyped] = useTyped("site");
  const [chosen, setChosen] = useState<ReadonlyMap<string, Site>>(new Map());
  const text = url.get("site");
  const pages = usePages<Site>(["GET /api/v1/connections/{id}/sites", connection.id, text], (after, signal, limit) => call("GET /api/v1/connections/{id}/sites", { params: { id: connection.id }, query: { text, after, limit } }, signal));
  const nameOf = useTenantNames([connection.tenant, ...pages.rows.flatMap(({ tenant }) => tenant ?? [])]);
  const askNames = useAskTenantNames();
  const own = nameOf(connection.tenant);
  const columnsWith = (tenantName: typeof nameOf): readonly Column<Site>[] => [
    ...(mayWrite
      ? [
          {
            id: "choose",
            header: "",
            width: 40,
            narrow: true,
            text: () => "",
            cell: (site: Site) => (
              <Checkbox
                aria-label={`Choose ${site.siteName ?? site.site}`}
                checked={chosen.has(site.site)}
                disabled={!chosen.has(site.site) && chosen.size >= MOST}
                onChange={(event) => {
                  const next = new Map(chosen);
                  if (event.currentTarget.checked) next.set(site.site, site);
                  else next.delete(site.site);
                  setChosen(next);
                }}
              />
            ),
          },
        ]
      : []),
    { id: "site", header: "Site", narrow: true, text: ({ siteName, site }) => siteName ?? site, cell: ({ siteName, site }) => <Link to="/access" search={{ connection: connection.id, scope: `site:${site}` }} title="Who reaches it">{siteName ?? site}</Link> },
    { id: "account", header: "Account", text: ({ accountName }) => accountName ?? "" },
    { id: "id", header: "Id", width: 190, text: ({ site }) => site, cell: ({ site }) => <code className="faint">{site}</code> },
    { id: "tenant", header: "Tenant", narrow: true, text: ({ tenant }) => (tenant === null ? own : tenantName(tenant)), cell: ({ tenant }) => (tenant === null ? <span className="faint">{own}, as the connection</span> : <span className="strong">{tenantName(tenant)}</span>) },
  ];
  return (
    <Section title="Sites and whose they are" flush aside={mayWrite && tenants.length < 2 ? <Link to="/administration/tenants">Add a tenant to give sites to</Link> : undefined}>
      <div className="card-body stack">
        <div className="filters">
          <TextInput className="filter-search" aria-label="Search sites" placeholder="Part of a site's name or id, or of its account" value={typed} onChange={(event) => setTyped(event.currentTarget.value)} />
        </div>
        {chosen.size === 0 ? null : <Give connection={connection} chosen={[...chosen.values()]} onDone={() => setChosen(new Map())} />}
      </div>
      <DataTable short name="sites" columns={columnsWith(nameOf)} columnsFor={async (rows, signal) => columnsWith(await askNames(rows.flatMap(({ tenant }) => tenant ?? []), signal))} {...pages} rowKey={({ site }) => site} empty={text === undefined ? <Empty title="No site has been read yet.">Sites come with the first reading, where the token may read them.</Empty> : <Empty title="No site matches." action={<Button variant="default" onClick={() => { setTyped(""); url.set({ site: undefined }); }}>Show all sites</Button>} />} />
    </Section>
  );
}

function Give({ connection, chosen, onDone }: { readonly connection: Connection; readonly chosen: readonly Site[]; readonly onDone: () => void }): ReactNode {
  const [tenant, setTenant] = useState("");
  const give = useChange("PUT /api/v1/tenants/{id}/sites", TOUCHED);
  const take = useChange("DELETE /api/v1/tenants/{id}/sites", TOUCHED);
  const mapped = chosen.filter((site) => site.tenant !== null);
  const fault = give.error ?? take.error;

  /** Those of one tenant in one request: what is taken is taken from somebody. */
  async function takeBack(): Promise<void> {
    for (const [of, sites] of Map.groupBy(mapped, (site) => site.tenant)) {
      if (of !== null) await take.mutateAsync({ params: { id: of }, body: { connection: connection.id, sites: sites.map(({ site }) => site) } });
    }
    onDone();
  }

  return (
    <>
      <div className="row give">
        <span className="strong">{many(chosen.length, "site")} chosen</span>
        <TenantChoice label="Tenant to give them to" none="Choose a tenant" value={tenant} onChange={setTenant} />
        <Button loading={give.isPending} disabled={tenant === ""} onClick={() => give.mutate({ params: { id: tenant }, body: { connection: connection.id, sites: chosen.map(({ site }) => site) } }, { onSuccess: onDone })}>
          Give to this tenant
        </Button>
        {mapped.length === 0 ? null : (
          // The fault is shown below.
          <Button variant="default" loading={take.isPending} onClick={() => void takeBack().catch(() => undefined)}>
            Take back from its tenant
          </Button>
        )}
        <Button variant="subtle" onClick={onDone}>
          Choose none
        </Button>
      </div>
      <p className="faint">All that was read of them moves along: devices, alerts, cases, findings. That takes a moment.</p>
      {fault === null ? null : <FaultNote fault={fault} />}
    </>
  );
}
