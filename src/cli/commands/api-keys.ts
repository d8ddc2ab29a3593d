/** `api-keys`: keys for programs that use the HTTP API; the key itself is shown once, when it is made. */
import { Option, type Command } from "commander";
import type { Static } from "typebox";
import type { ApiKeyCreated, ApiKeyView } from "../../kernel/api.ts";
import { ROLE_NAMES, type Role } from "../../kernel/permissions.ts";
import { finish, integer, repeated, type CliCommand, type CliContext, type JsonOption } from "../command.ts";
import { EXIT_OK } from "../faults.ts";
import { day, time } from "../format.ts";
import { findTenant, gather, listItems, printArray, segment } from "../lists.ts";
import type { ApiClient } from "../ports.ts";
import { clean } from "../terminal.ts";

interface CreateOptions extends JsonOption {
  readonly role: Role;
  readonly tenant?: readonly string[];
  readonly days?: number;
}

export const apiKeysCommand: CliCommand = {
  id: "api-keys",
  register(program: Command, context: CliContext) {
    const group = program.command("api-keys").description("Keys for programs that use the HTTP API");
    finish(
      group
        .command("create <name>")
        .description("Make a key; it is shown this once")
        .addOption(new Option("--role <role>", "what it may do").choices(ROLE_NAMES).default("viewer"))
        .option("--tenant <tenant>", "only this tenant (name or id); may be repeated", repeated)
        .option("--days <days>", "how long it is valid", integer(1, 730))
        .action(context.ask((api, name: string, options: CreateOptions) => create(context, api, name, options))),
      "vedette api-keys create grafana --role viewer --days 90",
    );
    finish(group.command("list").description("All keys, without their secrets").action(context.ask((api, options: JsonOption) => list(context, api, options))), "vedette api-keys list");
    finish(group.command("revoke <id>").description("End a key at once").action(context.ask((api, id: string, options: JsonOption) => revoke(context, api, id, options))), "vedette api-keys revoke key_01");
  },
};

async function create(context: CliContext, api: ApiClient, name: string, options: CreateOptions): Promise<number> {
  const tenants = options.tenant === undefined ? undefined : await Promise.all(options.tenant.map(async (tenant) => (await findTenant(api, tenant)).id));
  const created = await api.request<Static<typeof ApiKeyCreated>>("POST", "/api/v1/api-keys", {
    body: { name, role: options.role, ...(tenants === undefined ? {} : { tenants }), ...(options.days === undefined ? {} : { expiresInDays: options.days }) },
  });
  if (options.json === true) {
    context.out.json(created);
    return EXIT_OK;
  }
  context.out.note(clean(`${created.key.name} (${created.key.id}), role ${created.key.role}, until ${day(created.key.expiresAt)}. Shown this once:`));
  context.out.line(clean(created.secret));
  return EXIT_OK;
}

async function list(context: CliContext, api: ApiClient, options: JsonOption): Promise<number> {
  const keys = listItems<Static<typeof ApiKeyView>>(api, "/api/v1/api-keys");
  if (options.json === true) return printArray(context.out, keys).then(() => EXIT_OK);
  const all = await gather(keys);
  if (all.length === 0) context.out.note("No API keys: `vedette api-keys create NAME`.");
  context.out.table(["ID", "NAME", "ROLE", "TENANTS", "UNTIL", "LAST USED", "STATE"], all.map((key) => [key.id, key.name, key.role, key.tenants?.join(", ") ?? "all", day(key.expiresAt), time(key.lastUsedAt), key.revokedAt === null ? "valid" : "revoked"]));
  return EXIT_OK;
}

async function revoke(context: CliContext, api: ApiClient, id: string, options: JsonOption): Promise<number> {
  const answer = await api.request<unknown>("DELETE", `/api/v1/api-keys/${segment(id)}`);
  if (options.json === true) context.out.json(answer);
  else context.out.line(clean(`${id}: revoked`));
  return EXIT_OK;
}
