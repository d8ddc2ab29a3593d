/** Asks whether somebody has a role, or may do something, on a scope. What is typed is a name; where several fit, the hub lists them. */
import { Autocomplete, Button } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useNavigate } from "@tanstack/react-router";
import { useState, type ReactNode } from "react";
import { useAsk } from "../../api/queries.ts";
import { useTenant } from "../../parts/url.ts";
import { ACTIONS } from "./actions.ts";

interface WhyFormProps {
  readonly connection?: string | undefined;
  /** Given where the page is somebody's own: then it is not asked for. */
  readonly principal?: string;
  readonly start?: { readonly principal?: string | undefined; readonly can?: string | undefined; readonly scope?: string | undefined };
}

export function WhyForm({ connection, principal, start = {} }: WhyFormProps): ReactNode {
  const navigate = useNavigate();
  const [who, setWho] = useState(start.principal ?? "");
  const [can, setCan] = useState(start.can ?? "");
  const [scope, setScope] = useState(start.scope ?? "");
  const people = usePeople(principal === undefined ? who : "", connection);
  const scopes = useScopes(scope, connection);
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault();
        void navigate({ to: "/access/why", search: (before) => ({ ...before, connection, principal: principal ?? who.trim(), can: can.trim(), scope: scope.trim() }) });
      }}
    >
      <div className={principal === undefined ? "form-grid" : "stack"}>
        {principal === undefined ? <Autocomplete size="xs" label="Who" placeholder="E-mail address, name or id" required data={people} value={who} onChange={setWho} comboboxProps={{ shadow: "md" }} filter={({ options }) => options} /> : null}
        <Autocomplete size="xs" label="May or holds" placeholder="isolate, or a role" required data={[...ACTIONS]} value={can} onChange={setCan} maxDropdownHeight={260} comboboxProps={{ shadow: "md" }} />
        <Autocomplete size="xs" label="On" placeholder="site:Lyon Depot, or global" required data={scopes} value={scope} onChange={setScope} comboboxProps={{ shadow: "md" }} filter={({ options }) => options} />
      </div>
      <div className="row">
        <Button type="submit" disabled={(principal ?? who).trim() === "" || can.trim() === "" || scope.trim() === ""}>
          Ask
        </Button>
      </div>
    </form>
  );
}

function usePeople(typed: string, connection: string | undefined): string[] {
  const tenant = useTenant();
  const [text] = useDebouncedValue(typed.trim(), 300);
  const found = useAsk("GET /api/v1/access/principals", { query: { text, tenant, connection, limit: 8 } }, { enabled: text.length > 1 });
  return [...new Set((found.data?.items ?? []).map(({ email, name, id }) => email ?? name ?? id))];
}

function useScopes(typed: string, connection: string | undefined): string[] {
  const tenant = useTenant();
  const [text] = useDebouncedValue(typed.replace(/^(?:account|site|group):/u, "").trim(), 300);
  const found = useAsk("GET /api/v1/access/scopes", { query: { text, tenant, connection, limit: 8 } }, { enabled: text.length > 1 });
  return [...new Set((found.data?.items ?? []).map(({ kind, name, id }) => (kind === "global" ? "global" : `${kind}:${name ?? id}`)))];
}
