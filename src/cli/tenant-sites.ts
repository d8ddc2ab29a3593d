/** Which sites belong to which tenant: shown, given and taken away. */
import type { Static } from "typebox";
import type { ConnectionView, SiteMapping } from "../kernel/api.ts";
import { Fault } from "../kernel/fault.ts";
import type { CliContext, JsonOption } from "./command.ts";
import { EXIT_OK } from "./faults.ts";
import { clean } from "./terminal.ts";
import { findConnection, findTenant, gather, listItems, printArray, segment } from "./lists.ts";
import type { ApiClient } from "./ports.ts";

type Site = Static<typeof SiteMapping>;

const CONNECTIONS = "/api/v1/connections";
const UNASSIGNED = "/api/v1/sites/unassigned";
const SITE_ID = /^\d{1,30}$/;

export interface MapOptions extends JsonOption {
  readonly connection?: string;
}

async function printSites(context: CliContext, api: ApiClient, sites: readonly Site[]): Promise<void> {
  const names = sites.length === 0 ? new Map<string, string>() : new Map((await gather(listItems<ConnectionView>(api, CONNECTIONS))).map(({ id, name }) => [id, name]));
  context.out.table(["SITE", "NAME", "ACCOUNT", "CONNECTION", "TENANT"], sites.map((site) => [site.site, site.siteName ?? "-", site.accountName ?? "-", names.get(site.connection) ?? site.connection, site.tenant ?? "-"]));
}

/** PUT gives sites to the tenant, DELETE takes them away; without sites, those it has are shown. Answers what it has then. */
export async function mapSites(context: CliContext, api: ApiClient, method: "PUT" | "DELETE", reference: string, sites: readonly string[], options: MapOptions): Promise<number> {
  const tenant = await findTenant(api, reference);
  const path = `/api/v1/tenants/${segment(tenant.id)}/sites`;
  if (sites.length > 0) {
    const connection = options.connection === undefined ? await theOnlyConnection(api) : await findConnection(api, options.connection);
    const ids = await siteIds(api, sites, connection, method === "PUT" ? [UNASSIGNED, path] : [path]);
    const answer = await api.request<{ readonly items: readonly Site[] }>(method, path, { body: { connection: connection.id, sites: ids } });
    if (options.json === true) context.out.json(answer.items);
    else {
      if (method === "DELETE") context.out.note(`Taken away from ${clean(tenant.name)}: ${ids.join(", ")}. What is left:`);
      await printSites(context, api, answer.items);
    }
    return EXIT_OK;
  }
  const mapped = listItems<Site>(api, path);
  if (options.json === true) return printArray(context.out, mapped).then(() => EXIT_OK);
  await printSites(context, api, await gather(mapped));
  return EXIT_OK;
}

async function theOnlyConnection(api: ApiClient): Promise<ConnectionView> {
  const [connection, second] = await gather(listItems<ConnectionView>(api, CONNECTIONS));
  if (connection !== undefined && second === undefined) return connection;
  throw new Fault("CONFIG_INVALID", "Whose sites these are is missing.", { cure: "Add --connection NAME; `vedette connections list` shows them." });
}

/** Ids as they are; names are looked for among the sites these lists have of the connection. */
async function siteIds(api: ApiClient, given: readonly string[], connection: ConnectionView, lists: readonly string[]): Promise<readonly string[]> {
  if (given.every((word) => SITE_ID.test(word))) return given;
  const known: Site[] = [];
  for (const path of lists) known.push(...(await gather(listItems<Site>(api, path))).filter((site) => site.connection === connection.id));
  return given.map((word) => {
    if (SITE_ID.test(word)) return word;
    const wanted = word.trim().toLowerCase();
    const found = known.filter(({ siteName }) => siteName?.trim().toLowerCase() === wanted);
    const [site, second] = found;
    if (site === undefined) throw new Fault("NOT_FOUND", `No site that could be meant is named ${JSON.stringify(word)}.`, { cure: "`vedette tenants unassigned` shows those that belong to nobody; any other is meant by its id." });
    if (second !== undefined) throw new Fault("CONFIG_INVALID", `Several sites are named ${JSON.stringify(word)}: ${found.map((one) => `${one.site}${one.accountName === null ? "" : ` (${one.accountName})`}`).join(", ")}.`, { cure: "Give the id." });
    return site.site;
  });
}

export async function unassignedSites(context: CliContext, api: ApiClient, options: JsonOption): Promise<number> {
  const sites = listItems<Site>(api, UNASSIGNED);
  if (options.json === true) return printArray(context.out, sites).then(() => EXIT_OK);
  const all = await gather(sites);
  if (all.length === 0) context.out.note("Every site belongs to a tenant.");
  await printSites(context, api, all);
  return EXIT_OK;
}
