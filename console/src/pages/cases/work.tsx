/** What a person decides of a case. A change names the version it was made for, so that two people do not undo each other unseen. */
import { Button, NativeSelect, TextInput } from "@mantine/core";
import { useState, type ReactNode } from "react";
import type { Body, Route } from "../../api/client.ts";
import { useChange } from "../../api/queries.ts";
import { useMay, useSession } from "../../api/session.ts";
import { Facts, Section } from "../../parts/page.tsx";
import { FaultNote } from "../../parts/states.tsx";
import { Ago, sentence } from "../../parts/words.tsx";
import { SEVERITIES, STATUS_WORDS, VERDICT_WORDS, type Case, type Status, type Verdict } from "./words.ts";

export const CASE_ROUTES: readonly Route[] = ["GET /api/v1/cases", "GET /api/v1/cases/{id}", "GET /api/v1/cases/{id}/triage"];

export function Work({ one }: { readonly one: Case }): ReactNode {
  const mayWrite = useMay("cases.write");
  const { user } = useSession();
  const me = user?.email ?? user?.name ?? null;
  const change = useChange("PATCH /api/v1/cases/{id}", CASE_ROUTES);
  const [owner, setOwner] = useState(one.owner ?? "");
  const set = (body: Body<"PATCH /api/v1/cases/{id}">): void => change.mutate({ params: { id: one.id }, body: { ...body, version: one.version } });
  const facts = [
    { name: "First alert", value: <Ago at={one.firstAt} /> },
    { name: "Newest alert", value: <Ago at={one.lastAt} /> },
    { name: "First looked at", value: <Ago at={one.firstLookAt} none="not yet" /> },
    ...(one.resolvedAt === null ? [] : [{ name: "Resolved", value: <Ago at={one.resolvedAt} /> }]),
    ...(one.reopenedAt === null ? [] : [{ name: "Reopened", value: <Ago at={one.reopenedAt} /> }]),
  ];
  if (!mayWrite)
    return (
      <Section title="State">
        <Facts facts={[{ name: "Status", value: STATUS_WORDS[one.status] }, { name: "Verdict", value: VERDICT_WORDS[one.verdict] }, { name: "Owner", value: one.owner ?? "nobody" }, ...facts]} />
      </Section>
    );
  return (
    <Section title="Your decision" aside={change.isPending ? "saving…" : undefined}>
      <div className="stack">
        <div className="form-grid">
          <NativeSelect label="Status" value={one.status} disabled={change.isPending} onChange={(event) => set({ status: event.currentTarget.value as Status })} data={Object.entries(STATUS_WORDS).map(([value, label]) => ({ value, label }))} />
          <NativeSelect label="Verdict" value={one.verdict} disabled={change.isPending} onChange={(event) => set({ verdict: event.currentTarget.value as Verdict })} data={Object.entries(VERDICT_WORDS).map(([value, label]) => ({ value, label }))} />
          <NativeSelect label="Severity" value={one.severity} disabled={change.isPending} onChange={(event) => set({ severity: event.currentTarget.value as Case["severity"] })} data={[...SEVERITIES.map((value) => ({ value, label: sentence(value) })), ...(one.severity === "unknown" ? [{ value: "unknown", label: "Unknown" }] : [])]} />
        </div>
        <form
          className="row owner-row"
          onSubmit={(event) => {
            event.preventDefault();
            set({ owner: owner.trim() === "" ? null : owner.trim() });
          }}
        >
          <TextInput label="Owner" placeholder="nobody" value={owner} onChange={(event) => setOwner(event.currentTarget.value)} />
          {owner.trim() === (one.owner ?? "") ? (
            me === null || one.owner === me ? null : (
              <Button type="button" variant="default" loading={change.isPending} onClick={() => set({ owner: me, ...(one.status === "new" ? { status: "in-progress" } : {}) })}>
                Take it
              </Button>
            )
          ) : (
            <Button type="submit" loading={change.isPending}>
              Save
            </Button>
          )}
        </form>
        {change.error === null ? null : <FaultNote fault={change.error} />}
        <Facts facts={facts} />
      </div>
    </Section>
  );
}
