/** `tenants`: an MSP's customers; which sites belong to whom; what leaves with them. */
import { createWriteStream } from "node:fs";
import { once } from "node:events";
import type { Command } from "commander";
import { Fault } from "../../kernel/fault.ts";
import { finish, type CliCommand, type CliContext, type JsonOption } from "../command.ts";
import { EXIT_OK } from "../faults.ts";
import { count, day, plural, time } from "../format.ts";
import { findTenant, gather, listItems, printArray, segment, type Tenant } from "../lists.ts";
import type { ApiClient } from "../ports.ts";
import { mapSites, unassignedSites, type MapOptions } from "../tenant-sites.ts";
import { clean } from "../terminal.ts";

const PATH = "/api/v1/tenants";

export const tenantsCommand: CliCommand = {
  id: "tenants",
  register(program: Command, context: CliContext) {
    const group = program.command("tenants").description("Customers, and which sites are theirs (TENANT is a name or an id)");
    finish(group.command("list").description("All tenants").action(context.ask((api, options: JsonOption) => list(context, api, options))), "vedette tenants list");
    finish(group.command("add <name>").description("Make one").action(context.ask((api, name: string, options: JsonOption) => add(context, api, name, options))), "vedette tenants add 'Orchard Freight'");
    finish(
      group.command("map <tenant> [site...]").description("Give a connection's sites (ids, or names of unassigned ones) to a tenant; without sites, show those it has").option("--connection <name>", "whose sites they are, where there are several connections").action(context.ask((api, tenant: string, sites: readonly string[], options: MapOptions) => mapSites(context, api, "PUT", tenant, sites, options))),
      "vedette tenants map 'Orchard Freight' 2101000000000000011 --connection msp",
    );
    finish(
      group.command("unmap <tenant> <site...>").description("Take sites away from a tenant; they belong to the connection's tenant again").option("--connection <name>", "whose sites they are, where there are several connections").action(context.ask((api, tenant: string, sites: readonly string[], options: MapOptions) => mapSites(context, api, "DELETE", tenant, sites, options))),
      "vedette tenants unmap 'Orchard Freight' 2101000000000000011 --connection msp",
    );
    finish(group.command("unassigned").description("Sites that belong to no tenant of their own").action(context.ask((api, options: JsonOption) => unassignedSites(context, api, options))), "vedette tenants unassigned");
    finish(
      group.command("export <tenant>").description("Everything mirrored for a tenant, as NDJSON").option("--out <file>", "write to FILE (mode 0600) instead of standard output").action(context.ask((api, tenant: string, options: JsonOption & { out?: string }) => exportAll(context, api, tenant, options))),
      "vedette tenants export 'Orchard Freight' --out orchard.ndjson",
      "standard output is NDJSON in any case; with --out, print JSON about the file",
    );
    finish(
      group.command("purge <tenant>").description("Stop reading a tenant's connections now, and delete everything of it in 7 days").option("--yes", "really").action(context.ask((api, tenant: string, options: JsonOption & { yes?: true }) => purge(context, api, tenant, options))),
      "vedette tenants purge 'Orchard Freight' --yes",
    );
    finish(group.command("keep <tenant>").description("Take a purge back while its 7 days last").action(context.ask((api, tenant: string, options: JsonOption) => keep(context, api, tenant, options))), "vedette tenants keep 'Orchard Freight'");
  },
};

async function list(context: CliContext, api: ApiClient, options: JsonOption): Promise<number> {
  const tenants = listItems<Tenant>(api, PATH);
  if (options.json === true) return printArray(context.out, tenants).then(() => EXIT_OK);
  context.out.table(["NAME", "CONNECTIONS", "SITES", "SINCE", "STATE", "ID"], (await gather(tenants)).map((one) => [one.name, count(one.connections), count(one.sites), day(one.createdAt), one.purgeAfter === null ? "-" : `leaving, purged after ${day(one.purgeAfter)}`, one.id]));
  return EXIT_OK;
}

async function add(context: CliContext, api: ApiClient, name: string, options: JsonOption): Promise<number> {
  const tenant = await api.request<Tenant>("POST", PATH, { body: { name } });
  if (options.json === true) context.out.json(tenant);
  else context.out.line(clean(`${tenant.name} (${tenant.id})`));
  return EXIT_OK;
}

async function exportAll(context: CliContext, api: ApiClient, reference: string, options: JsonOption & { out?: string }): Promise<number> {
  const tenant = await findTenant(api, reference);
  const chunks = api.stream("GET", `${PATH}/${segment(tenant.id)}/export`);
  if (options.out === undefined) {
    const decoder = new TextDecoder();
    for await (const chunk of chunks) {
      await context.out.write(decoder.decode(chunk, { stream: true }));
      if (context.out.closed) break;
    }
    return EXIT_OK;
  }
  const written = await writeChunks(options.out, chunks);
  if (options.json === true) context.out.json({ tenant: tenant.id, file: options.out, bytes: written });
  else context.out.line(clean(`${tenant.name}: ${count(written)} bytes in ${options.out}`));
  return EXIT_OK;
}

/** A customer's whole data: readable by its owner only, and never over an existing file. */
async function writeChunks(file: string, chunks: AsyncIterable<Uint8Array>): Promise<number> {
  const stream = createWriteStream(file, { mode: 0o600, flags: "wx" });
  const failed = once(stream, "error").then(([error]: unknown[]) => {
    throw new Fault("CONFIG_INVALID", `The export cannot be written to ${file}.`, { cause: error, cure: "Give a new file in a folder that may be written and has room." });
  });
  const work = async (): Promise<number> => {
    let written = 0;
    await once(stream, "open");
    for await (const chunk of chunks) {
      written += chunk.length;
      if (!stream.write(chunk)) await once(stream, "drain");
    }
    stream.end();
    await once(stream, "close");
    return written;
  };
  return Promise.race([work(), failed]);
}

async function purge(context: CliContext, api: ApiClient, reference: string, options: JsonOption & { yes?: true }): Promise<number> {
  const tenant = await findTenant(api, reference);
  if (options.yes !== true) throw new Fault("CONFIG_INVALID", `Purging ${JSON.stringify(tenant.name)} stops reading its connections now and deletes ${plural(tenant.connections, "connection")} and everything mirrored for it in 7 days.`, { cure: "Export first if it may be needed; add --yes if that is meant." });
  const answer = await api.request<Tenant>("DELETE", `${PATH}/${segment(tenant.id)}`, { body: { confirm: tenant.name } });
  if (options.json === true) context.out.json(answer);
  else {
    context.out.line(clean(`${tenant.name} is leaving. Connections of its own are read no more. Nothing is deleted yet; all of it is, for good, after ${time(answer.purgeAfter)}.`));
    if (answer.sites > 0) context.out.line(`${plural(answer.sites, "site")} of it in another tenant's console: read as long as that console shows them; after the purge they belong to that connection's tenant.`);
    context.out.line(clean(`Until then \`vedette tenants keep ${tenant.id}\` takes it back.`));
  }
  return EXIT_OK;
}

async function keep(context: CliContext, api: ApiClient, reference: string, options: JsonOption): Promise<number> {
  const tenant = await findTenant(api, reference);
  const answer = await api.request<Tenant>("PATCH", `${PATH}/${segment(tenant.id)}`, { body: { leaving: false } });
  if (options.json === true) context.out.json(answer);
  else context.out.line(clean(`${tenant.name} stays; reading goes on.`));
  return EXIT_OK;
}
