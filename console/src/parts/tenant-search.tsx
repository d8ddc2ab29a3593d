/** Tenants by part of their name, for whoever has more than fit a list. */
import { MultiSelect, Select } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useState, type ReactNode } from "react";
import { useAsk } from "../api/queries.ts";
import type { TenantChoiceProps } from "./tenant-choice.tsx";
import { useTenantNames } from "./tenant-names.ts";

const SHOWN = 50;

/** What is typed, and the tenants that it finds beside those chosen. */
function useFound(chosen: readonly string[]): { readonly typed: string; readonly type: (text: string) => void; readonly data: readonly { readonly value: string; readonly label: string }[]; readonly nothing: string } {
  const [typed, type] = useState("");
  const names = useTenantNames(chosen);
  // A chosen one's own name stands in the field: that is no question.
  const asked = chosen.length === 1 && typed === names(chosen[0] ?? "") ? "" : typed.trim();
  const [text] = useDebouncedValue(asked, 250);
  const found = useAsk("GET /api/v1/tenants", { query: { text: text === "" ? undefined : text, limit: SHOWN } });
  const data = new Map([...(found.data?.items ?? []).map(({ id, name }) => [id, name] as const), ...chosen.map((id) => [id, names(id)] as const)]);
  return { typed, type, data: [...data].map(([value, label]) => ({ value, label })), nothing: found.isPending ? "Looking…" : found.isError ? found.error.message : "No tenant is called that." };
}

export function TenantSearch({ label, labelled = false, className, none, value, onChange }: TenantChoiceProps): ReactNode {
  const { typed, type, data, nothing } = useFound(value === "" ? [] : [value]);
  const name = data.find((one) => one.value === value)?.label;
  return (
    <Select
      // What stands in the field is taken from the name when the field is made: it is made anew once the name is known.
      key={name}
      {...(labelled ? { label } : { "aria-label": label })}
      {...(className === undefined ? {} : { className })}
      placeholder={none ?? "Part of a name"}
      searchable
      clearable={none !== undefined}
      clearButtonProps={{ "aria-label": none ?? "Choose another" }}
      searchValue={typed}
      onSearchChange={type}
      // The hub has looked already.
      filter={({ options }) => options}
      nothingFoundMessage={nothing}
      data={data}
      value={value === "" ? null : value}
      onChange={(tenant) => onChange(tenant ?? "")}
    />
  );
}

export function TenantsSearch({ chosen, onChosen }: { readonly chosen: readonly string[]; readonly onChosen: (tenants: readonly string[]) => void }): ReactNode {
  const { typed, type, data, nothing } = useFound(chosen);
  return <MultiSelect aria-label="Tenants by name" placeholder="Part of a name" searchable searchValue={typed} onSearchChange={type} filter={({ options }) => options} nothingFoundMessage={nothing} data={data} value={[...chosen]} onChange={onChosen} maxDropdownHeight={240} />;
}
