/** Which sites belong to which tenant: shown, given and taken away. */
import type { Static } from "typebox";
import type { SiteMapping } from "../kernel/api.ts";
import { Fault } from "../kernel/fault.ts";
import type { CliContext, JsonOption } from "./command.ts";
import { EXIT_OK } from "./faults.ts";
import { findConnection, findTenant, gather, listItems, printArray, segment } from "./lists.ts";
import type { ApiClient } from "./ports.ts";

type Site = Static<typeof SiteMapping>;

export interface MapOptions extends JsonOption {
  readonly connection?: string;
}

function printSites(context: CliContext, sites: readonly Site[]): void {
  context.out.table(["SITE", "NAME", "ACCOUNT", "CONNECTION", "TENANT"], sites.map((site) => [site.site, site.siteName ?? "-", site.accountName ?? "-", site.connection, site.tenant ?? "-"]));
}

/** PUT gives sites to the tenant, DELETE takes them away; without sites, those it has are shown. Answers what it has then. */
export async function mapSites(context: CliContext, api: ApiClient, method: "PUT" | "DELETE", reference: string, sites: readonly string[], options: MapOptions): Promise<number> {
  const tenant = await findTenant(api, reference);
  const path = `/api/v1/tenants/${segment(tenant.id)}/sites`;
  if (sites.length > 0) {
    if (options.connection === undefined) throw new Fault("CONFIG_INVALID", "Whose sites these are is missing.", { cure: "Add --connection NAME." });
    const connection = await findConnection(api, options.connection);
    const answer = await api.request<{ readonly items: readonly Site[] }>(method, path, { body: { connection: connection.id, sites } });
    if (options.json === true) context.out.json(answer.items);
    else printSites(context, answer.items);
    return EXIT_OK;
  }
  const mapped = listItems<Site>(api, path);
  if (options.json === true) return printArray(context.out, mapped).then(() => EXIT_OK);
  printSites(context, await gather(mapped));
  return EXIT_OK;
}

export async function unassignedSites(context: CliContext, api: ApiClient, options: JsonOption): Promise<number> {
  const sites = listItems<Site>(api, "/api/v1/sites/unassigned");
  if (options.json === true) return printArray(context.out, sites).then(() => EXIT_OK);
  const all = await gather(sites);
  if (all.length === 0) context.out.note("Every site belongs to a tenant.");
  printSites(context, all);
  return EXIT_OK;
}
