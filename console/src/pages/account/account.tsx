/** One's own account: password, second factor, and where one is signed in. */
import { Button, PasswordInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState, type ReactNode } from "react";
import type { Answer } from "../../api/client.ts";
import { useAsk, useChange } from "../../api/queries.ts";
import { changePassword, roleWord, signOut, useSession } from "../../api/session.ts";
import { DataTable, type Column } from "../../parts/data-table.tsx";
import { useNewPassword } from "../../parts/new-password.tsx";
import { Facts, Page, Section } from "../../parts/page.tsx";
import { Empty, FaultNote } from "../../parts/states.tsx";
import { exact } from "../../parts/time.ts";
import { Ago, Tag, Until } from "../../parts/words.tsx";
import { SecondFactor } from "./second-factor.tsx";

type Entry = Answer<"GET /api/v1/session/list">["items"][number];

export function AccountPage(): ReactNode {
  const { user, tenants, everyTenant } = useSession();
  if (user === null) return <Empty title="This session has no account of its own.">It was opened by a link or a key.</Empty>;
  return (
    <Page title="Your account" lead={`${user.name}, ${user.email}`}>
      <div className="columns">
        <div className="column">
          <SecondFactor on={user.totp} />
          <Section title="Where you are signed in" flush>
            <Sessions />
          </Section>
        </div>
        <div className="column">
          <Section title="What you may do">
            <Facts
              facts={[
                { name: "Role", value: roleWord(user.role) },
                { name: "Tenants", value: everyTenant ? "every tenant" : tenants.map(({ name }) => name).join(", ") },
              ]}
            />
          </Section>
          <Password />
        </div>
      </div>
    </Page>
  );
}

function Password(): ReactNode {
  const [current, setCurrent] = useState("");
  const chosen = useNewPassword("New password", "xs");
  const change = useMutation({
    mutationFn: changePassword,
    onSuccess: () => {
      setCurrent("");
      chosen.clear();
    },
  });
  return (
    <Section title="Password">
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          change.mutate({ current, password: chosen.password });
        }}
      >
        <PasswordInput label="Current password" name="current" required autoComplete="current-password" value={current} onChange={(event) => setCurrent(event.currentTarget.value)} visibilityToggleButtonProps={{ "aria-label": "Show the current password" }} />
        {chosen.fields}
        {change.error === null ? null : <FaultNote fault={change.error} />}
        {change.isSuccess ? (
          <p className="note note-good" role="status">
            The password was changed. Your other sessions have ended.
          </p>
        ) : null}
        <div className="row">
          <Button type="submit" loading={change.isPending} disabled={!chosen.good || current === "" || chosen.password === ""}>
            Change the password
          </Button>
        </div>
      </form>
    </Section>
  );
}

function Sessions(): ReactNode {
  const sessions = useAsk("GET /api/v1/session/list", {}, { every: 30_000 });
  const end = useChange("DELETE /api/v1/session/list/{id}", ["GET /api/v1/session/list"]);
  const columns: readonly Column<Entry>[] = [
    {
      id: "browser",
      header: "Browser",
      narrow: true,
      text: ({ agent }) => browserOf(agent),
      cell: ({ agent, current }) => (
        <span title={agent}>
          {browserOf(agent)} {current ? <Tag tone="good">This one</Tag> : null}
        </span>
      ),
    },
    { id: "from", header: "From", width: 104, text: ({ address }) => address },
    { id: "since", header: "Signed in", width: 90, text: ({ createdAt }) => exact(createdAt), cell: ({ createdAt }) => <Ago at={createdAt} /> },
    { id: "used", header: "Last used", width: 90, text: ({ usedAt }) => exact(usedAt), cell: ({ usedAt }) => <Ago at={usedAt} /> },
    { id: "ends", header: "Ends", width: 76, text: ({ endsAt }) => exact(endsAt), cell: ({ endsAt }) => <Until at={endsAt} /> },
    {
      id: "act",
      header: "",
      width: 84,
      narrow: true,
      text: () => "",
      cell: ({ id, current, agent }) => (
        <button type="button" className="link" disabled={end.isPending} aria-label={current ? "Sign out here" : `End the session of ${browserOf(agent)}`} onClick={() => (current ? void signOut() : end.mutate({ params: { id } }))}>
          {current ? "Sign out" : "End"}
        </button>
      ),
    },
  ];
  return (
    <>
      {end.error === null ? null : <FaultNote fault={end.error} />}
      <DataTable short name="sessions" columns={columns} rows={sessions.data?.items ?? []} rowKey={({ id }) => id} pending={sessions.isPending} fault={sessions.error} again={() => void sessions.refetch()} empty={<Empty title="No session is known." />} />
    </>
  );
}

const BROWSERS = [
  [/Edg\//u, "Edge"],
  [/Firefox\//u, "Firefox"],
  [/Chrom(?:e|ium)\//u, "Chrome"],
  [/Safari\//u, "Safari"],
] as const;
const SYSTEMS = [
  [/Windows/u, "Windows"],
  [/iPhone|iPad/u, "iOS"],
  [/Android/u, "Android"],
  [/Mac OS X/u, "macOS"],
  [/Linux/u, "Linux"],
] as const;

/** `Firefox on Linux`; whatever else calls itself something else is shown as it does. */
function browserOf(agent: string): string {
  const browser = BROWSERS.find(([mark]) => mark.test(agent))?.[1];
  const system = SYSTEMS.find(([mark]) => mark.test(agent))?.[1];
  if (browser === undefined) return agent === "" ? "unknown" : agent;
  return system === undefined ? browser : `${browser} on ${system}`;
}
