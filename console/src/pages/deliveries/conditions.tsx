/** Which facts a destination gets: every condition has to be met. */
import { Checkbox, Select, TextInput } from "@mantine/core";
import type { ReactNode } from "react";
import type { Body } from "../../api/client.ts";
import { sentence } from "../../parts/words.tsx";
import { FACTS, listOf } from "./kinds.ts";
import type { Destination } from "./words.ts";

type Filter = NonNullable<Body<"POST /api/v1/destinations">["filter"]>;

export interface Conditions {
  /** Kinds of facts; none: all. */
  readonly facts: readonly string[];
  /** As typed. */
  readonly otherFacts: string;
  readonly severity: string | null;
  readonly products: string;
  readonly sites: string;
}

export const NO_CONDITIONS: Conditions = { facts: [], otherFacts: "", severity: null, products: "", sites: "" };

export function conditionsFrom({ facts, filter }: Destination): Conditions {
  const known: readonly string[] = FACTS;
  return { facts: (facts ?? []).filter((one) => known.includes(one)), otherFacts: (facts ?? []).filter((one) => !known.includes(one)).join(", "), severity: filter?.severity ?? null, products: (filter?.products ?? []).join(", "), sites: (filter?.sites ?? []).join(", ") };
}

export function conditionsOf({ facts, otherFacts, severity, products, sites }: Conditions): { readonly facts: string[]; readonly filter: Filter } {
  return {
    facts: [...facts, ...listOf(otherFacts)],
    filter: { ...(severity === null ? {} : { severity: severity as Filter["severity"] }), ...(listOf(products).length === 0 ? {} : { products: listOf(products) }), ...(listOf(sites).length === 0 ? {} : { sites: listOf(sites) }) },
  };
}

export function ConditionFields({ conditions, onConditions }: { readonly conditions: Conditions; readonly onConditions: (conditions: Conditions) => void }): ReactNode {
  const { facts, otherFacts, severity, products, sites } = conditions;
  const change = (patch: Partial<Conditions>): void => onConditions({ ...conditions, ...patch });
  return (
    <div className="stack">
      <fieldset className="choices plain-set">
        <legend>Kinds of facts (none chosen: all)</legend>
        {FACTS.map((fact) => (
          <Checkbox key={fact} label={fact} checked={facts.includes(fact)} onChange={(event) => change({ facts: event.currentTarget.checked ? [...facts, fact] : facts.filter((one) => one !== fact) })} />
        ))}
      </fieldset>
      <div className="form-grid">
        <TextInput label="Other kinds" description="Exactly, by commas." placeholder="cases.opened, posture.verdict-changed" value={otherFacts} onChange={(event) => change({ otherFacts: event.currentTarget.value })} />
        <Select label="Severity" description="Only about records at least this grave." placeholder="Any" clearable clearButtonProps={{ "aria-label": "Any severity" }} data={["critical", "high", "medium", "low", "info"].map((value) => ({ value, label: value === "critical" ? "Critical" : `${sentence(value)} or more` }))} value={severity} onChange={(value) => change({ severity: value })} />
        <TextInput label="Products" description="As SentinelOne names them, by commas." placeholder="EDR, Identity" value={products} onChange={(event) => change({ products: event.currentTarget.value })} />
        <TextInput label="Sites" description="SentinelOne's ids, by commas." value={sites} onChange={(event) => change({ sites: event.currentTarget.value })} />
      </div>
    </div>
  );
}
