/** Accounts of people: made with a password for one sign-in, bound to a role and to tenants, disabled, reset, removed. */
import { Button, Menu, TextInput } from "@mantine/core";
import { useState, type ReactNode } from "react";
import { call, type Answer, type Query, type Route } from "../../api/client.ts";
import { useChange, usePages } from "../../api/queries.ts";
import { roleWord, useMay, useSession } from "../../api/session.ts";
import { Confirm } from "../../parts/confirm.tsx";
import type { Column } from "../../parts/data-table.tsx";
import { Done } from "../../parts/done.tsx";
import { Page } from "../../parts/page.tsx";
import { SearchedTable } from "../../parts/searched-table.tsx";
import { SecretOnce } from "../../parts/secret-once.tsx";
import { Empty, FaultNote } from "../../parts/states.tsx";
import { UrlChoice } from "../../parts/url-choice.tsx";
import { useUrl } from "../../parts/url.ts";
import { Ago, Tag, type Tone } from "../../parts/words.tsx";
import { AdministrationPlaces } from "./places.tsx";
import { ReachFields, useAskReachWords, useReachWords, type Reach } from "./reach.tsx";

type User = Answer<"GET /api/v1/users">["items"][number];

const USERS: readonly Route[] = ["GET /api/v1/users"];

type Asked = { readonly what: "add" } | { readonly what: "change" | "reset" | "remove"; readonly user: User };

export function UsersPage(): ReactNode {
  const mayWrite = useMay("users.write");
  const { user: me } = useSession();
  const url = useUrl();
  const filter = { text: url.get("text"), state: url.get("state"), tenant: url.get("tenant") } as Query<"GET /api/v1/users">;
  const pages = usePages<User>(["GET /api/v1/users", filter], (after, signal, limit) => call("GET /api/v1/users", { query: { ...filter, after, limit } }, signal), { every: 60_000 });
  const reachOf = useReachWords(pages.rows);
  const askReach = useAskReachWords();
  const [asked, setAsked] = useState<Asked | null>(null);
  const change = useChange("PATCH /api/v1/users/{id}", USERS);
  const close = (): void => setAsked(null);
  const columnsWith = (reach: typeof reachOf): readonly Column<User>[] => [
    { id: "name", header: "Name", narrow: true, text: ({ name }) => name, cell: ({ id, name }) => <span className="strong">{name}{id === me?.id ? <span className="faint"> (you)</span> : null}</span> },
    { id: "email", header: "E-mail", text: ({ email }) => email },
    { id: "role", header: "Role", width: 134, narrow: true, text: ({ role }) => roleWord(role) },
    { id: "tenants", header: "Tenants", width: 150, text: ({ tenants }) => reach(tenants) },
    { id: "factor", header: "Second factor", width: 104, text: ({ totp }) => (totp ? "yes" : "no"), cell: ({ totp }) => (totp ? "yes" : <span className="faint">no</span>) },
    { id: "signed", header: "Signed in", width: 96, text: ({ signedInAt }) => signedInAt ?? "never", cell: ({ signedInAt }) => <Ago at={signedInAt} /> },
    { id: "state", header: "State", width: 124, text: (user) => stateOf(user)[1], cell: (user) => <Tag tone={stateOf(user)[0]}>{stateOf(user)[1]}</Tag> },
    ...(mayWrite ? [{ id: "act", header: "", width: 52, narrow: true, text: () => "", cell: (user: User) => (user.id === me?.id ? null : <Actions user={user} onAsk={setAsked} onDisable={(disabled) => change.mutate({ params: { id: user.id }, body: { disabled } })} />) }] : []),
  ];
  return (
    <Page title="Users" lead="Accounts for this console. Each has one role and some tenants or all." actions={mayWrite ? <Button onClick={() => setAsked({ what: "add" })}>Add a user</Button> : undefined}>
      <AdministrationPlaces />
      <SearchedTable
        name="users"
        placeholder="Part of a name or an e-mail address"
        columns={columnsWith(reachOf)}
        columnsFor={async (rows, signal) => columnsWith(await askReach(rows, signal))}
        pages={pages}
        rowKey={({ id }) => id}
        params={["state"]}
        filters={<UrlChoice param="state" label="State" any="Any state" data={Object.entries(STATES).map(([value, [, label]]) => ({ value, label }))} width={150} />}
        note={change.error === null ? null : <FaultNote fault={change.error} />}
        empty={<Empty title="There is no account that you may see." />}
      />
      {asked?.what === "add" ? <AddUser onClose={close} /> : null}
      {asked?.what === "change" ? <ChangeUser user={asked.user} onClose={close} /> : null}
      {asked?.what === "reset" ? <ResetUser user={asked.user} onClose={close} /> : null}
      {asked?.what === "remove" ? <RemoveUser user={asked.user} onClose={close} /> : null}
    </Page>
  );
}

const STATES = { active: ["good", "Active"], disabled: ["plain", "Disabled"], "first-sign-in": ["warn", "First sign-in"] } as const satisfies Readonly<Record<string, readonly [Tone, string]>>;

