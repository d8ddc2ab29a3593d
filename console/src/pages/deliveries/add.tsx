/** Adds a destination: where facts go, what it has to be told to take them, and which it gets. */
import { Button, Checkbox, NativeSelect, PasswordInput, TextInput, Textarea } from "@mantine/core";
import { Link, useNavigate } from "@tanstack/react-router";
import { useState, type ReactNode } from "react";
import type { Answer } from "../../api/client.ts";
import { useChange } from "../../api/queries.ts";
import { useSession } from "../../api/session.ts";
import { Page, Section } from "../../parts/page.tsx";
import { FaultNote } from "../../parts/states.tsx";
import { useTenant } from "../../parts/url.ts";
import { ConditionFields, conditionsOf, NO_CONDITIONS, type Conditions } from "./conditions.tsx";
import { configOf, FORMATS, KINDS, type Field } from "./kinds.ts";
import { Secret } from "./secret.tsx";
import { TOUCHED } from "./words.ts";

type Added = Answer<"POST /api/v1/destinations">;

export function AddDestinationPage(): ReactNode {
  const { tenants } = useSession();
  const navigate = useNavigate();
  const [kindId, setKind] = useState("webhook");
  const kind = KINDS.find(({ id }) => id === kindId) ?? KINDS[0];
  const [name, setName] = useState("");
  const [given, setGiven] = useState<Readonly<Record<string, string | boolean>>>({});
  const [conditions, setConditions] = useState<Conditions>(NO_CONDITIONS);
  const [format, setFormat] = useState("");
  const [lookBack, setLookBack] = useState("7");
  const chosen = useTenant();
  const [tenant, setTenant] = useState(chosen ?? tenants[0]?.id ?? "");
  const [added, setAdded] = useState<Added | null>(null);
  const add = useChange("POST /api/v1/destinations", TOUCHED);
  const open = (id: string): void => void navigate({ to: "/deliveries/$id", params: { id } });
  if (kind === undefined) return null;
  return (
    <Page title="Add a destination" above={<Link to="/deliveries">Deliveries</Link>} lead="It is asked whether it can be reached before anything is saved. Secrets are sealed on the hub's disk, and never shown again.">
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          const { facts, filter } = conditionsOf(conditions);
          const body = {
            name: name.trim(),
            kind: kind.id,
            config: configOf(kind, given),
            ...(facts.length === 0 ? {} : { facts }),
            ...(Object.keys(filter).length === 0 ? {} : { filter }),
            ...(format === "" ? {} : { format: format as "raw" }),
            ...(/^\d+$/u.test(lookBack) ? { lookBackDays: Number(lookBack) } : {}),
            ...(tenant === "" ? {} : { tenant }),
          };
          // What has a secret shows it once, here; what has none is opened.
          add.mutate({ body }, { onSuccess: (answer) => (answer.secret === null ? open(answer.destination.id) : setAdded(answer)) });
        }}
      >
        <Section title="Where to">
          <div className="stack">
            <div className="form-grid">
              <NativeSelect label="Kind" description={kind.about} value={kind.id} onChange={(event) => { setKind(event.currentTarget.value); setGiven({}); add.reset(); }} data={KINDS.map(({ id, name: label }) => ({ value: id, label }))} />
              <TextInput label="Name" description="What it is called here." required maxLength={100} value={name} onChange={(event) => setName(event.currentTarget.value)} />
              {tenants.length > 1 ? <NativeSelect label="Tenant" description="Whose facts it gets, and who sees it." value={tenant} onChange={(event) => setTenant(event.currentTarget.value)} data={tenants.map(({ id, name: label }) => ({ value: id, label }))} /> : null}
            </div>
            <div className="form-grid">
              {kind.fields.map((field) => (
                <ConfigField key={`${kind.id} ${field.key}`} field={field} value={given[field.key] ?? ""} onValue={(value) => setGiven({ ...given, [field.key]: value })} />
              ))}
            </div>
          </div>
        </Section>
        <Section title="What it gets">
          <div className="stack">
            <ConditionFields conditions={conditions} onConditions={setConditions} />
            <div className="form-grid">
              <NativeSelect label="Format" value={format} onChange={(event) => setFormat(event.currentTarget.value)} data={[...FORMATS]} />
              <TextInput label="Days to look back" description="How far back it is told of alerts that were read before." inputMode="numeric" pattern="[0-9]{1,4}" value={lookBack} onChange={(event) => setLookBack(event.currentTarget.value)} />
            </div>
          </div>
        </Section>
        {add.error === null ? null : <FaultNote fault={add.error} />}
        <div className="row">
          <Button type="submit" loading={add.isPending}>
            Add the destination
          </Button>
          <Button variant="default" component={Link} to="/deliveries">
            Cancel
          </Button>
        </div>
      </form>
      <Secret of={added} onClose={() => { if (added !== null) open(added.destination.id); }} />
    </Page>
  );
}

function ConfigField({ field, value, onValue }: { readonly field: Field; readonly value: string | boolean; readonly onValue: (value: string | boolean) => void }): ReactNode {
  const { label, as, required = false, placeholder, help } = field;
  const text = typeof value === "string" ? value : "";
  const shared = { label, required, placeholder, description: help, autoComplete: "off", spellCheck: false, value: text, onChange: (event: { readonly currentTarget: { readonly value: string } }) => onValue(event.currentTarget.value) };
  if (as === "flag") return <Checkbox label={label} description={help} checked={value === true} onChange={(event) => onValue(event.currentTarget.checked)} />;
  if (as === "secret") return <PasswordInput {...shared} autoComplete="new-password" visibilityToggleButtonProps={{ "aria-label": `Show: ${label}` }} />;
  if (as === "pem") return <Textarea {...shared} className="code-field" autosize minRows={2} maxRows={6} placeholder="-----BEGIN CERTIFICATE-----" />;
  return <TextInput {...shared} {...(as === "number" ? { inputMode: "numeric" as const, pattern: "[0-9]{1,6}" } : {})} />;
}
