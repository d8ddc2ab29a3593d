/** Whose things are whose: tenants, with what each has. Sites are given to one on the connection's page. */
import { Button, Menu, TextInput } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useState, type ReactNode } from "react";
import { call, type Answer, type Route } from "../../api/client.ts";
import { useChange, usePages } from "../../api/queries.ts";
import { askSessionAgain, useSession } from "../../api/session.ts";
import { ConfirmByName } from "../../parts/confirm-by-name.tsx";
import { Confirm } from "../../parts/confirm.tsx";
import type { Column } from "../../parts/data-table.tsx";
import { Page } from "../../parts/page.tsx";
import { SearchedTable } from "../../parts/searched-table.tsx";
import { Empty, FaultNote } from "../../parts/states.tsx";
import { day } from "../../parts/time.ts";
import { useUrl } from "../../parts/url.ts";
import { count, Tag } from "../../parts/words.tsx";
import { AdministrationPlaces } from "./places.tsx";

type Tenant = Answer<"GET /api/v1/tenants">["items"][number];

const TENANTS: readonly Route[] = ["GET /api/v1/tenants"];

type Asked = { readonly what: "add" } | { readonly what: "rename" | "leave"; readonly tenant: Tenant };

export function TenantsPage(): ReactNode {
  const { everyTenant } = useSession();
  const text = useUrl().get("text");
  const pages = usePages<Tenant>(["GET /api/v1/tenants", text], (after, signal, limit) => call("GET /api/v1/tenants", { query: { text, after, limit } }, signal));
  const [asked, setAsked] = useState<Asked | null>(null);
  const stay = useChange("PATCH /api/v1/tenants/{id}", TENANTS);
  const columns: readonly Column<Tenant>[] = [
    { id: "name", header: "Tenant", narrow: true, text: ({ name }) => name, cell: ({ name }) => <span className="strong">{name}</span> },
    { id: "connections", header: "Connections", width: 110, right: true, text: ({ connections }) => count(connections) },
    { id: "sites", header: "Sites given", width: 110, right: true, text: ({ sites }) => count(sites) },
    { id: "made", header: "Made", width: 116, text: ({ createdAt }) => day(createdAt) },
    { id: "state", header: "State", width: 180, narrow: true, text: ({ purgeAfter }) => (purgeAfter === null ? "Here" : `Leaves on ${purgeAfter}`), cell: ({ purgeAfter }) => (purgeAfter === null ? <Tag tone="good">Here</Tag> : <Tag tone="bad">Erased on {day(purgeAfter)}</Tag>) },
    { id: "act", header: "", width: 52, narrow: true, text: () => "", cell: (tenant) => <Actions tenant={tenant} onAsk={setAsked} onStay={() => stay.mutate({ params: { id: tenant.id }, body: { leaving: false } })} /> },
  ];
  return (
    <Page title="Tenants" lead={<>Each customer, or part of a company, whose things only its own people see. Sites are given to one on the page of their <Link to="/connections">connection</Link>.</>} actions={everyTenant ? <Button onClick={() => setAsked({ what: "add" })}>Add a tenant</Button> : undefined}>
      <AdministrationPlaces />
      <SearchedTable name="tenants" placeholder="Part of a name" columns={columns} pages={pages} rowKey={({ id }) => id} note={stay.error === null ? null : <FaultNote fault={stay.error} />} empty={<Empty title="There is no tenant that you may see." />} />
      {asked?.what === "add" ? <Name title="Add a tenant" act="Add" start="" onClose={() => setAsked(null)} /> : null}
      {asked?.what === "rename" ? <Name title={`Rename ${asked.tenant.name}`} act="Rename" start={asked.tenant.name} tenant={asked.tenant} onClose={() => setAsked(null)} /> : null}
      {asked?.what === "leave" ? <Leave tenant={asked.tenant} onClose={() => setAsked(null)} /> : null}
    </Page>
  );
}

function Actions({ tenant, onAsk, onStay }: { readonly tenant: Tenant; readonly onAsk: (asked: Asked) => void; readonly onStay: () => void }): ReactNode {
  return (
    <Menu position="bottom-end" shadow="md" width={200}>
      <Menu.Target>
        <Button variant="subtle" color="gray" size="compact-xs" aria-label={`Actions for ${tenant.name}`}>
          ⋯
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item onClick={() => onAsk({ what: "rename", tenant })}>Rename…</Menu.Item>
        <Menu.Item component="a" href={`/api/v1/tenants/${encodeURIComponent(tenant.id)}/export`} download>
          Everything of it (NDJSON)
        </Menu.Item>
        <Menu.Divider />
        {tenant.leavingSince === null ? (
          <Menu.Item color="red" onClick={() => onAsk({ what: "leave", tenant })}>
            Let it leave…
          </Menu.Item>
        ) : (
          <Menu.Item onClick={onStay}>Keep it after all</Menu.Item>
        )}
      </Menu.Dropdown>
    </Menu>
  );
}

function Name({ title, act, start, tenant, onClose }: { readonly title: string; readonly act: string; readonly start: string; readonly tenant?: Tenant; readonly onClose: () => void }): ReactNode {
  const [name, setName] = useState(start);
  const add = useChange("POST /api/v1/tenants", TENANTS);
  const rename = useChange("PATCH /api/v1/tenants/{id}", TENANTS);
  // Who may see it is part of the session.
  const done = { onSuccess: () => { askSessionAgain(); onClose(); } };
  return (
    <Confirm open title={title} act={act} busy={add.isPending || rename.isPending} disabled={name.trim() === "" || name.trim() === start} fault={add.error ?? rename.error} onClose={onClose} onAct={() => (tenant === undefined ? add.mutate({ body: { name: name.trim() } }, done) : rename.mutate({ params: { id: tenant.id }, body: { name: name.trim() } }, done))}>
      <TextInput label="Name" required data-autofocus autoComplete="off" value={name} onChange={(event) => setName(event.currentTarget.value)} />
    </Confirm>
  );
}

function Leave({ tenant, onClose }: { readonly tenant: Tenant; readonly onClose: () => void }): ReactNode {
  const leave = useChange("DELETE /api/v1/tenants/{id}", TENANTS);
  return (
    <ConfirmByName open title={`Let ${tenant.name} leave?`} act="Let it leave" name={tenant.name} busy={leave.isPending} fault={leave.error} onClose={onClose} onAct={() => leave.mutate({ params: { id: tenant.id }, body: { confirm: tenant.name } }, { onSuccess: onClose })}>
      Nothing of it is read from now on, and all that is kept of it is erased after the delay. Until then it can be kept after all.
    </ConfirmByName>
  );
}
