/** `posture providers`: access products that ask the hub in words of their own; what is pasted into them is shown once. */
import type { ProviderAdded, ProviderView } from "../kernel/posture-api.ts";
import { Fault } from "../kernel/fault.ts";
import type { CliContext, JsonOption } from "./command.ts";
import { EXIT_OK } from "./faults.ts";
import { count, time } from "./format.ts";
import { byNameOrId, gather, listItems, printArray, segment } from "./lists.ts";
import type { ApiClient } from "./ports.ts";
import { clean } from "./terminal.ts";

const PATH = "/api/v1/posture/providers";

export interface AddProviderOptions extends JsonOption {
  readonly name?: string;
  readonly tenant?: string;
  readonly team?: string;
  readonly audience?: string;
  readonly pass?: number;
  readonly warn?: number;
  readonly fail?: number;
  readonly rule?: readonly string[];
}

export async function listProviders(context: CliContext, api: ApiClient, options: JsonOption): Promise<number> {
  const providers = listItems<ProviderView>(api, PATH);
  if (options.json === true) return printArray(context.out, providers).then(() => EXIT_OK);
  const all = await gather(providers);
  if (all.length === 0) context.out.note("No providers yet: `vedette posture providers add cloudflare`.");
  context.out.table(["NAME", "KIND", "TENANT", "RULES", "TEAM", "CLIENT ID", "LAST ASKED", "ID"], all.map((one) => [one.name, one.kind, one.tenant ?? "all", one.rules === null ? "all" : count(one.rules.length), one.team ?? "-", one.clientId, time(one.askedAt), one.id]));
  for (const one of all) if (one.previousUntil !== null && Date.parse(one.previousUntil) > Date.now()) context.out.note(clean(`${one.name}: the secret before the last rotation counts until ${time(one.previousUntil)}.`));
  return EXIT_OK;
}

export async function addProvider(context: CliContext, api: ApiClient, kind: string, options: AddProviderOptions): Promise<number> {
  const { name, tenant, team, audience, rule } = options;
  if ((team === undefined) !== (audience === undefined)) throw new Fault("CONFIG_INVALID", "--team and --audience go together.", { cure: "Both are on the Access application's page." });
  const body = { kind, ...(name === undefined ? {} : { name }), ...(tenant === undefined ? {} : { tenant }), ...(team === undefined ? {} : { team, audience }), ...scoresOf(options), ...(rule === undefined ? {} : { rules: rule }) };
  const added = await api.request<ProviderAdded>("POST", PATH, { body });
  const { out } = context;
  if (options.json === true) {
    out.json(added);
    return EXIT_OK;
  }
  out.note(clean(`${added.provider.name} (${added.provider.id}) is added. Paste into Cloudflare: Integrations > Service providers > Custom service provider. The secret is shown this once.`));
  if (added.url.startsWith("/")) out.note("The hub does not know by which name it is reached: put https and that name before the path, and set VEDETTE_PUBLIC_URL.");
  if (team !== undefined) out.note("Behind Access, paste the id and secret of its own service token instead: the hub checks what Access adds to each request.");
  printSecret(context, added);
  return EXIT_OK;
}

function printSecret({ out }: CliContext, added: ProviderAdded): void {
  out.facts([["REST API URL", added.url], ["Access client ID", added.client_id], ["Access client secret", added.client_secret]]);
}

function scoresOf({ pass, warn, fail }: Pick<AddProviderOptions, "pass" | "warn" | "fail">): { readonly scores?: Readonly<Record<string, number>> } {
  const scores = Object.fromEntries(Object.entries({ pass, warn, fail }).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
  return Object.keys(scores).length === 0 ? {} : { scores };
}

export interface UpdateProviderOptions extends JsonOption {
  readonly name?: string;
  readonly rule?: readonly string[];
  readonly everyRule?: true;
  readonly pass?: number;
  readonly warn?: number;
  readonly fail?: number;
}

export async function updateProvider(context: CliContext, api: ApiClient, reference: string, options: UpdateProviderOptions): Promise<number> {
  const { name, rule, everyRule } = options;
  if (rule !== undefined && everyRule === true) throw new Fault("CONFIG_INVALID", "--rule and --every-rule exclude each other.", { cure: "Choose one." });
  const body = { ...(name === undefined ? {} : { name }), ...(rule === undefined ? {} : { rules: rule }), ...(everyRule === true ? { rules: null } : {}), ...scoresOf(options) };
  if (Object.keys(body).length === 0) throw new Fault("CONFIG_INVALID", "Nothing to change is given.", { cure: "`vedette posture providers update --help` shows what there is." });
  const provider = await byNameOrId(listItems<ProviderView>(api, PATH), reference, "provider", "posture providers");
  const changed = await api.request<ProviderView>("PATCH", `${PATH}/${segment(provider.id)}`, { body });
  if (options.json === true) context.out.json(changed);
  else context.out.line(clean(`${changed.name}: ${changed.rules === null ? "every rule counts" : `${count(changed.rules.length)} of the rules count`}; scores ${String(changed.scores.pass)}, ${String(changed.scores.warn)}, ${String(changed.scores.fail)}`));
  return EXIT_OK;
}

export async function rotateProvider(context: CliContext, api: ApiClient, reference: string, options: JsonOption & { overlap?: string }): Promise<number> {
  const provider = await byNameOrId(listItems<ProviderView>(api, PATH), reference, "provider", "posture providers");
  const rotated = await api.request<ProviderAdded>("POST", `${PATH}/${segment(provider.id)}/rotate`, { body: options.overlap === undefined ? {} : { overlap: options.overlap } });
  if (options.json === true) {
    context.out.json(rotated);
    return EXIT_OK;
  }
  const { previousUntil } = rotated.provider;
  context.out.note(clean(`${provider.name} has another secret, shown this once. ${previousUntil === null ? "The one before is refused from now on." : `The one before counts until ${time(previousUntil)}.`}`));
  printSecret(context, rotated);
  return EXIT_OK;
}

export async function removeProvider(context: CliContext, api: ApiClient, reference: string, options: JsonOption & { yes?: true }): Promise<number> {
  const provider = await byNameOrId(listItems<ProviderView>(api, PATH), reference, "provider", "posture providers");
  if (options.yes !== true) throw new Fault("CONFIG_INVALID", `Without ${JSON.stringify(provider.name)} its product is refused and every device fails there.`, { cure: "Add --yes if that is meant." });
  const answer = await api.request<unknown>("DELETE", `${PATH}/${segment(provider.id)}`);
  if (options.json === true) context.out.json(answer);
  else context.out.line(clean(`${provider.name}: removed`));
  return EXIT_OK;
}
