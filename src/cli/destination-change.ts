/** `destinations edit`: options become the change that the hub is given. What is not named stays; `--any` lifts a condition. */
import { Option, type Command } from "commander";
import type { DestinationChange } from "../kernel/delivery-api.ts";
import { Fault } from "../kernel/fault.ts";
import type { JsonOption } from "./command.ts";
import { filterOf, tenantsOf, withConditions, type Conditions } from "./destination-draft.ts";

const LIFTED = ["facts", "stream", "product", "severity", "site", "connection"] as const;
type Lifted = (typeof LIFTED)[number];

export interface EditOptions extends JsonOption, Conditions {
  readonly name?: string;
  readonly any?: readonly Lifted[];
  readonly ownTenant?: true;
}

const KEYS = { stream: "streams", product: "products", severity: "severity", site: "sites", connection: "connections" } as const satisfies Record<Exclude<Lifted, "facts">, string>;

export function withEditOptions(command: Command): Command {
  return withConditions(command.option("--name <name>", "another name"))
    .addOption(new Option("--any <condition>", "lift this condition; may be repeated").choices([...LIFTED]).argParser(repeatedCondition))
    .option("--own-tenant", "only its own tenant's facts from now on");
}

function repeatedCondition(value: string, earlier: readonly Lifted[] | undefined): readonly Lifted[] {
  const found = LIFTED.find((each) => each === value);
  if (found === undefined) throw new Fault("CONFIG_INVALID", `There is no condition ${JSON.stringify(value)} to lift.`, { cure: `There are ${LIFTED.join(", ")}.` });
  return [...(earlier ?? []), found];
}

export function changeOf(options: EditOptions): DestinationChange {
  const { any = [], name, facts, ownTenant } = options;
  const tenants = tenantsOf(options);
  const both = any.find((each) => options[each] !== undefined);
  if (both !== undefined) throw new Fault("CONFIG_INVALID", `--any ${both} and --${both} contradict each other.`);
  if (ownTenant === true && tenants !== undefined) throw new Fault("CONFIG_INVALID", "--own-tenant and other tenants contradict each other.");
  const lifted = any.flatMap((each) => (each === "facts" ? [] : [[KEYS[each], null] as const]));
  const filter = { ...filterOf(options), ...Object.fromEntries(lifted) };
  const change: DestinationChange = {
    ...(name === undefined ? {} : { name }),
    ...(any.includes("facts") ? { facts: null } : facts === undefined ? {} : { facts: [...facts] }),
    ...(ownTenant === true ? { tenants: null } : tenants === undefined ? {} : { tenants: [...tenants] }),
    ...(Object.keys(filter).length === 0 ? {} : { filter }),
  };
  if (Object.keys(change).length === 0) throw new Fault("CONFIG_INVALID", "Nothing says what to change.", { cure: "Give a condition, --any CONDITION to lift one, or --name; `vedette destinations edit --help` shows them." });
  return change;
}
