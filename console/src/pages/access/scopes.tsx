/** Who can do what where: the scopes as a tree, and beside it who reaches the one that is chosen. */
import { Button, Menu, TextInput } from "@mantine/core";
import { useMemo, type ReactNode } from "react";
import { addressOf } from "../../api/client.ts";
import { useAsk } from "../../api/queries.ts";
import { Page, Section } from "../../parts/page.tsx";
import { Places } from "../../parts/places.tsx";
import { Empty } from "../../parts/states.tsx";
import { useTyped, useUrl } from "../../parts/url.ts";
import { ScopesFound, ScopeTree, treeKey, type TreeState } from "./tree.tsx";
import { WhoReaches } from "./who.tsx";
import { ACCESS_PLACES } from "./words.ts";

export function AccessPage(): ReactNode {
  const url = useUrl();
  const [typed, setTyped] = useTyped("find");
  const coverage = useAsk("GET /api/v1/access/coverage", {});
  const connection = url.get("connection");
  const scope = url.get("scope");
  // The same question as beside the tree, so that it is asked once: what the chosen one lies in is opened.
  const lies = useAsk("GET /api/v1/access/who", { query: { scope: scope ?? "", connection, limit: 1 } }, { enabled: scope !== undefined });
  const state = useMemo<TreeState>(() => {
    const found = lies.data;
    return {
      chosen: found === undefined ? null : treeKey(found.scope.connection, found.scope),
      above: new Set(found?.lies.map((each) => treeKey(found.scope.connection, each))),
      nameOf: (id) => coverage.data?.items.find((one) => one.connection === id)?.name ?? "The whole console",
    };
  }, [lies.data, coverage.data]);
  const find = url.get("find");
  return (
    <Page title="Access" lead="Who can do what at your consoles, where, why and since when. A role on a scope holds on everything below it." actions={<Download connection={connection} scope={scope} several={(coverage.data?.items.length ?? 0) > 1} />}>
      <Places name="Access" places={ACCESS_PLACES} />
      <div className="tree-columns">
        <Section title="Scopes" aside="people who hold a role there">
          <div className="stack">
            <TextInput aria-label="Search scopes" placeholder="Part of a scope's name" value={typed} onChange={(event) => setTyped(event.currentTarget.value)} />
            {find === undefined ? <ScopeTree state={state} /> : <ScopesFound text={find} state={state} />}
          </div>
        </Section>
        {scope === undefined ? (
          <div className="card">
            <Empty title="Choose a scope.">Who reaches it is shown here: who holds a role on it, and who inherits one from what it lies in.</Empty>
          </div>
        ) : (
          <WhoReaches key={`${connection ?? ""} ${scope}`} scope={scope} connection={connection} />
        )}
      </div>
    </Page>
  );
}

const FORMATS = [
  ["csv", "A row for each role held (CSV)"],
  ["json", "The graph (JSON)"],
  ["dot", "A picture for Graphviz (DOT)"],
  ["c1z", "For ConductorOne and baton (.c1z)"],
] as const;

/** Of a picture, the chosen scope with what is below it; a `.c1z` holds one connection. */
function Download({ connection, scope, several }: { readonly connection: string | undefined; readonly scope: string | undefined; readonly several: boolean }): ReactNode {
  return (
    <Menu position="bottom-end" shadow="md" width={260}>
      <Menu.Target>
        <Button variant="default">Export the graph</Button>
      </Menu.Target>
      <Menu.Dropdown>
        {FORMATS.filter(([format]) => format !== "c1z" || connection !== undefined || !several).map(([format, words]) => (
          <Menu.Item key={format} component="a" href={addressOf("/api/v1/access/export", undefined, { format, connection, scope: format === "dot" ? scope : undefined })} download>
            {words}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
