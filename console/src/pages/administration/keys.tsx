/** Keys by which programs use the API: made once with their secret, revoked at once. */
import { Button, NumberInput, TextInput } from "@mantine/core";
import { useState, type ReactNode } from "react";
import { call, type Answer, type Query, type Route } from "../../api/client.ts";
import { useChange, usePages } from "../../api/queries.ts";
import { roleWord, useMay } from "../../api/session.ts";
import { Confirm } from "../../parts/confirm.tsx";
import type { Column } from "../../parts/data-table.tsx";
import { Done } from "../../parts/done.tsx";
import { Page } from "../../parts/page.tsx";
import { SearchedTable } from "../../parts/searched-table.tsx";
import { SecretOnce } from "../../parts/secret-once.tsx";
import { Empty } from "../../parts/states.tsx";
import { day } from "../../parts/time.ts";
import { UrlChoice } from "../../parts/url-choice.tsx";
import { useUrl } from "../../parts/url.ts";
import { Ago, Tag, type Tone } from "../../parts/words.tsx";
import { AdministrationPlaces } from "./places.tsx";
import { ReachFields, useAskReachWords, useReachWords, type Reach } from "./reach.tsx";

type Key = Answer<"GET /api/v1/api-keys">["items"][number];

const KEYS: readonly Route[] = ["GET /api/v1/api-keys"];
const STATES = { "in-use": ["good", "In use"], ended: ["warn", "Ended"], revoked: ["plain", "Revoked"] } as const satisfies Readonly<Record<string, readonly [Tone, string]>>;

function stateOf({ revokedAt, expiresAt }: Key): readonly [Tone, string] {
  if (revokedAt !== null) return STATES.revoked;
  return Date.parse(expiresAt) <= Date.now() ? STATES.ended : STATES["in-use"];
}

export function KeysPage(): ReactNode {
  const mayWrite = useMay("keys.write");
  const url = useUrl();
  const filter = { text: url.get("text"), state: url.get("state") } as Query<"GET /api/v1/api-keys">;
  const pages = usePages<Key>(["GET /api/v1/api-keys", filter], (after, signal, limit) => call("GET /api/v1/api-keys", { query: { ...filter, after, limit } }, signal), { every: 60_000 });
  const reachOf = useReachWords(pages.rows);
  const askReach = useAskReachWords();
  const [making, setMaking] = useState(false);
  const [ending, setEnding] = useState<Key | null>(null);
  const revoke = useChange("DELETE /api/v1/api-keys/{id}", KEYS);
  const columnsWith = (reach: typeof reachOf): readonly Column<Key>[] => [
    { id: "name", header: "Key", narrow: true, text: ({ name }) => name, cell: ({ name }) => <span className="strong">{name}</span> },
    { id: "role", header: "Role", width: 140, narrow: true, text: ({ role }) => roleWord(role) },
    { id: "tenants", header: "Tenants", width: 160, text: ({ tenants }) => reach(tenants) },
    { id: "made", header: "Made", width: 106, text: ({ createdAt }) => day(createdAt) },
    { id: "ends", header: "Ends", width: 106, text: ({ expiresAt }) => day(expiresAt) },
    { id: "used", header: "Last used", width: 100, text: ({ lastUsedAt }) => lastUsedAt ?? "never", cell: ({ lastUsedAt }) => <Ago at={lastUsedAt} /> },
    { id: "state", header: "State", width: 96, text: (key) => stateOf(key)[1], cell: (key) => <Tag tone={stateOf(key)[0]}>{stateOf(key)[1]}</Tag> },
    ...(mayWrite ? [{ id: "act", header: "", width: 86, narrow: true, text: () => "", cell: (key: Key) => (key.revokedAt === null ? <button type="button" className="link" aria-label={`Revoke ${key.name}`} onClick={() => setEnding(key)}>Revoke</button> : null) }] : []),
  ];
  return (
    <Page title="API keys" lead="For programs that use the API. A key has one role and some tenants or all, like an account; its secret is shown once." actions={mayWrite ? <Button onClick={() => setMaking(true)}>Make a key</Button> : undefined}>
      <AdministrationPlaces />
      <SearchedTable
        name="keys"
        placeholder="Part of a name"
        columns={columnsWith(reachOf)}
        columnsFor={async (rows, signal) => columnsWith(await askReach(rows, signal))}
        pages={pages}
        rowKey={({ id }) => id}
        params={["state"]}
        filters={<UrlChoice param="state" label="State" any="Any state" data={Object.entries(STATES).map(([value, [, label]]) => ({ value, label }))} width={150} />}
        empty={<Empty title="There is no key yet." action={mayWrite ? <Button onClick={() => setMaking(true)}>Make the first one</Button> : undefined}>A key lets a program read what a role may, over the HTTP API.</Empty>}
      />
      {making ? <MakeKey onClose={() => setMaking(false)} /> : null}
      <Confirm open={ending !== null} danger title={`Revoke ${ending?.name ?? ""}?`} act="Revoke" busy={revoke.isPending} fault={revoke.error} onClose={() => { setEnding(null); revoke.reset(); }} onAct={() => { if (ending !== null) revoke.mutate({ params: { id: ending.id } }, { onSuccess: () => setEnding(null) }); }}>
        <p>Whatever uses this key is refused from now on. That cannot be taken back.</p>
      </Confirm>
    </Page>
  );
}

const YEAR = 365;

function MakeKey({ onClose }: { readonly onClose: () => void }): ReactNode {
  const [name, setName] = useState("");
  const [days, setDays] = useState(YEAR);
  const [reach, setReach] = useState<Reach>({ role: "viewer", tenants: null });
  const make = useChange("POST /api/v1/api-keys", KEYS);
  if (make.data !== undefined)
    return (
      <Done once title="The key is made" onClose={onClose}>
        <SecretOnce name="API key" text={make.data.secret}>
          <p>
            The secret of <strong>{make.data.key.name}</strong>. It is not shown again; whoever has it may do what the key may.
          </p>
        </SecretOnce>
        <p className="faint">
          Send it as <code>Authorization: Bearer …</code>. It ends on {day(make.data.key.expiresAt)}.
        </p>
      </Done>
    );
  return (
    <Confirm open title="Make a key" act="Make" busy={make.isPending} disabled={name.trim() === "" || reach.tenants?.length === 0} fault={make.error} onClose={onClose} onAct={() => make.mutate({ body: { name: name.trim(), role: reach.role, expiresInDays: days, ...(reach.tenants === null ? {} : { tenants: reach.tenants }) } })}>
      <TextInput label="Name" description="What uses it, so that it can be found again." required data-autofocus autoComplete="off" value={name} onChange={(event) => setName(event.currentTarget.value)} />
      <NumberInput size="xs" label="Days until it ends" min={1} max={730} allowDecimal={false} value={days} onChange={(value) => setDays(Number(value))} />
      <ReachFields reach={reach} onReach={setReach} />
    </Confirm>
  );
}
