/** From when on something counts as a risk: what holds now, what was set for exactly this tenant, and a way back from that. */
import { Button, Checkbox, NumberInput, TagsInput } from "@mantine/core";
import { useState, type ReactNode } from "react";
import type { Answer, Route } from "../../api/client.ts";
import { useAsk, useChange } from "../../api/queries.ts";
import { useMay } from "../../api/session.ts";
import { Section } from "../../parts/page.tsx";
import { Failed, FaultNote, Loading } from "../../parts/states.tsx";
import { useTenantNames } from "../../parts/tenant-names.ts";

type Known = Answer<"GET /api/v1/access/risks/thresholds">;
type Values = Known["values"];
type Name = keyof Values;

const TOUCHED: readonly Route[] = ["GET /api/v1/access/risks/thresholds", "GET /api/v1/access/risks", "GET /api/v1/access/risks/summary"];

interface Words {
  readonly label: string;
  readonly about: string;
}

const DAYS: readonly (Words & { readonly name: "neverSignedInDays" | "staleDays" | "tokenExpiringDays" | "tokenUrgentDays" | "tokenLongestDays" | "tokenUnusedDays" })[] = [
  { name: "neverSignedInDays", label: "Never signed in", about: "days after the invitation" },
  { name: "staleDays", label: "Stale", about: "days since the last sign-in" },
  { name: "tokenExpiringDays", label: "Token expiring", about: "days before its end" },
  { name: "tokenUrgentDays", label: "Token expiring, urgent", about: "days before its end" },
  { name: "tokenLongestDays", label: "Token lives too long", about: "days; a longer one counts as one without an end" },
  { name: "tokenUnusedDays", label: "Token unused", about: "days without any use" },
];
const COUNTS: readonly (Words & { readonly name: "overScopedSites" | "ssoUsers" })[] = [
  { name: "overScopedSites", label: "Over-scoped: sites", about: "a service user on fewer is never" },
  { name: "ssoUsers", label: "A console uses SSO", about: "users of SSO from which on" },
];
const SHARES: readonly (Words & { readonly name: "overScopedShare" | "nearAdminShare" })[] = [
  { name: "overScopedShare", label: "Over-scoped: share of sites", about: "percent of the console's sites" },
  { name: "nearAdminShare", label: "Role near an administrator", about: "percent of an administrator's permissions" },
];

export function Thresholds({ tenant }: { readonly tenant: string | undefined }): ReactNode {
  const found = useAsk("GET /api/v1/access/risks/thresholds", { query: { tenant } });
  const nameOf = useTenantNames(tenant === undefined ? [] : [tenant]);
  const whose = tenant === undefined ? "all tenants" : nameOf(tenant);
  return (
    <Section title={`Thresholds for ${whose}`} aside={tenant === undefined ? "what is set for one tenant outranks these" : undefined}>
      {found.isPending ? <Loading what="Loading the thresholds" /> : found.isError ? <Failed fault={found.error} again={() => void found.refetch()} /> : <Form key={JSON.stringify(found.data)} known={found.data} whose={whose} />}
    </Section>
  );
}

function Form({ known, whose }: { readonly known: Known; readonly whose: string }): ReactNode {
  const mayWrite = useMay("access.write");
  const [values, setValues] = useState<Values>(known.values);
  const set = useChange("PUT /api/v1/access/risks/thresholds", TOUCHED);
  const put = (patch: Partial<Values>): void => setValues({ ...values, ...patch });
  const changed = (Object.keys(values) as Name[]).filter((name) => JSON.stringify(values[name]) !== JSON.stringify(known.values[name]));
  const owner = known.tenant === null ? {} : { tenant: known.tenant };
  const describe = (name: Name, label: string, about: string): ReactNode => (
    <>
      {about}
      {known.set.includes(name) ? (
        <>
          {" "}
          · set here
          {mayWrite ? (
            <>
              {" "}
              <button type="button" className="link" aria-label={`Take back: ${label}`} onClick={() => set.mutate({ body: { ...owner, values: { [name]: null } } })}>
                Take back
              </button>
            </>
          ) : null}
        </>
      ) : null}
    </>
  );
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault();
        set.mutate({ body: { ...owner, values: Object.fromEntries(changed.map((name) => [name, values[name]])) } });
      }}
    >
      <div className="thresholds">
        {DAYS.map(({ name, label, about }) => (
          <NumberInput key={name} label={label} description={describe(name, label, about)} min={1} max={3650} allowDecimal={false} readOnly={!mayWrite} value={values[name]} onChange={(value) => put({ [name]: Number(value) })} />
        ))}
        {COUNTS.map(({ name, label, about }) => (
          <NumberInput key={name} label={label} description={describe(name, label, about)} min={1} max={1_000_000} allowDecimal={false} readOnly={!mayWrite} value={values[name]} onChange={(value) => put({ [name]: Number(value) })} />
        ))}
        {SHARES.map(({ name, label, about }) => (
          <NumberInput key={name} label={label} description={describe(name, label, about)} min={1} max={100} suffix=" %" readOnly={!mayWrite} value={Math.round(values[name] * 1000) / 10} onChange={(value) => put({ [name]: Number(value) / 100 })} />
        ))}
      </div>
      <TagsInput label="Roles that administer" description={describe("adminRoles", "Roles that administer", "by their names; Enter after each")} readOnly={!mayWrite} clearable={false} maxTags={50} value={[...values.adminRoles]} onChange={(adminRoles) => put({ adminRoles })} />
      <Checkbox label="Ask for the console's second factor of users of SSO too" description={describe("twoFactorOfSso", "Second factor of users of SSO", "their identity provider asks for its own")} disabled={!mayWrite} checked={values.twoFactorOfSso} onChange={(event) => put({ twoFactorOfSso: event.currentTarget.checked })} />
      {set.error === null ? null : <FaultNote fault={set.error} />}
      {mayWrite ? (
        <div className="row">
          <Button type="submit" loading={set.isPending} disabled={changed.length === 0 || values.adminRoles.length === 0}>
            Set for {whose}
          </Button>
          {changed.length === 0 ? null : (
            <Button variant="default" onClick={() => setValues(known.values)}>
              Leave as it was
            </Button>
          )}
        </div>
      ) : null}
    </form>
  );
}
