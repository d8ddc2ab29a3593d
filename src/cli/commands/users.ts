/** `users`: accounts of people for the web console, and the way back in for who is locked out, from the hub's own machine. */
import { Option, type Command } from "commander";
import type { Static } from "typebox";
import type { PasswordOnce, UserCreated, UserView } from "../../kernel/account-api.ts";
import { Fault } from "../../kernel/fault.ts";
import { ROLE_NAMES, type Role } from "../../kernel/permissions.ts";
import { finish, repeated, type CliCommand, type CliContext, type JsonOption } from "../command.ts";
import { EXIT_OK } from "../faults.ts";
import { time } from "../format.ts";
import { findTenant, gather, listItems, printArray, segment } from "../lists.ts";
import type { ApiClient } from "../ports.ts";
import { clean } from "../terminal.ts";

interface AddOptions extends JsonOption {
  readonly role: Role;
  readonly name?: string;
  readonly tenant?: readonly string[];
}

const USERS = "/api/v1/users";

export const usersCommand: CliCommand = {
  id: "users",
  register(program: Command, context: CliContext) {
    const group = program.command("users").description("Accounts of people for the web console");
    finish(group.command("list").description("All accounts").action(context.ask((api, options: JsonOption) => list(context, api, options))), "vedette users list");
    finish(
      group
        .command("add <email>")
        .description("Make an account; its password for the first sign-in is shown this once")
        .addOption(new Option("--role <role>", "what it may do").choices(ROLE_NAMES).default("viewer"))
        .option("--name <name>", "as others see it (default: the e-mail address)")
        .option("--tenant <tenant>", "only this tenant (name or id); may be repeated", repeated)
        .action(context.ask((api, email: string, options: AddOptions) => add(context, api, email, options))),
      "vedette users add ada@example.com --name 'Ada' --role analyst --tenant 'Orchard Freight'",
    );
    finish(
      group.command("reset <user>").description("A new password for one sign-in, by e-mail address or id; its second factor and its sessions end").action(context.ask((api, user: string, options: JsonOption) => reset(context, api, user, options))),
      "vedette users reset ada@example.com",
    );
    finish(group.command("disable <user>").description("Let an account sign in no more; its sessions end at once").action(context.ask((api, user: string, options: JsonOption) => change(context, api, user, true, options))), "vedette users disable ada@example.com");
    finish(group.command("enable <user>").description("Let a disabled account sign in again").action(context.ask((api, user: string, options: JsonOption) => change(context, api, user, false, options))), "vedette users enable ada@example.com");
    finish(group.command("remove <user>").description("Remove an account; what it did stays in the audit log").action(context.ask((api, user: string, options: JsonOption) => remove(context, api, user, options))), "vedette users remove ada@example.com");
  },
};

async function list(context: CliContext, api: ApiClient, options: JsonOption): Promise<number> {
  const users = listItems<UserView>(api, USERS);
  if (options.json === true) return printArray(context.out, users).then(() => EXIT_OK);
  const all = await gather(users);
  if (all.length === 0) context.out.note("No accounts: `vedette serve` shows a set-up code for the first, or `vedette users add MAIL --role operator`.");
  else context.out.table(["E-MAIL", "NAME", "ROLE", "TENANTS", "SECOND FACTOR", "SIGNED IN", "STATE"], all.map((user) => [user.email, user.name, user.role, user.tenants?.join(", ") ?? "all", user.totp ? "yes" : "no", time(user.signedInAt), stateOf(user)]));
  return EXIT_OK;
}

function stateOf(user: UserView): string {
  if (user.disabledAt !== null) return "disabled";
  return user.passwordOnce ? "has a password for one sign-in" : "active";
}

async function add(context: CliContext, api: ApiClient, email: string, options: AddOptions): Promise<number> {
  const tenants = options.tenant === undefined ? undefined : await Promise.all(options.tenant.map(async (tenant) => (await findTenant(api, tenant)).id));
  const created = await api.request<Static<typeof UserCreated>>("POST", USERS, { body: { email, name: options.name ?? email.split("@")[0] ?? email, role: options.role, ...(tenants === undefined ? {} : { tenants }) } });
  if (options.json === true) {
    context.out.json(created);
    return EXIT_OK;
  }
  context.out.note(clean(`${created.user.email}, role ${created.user.role}. Password for one sign-in within three days, shown this once:`));
  context.out.line(clean(created.password));
  return EXIT_OK;
}

async function reset(context: CliContext, api: ApiClient, user: string, options: JsonOption): Promise<number> {
  const found = await find(api, user);
  const answer = await api.request<Static<typeof PasswordOnce>>("POST", `${USERS}/${segment(found.id)}/reset`);
  if (options.json === true) {
    context.out.json(answer);
    return EXIT_OK;
  }
  context.out.note(clean(`${found.email}: its sessions have ended, and its second factor is gone. Password for one sign-in within three days, shown this once:`));
  if (found.disabledAt !== null) context.out.note(clean(`The account is disabled: \`vedette users enable ${found.email}\`.`));
  context.out.line(clean(answer.password));
  return EXIT_OK;
}

async function change(context: CliContext, api: ApiClient, user: string, disabled: boolean, options: JsonOption): Promise<number> {
  const answer = await api.request<UserView>("PATCH", `${USERS}/${segment((await find(api, user)).id)}`, { body: { disabled } });
  if (options.json === true) context.out.json(answer);
  else context.out.line(clean(`${answer.email}: ${disabled ? "disabled" : "enabled"}`));
  return EXIT_OK;
}

async function remove(context: CliContext, api: ApiClient, user: string, options: JsonOption): Promise<number> {
  const answer = await api.request<UserView>("DELETE", `${USERS}/${segment((await find(api, user)).id)}`);
  if (options.json === true) context.out.json(answer);
  else context.out.line(clean(`${answer.email}: removed`));
  return EXIT_OK;
}

/** By id or e-mail address, whose capitals do not count. */
async function find(api: ApiClient, reference: string): Promise<UserView> {
  const wanted = reference.trim().toLowerCase();
  const found = (await gather(listItems<UserView>(api, USERS))).find((user) => user.id === reference || user.email === wanted);
  if (found === undefined) throw new Fault("NOT_FOUND", "There is no account of that id or e-mail address.", { cure: "`vedette users list` shows what there is." });
  return found;
}