function stateOf(user: User): readonly [Tone, string] {
  if (user.disabledAt !== null) return STATES.disabled;
  return user.passwordOnce ? STATES["first-sign-in"] : STATES.active;
}

function Actions({ user, onAsk, onDisable }: { readonly user: User; readonly onAsk: (asked: Asked) => void; readonly onDisable: (disabled: boolean) => void }): ReactNode {
  return (
    <Menu position="bottom-end" shadow="md" width={200}>
      <Menu.Target>
        <Button variant="subtle" color="gray" size="compact-xs" aria-label={`Actions for ${user.name}`}>
          ⋯
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item onClick={() => onAsk({ what: "change", user })}>Role and tenants…</Menu.Item>
        <Menu.Item onClick={() => onAsk({ what: "reset", user })}>Reset the password…</Menu.Item>
        <Menu.Item onClick={() => onDisable(user.disabledAt === null)}>{user.disabledAt === null ? "Disable" : "Enable"}</Menu.Item>
        <Menu.Divider />
        <Menu.Item color="red" onClick={() => onAsk({ what: "remove", user })}>
          Remove…
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

function PasswordOnce({ title, email, password, onClose }: { readonly title: string; readonly email: string; readonly password: string; readonly onClose: () => void }): ReactNode {
  return (
    <Done once title={title} onClose={onClose}>
      <SecretOnce name="One-time password" text={password}>
        <p>
          Give this password to <strong>{email}</strong>. It is good for one sign-in within three days, and is not shown again; they choose their own then.
        </p>
      </SecretOnce>
    </Done>
  );
}

function AddUser({ onClose }: { readonly onClose: () => void }): ReactNode {
  const [email, setEmail] = useState("");
  const [name, setName] = useState("");
  const [reach, setReach] = useState<Reach>({ role: "viewer", tenants: null });
  const add = useChange("POST /api/v1/users", USERS);
  if (add.data !== undefined) return <PasswordOnce title="The account is there" email={add.data.user.email} password={add.data.password} onClose={onClose} />;
  return (
    <Confirm open title="Add a user" act="Add" busy={add.isPending} disabled={email.trim() === "" || name.trim() === "" || reach.tenants?.length === 0} fault={add.error} onClose={onClose} onAct={() => add.mutate({ body: { email: email.trim(), name: name.trim(), role: reach.role, ...(reach.tenants === null ? {} : { tenants: reach.tenants }) } })}>
      <TextInput label="Name" required data-autofocus autoComplete="off" value={name} onChange={(event) => setName(event.currentTarget.value)} />
      <TextInput label="E-mail" type="email" required autoComplete="off" value={email} onChange={(event) => setEmail(event.currentTarget.value)} />
      <ReachFields reach={reach} onReach={setReach} />
    </Confirm>
  );
}

function ChangeUser({ user, onClose }: { readonly user: User; readonly onClose: () => void }): ReactNode {
  const { everyTenant, moreTenants, tenants: mine } = useSession();
  const [name, setName] = useState(user.name);
  // Whoever has just the tenants that one sees oneself has all of them.
  const all = user.tenants === null || (!everyTenant && !moreTenants && user.tenants.length === mine.length);
  const [reach, setReach] = useState<Reach>({ role: user.role, tenants: all ? null : user.tenants });
  const change = useChange("PATCH /api/v1/users/{id}", USERS);
  return (
    <Confirm open title={`Change ${user.name}`} act="Save" busy={change.isPending} disabled={name.trim() === "" || reach.tenants?.length === 0} fault={change.error} onClose={onClose} onAct={() => change.mutate({ params: { id: user.id }, body: { name: name.trim(), role: reach.role, tenants: reach.tenants } }, { onSuccess: onClose })}>
      <p className="faint">{user.email}. Other rights end the account's sessions at once.</p>
      <TextInput label="Name" required value={name} onChange={(event) => setName(event.currentTarget.value)} />
      <ReachFields reach={reach} onReach={setReach} />
    </Confirm>
  );
}

function ResetUser({ user, onClose }: { readonly user: User; readonly onClose: () => void }): ReactNode {
  const reset = useChange("POST /api/v1/users/{id}/reset", USERS);
  if (reset.data !== undefined) return <PasswordOnce title="The password was reset" email={user.email} password={reset.data.password} onClose={onClose} />;
  return (
    <Confirm open danger title={`Reset the password of ${user.name}?`} act="Reset" busy={reset.isPending} fault={reset.error} onClose={onClose} onAct={() => reset.mutate({ params: { id: user.id } })}>
      <p>{user.email} gets a password for one sign-in. The old one, the second factor and all sessions of the account end now.</p>
    </Confirm>
  );
}

function RemoveUser({ user, onClose }: { readonly user: User; readonly onClose: () => void }): ReactNode {
  const remove = useChange("DELETE /api/v1/users/{id}", USERS);
  return (
    <Confirm open danger title={`Remove ${user.name}?`} act="Remove" busy={remove.isPending} fault={remove.error} onClose={onClose} onAct={() => remove.mutate({ params: { id: user.id } }, { onSuccess: onClose })}>
      <p>{user.email} cannot sign in any more, and its sessions end now. What it did stays in the audit log.</p>
    </Confirm>
  );
}
