/** `audit`: who changed what, and the proof that nobody changed that history. `verify` ends with 1 when the chain is broken. */
import type { Command } from "commander";
import type { Static } from "typebox";
import type { AuditEntry, AuditVerification } from "../../kernel/api.ts";
import { finish, integer, type CliCommand, type CliContext, type JsonOption } from "../command.ts";
import { EXIT_NO, EXIT_OK } from "../faults.ts";
import { count, time } from "../format.ts";
import { gather, listItems, printArray } from "../lists.ts";
import type { ApiClient } from "../ports.ts";

interface Proof extends JsonOption {
  readonly entries?: number;
  readonly head?: string;
}

interface Wanted extends JsonOption {
  readonly limit?: number;
  readonly newest?: true;
  readonly event?: string;
  readonly actor?: string;
  readonly subject?: string;
}

export const auditCommand: CliCommand = {
  id: "audit",
  register(program: Command, context: CliContext) {
    const group = program.command("audit").description("The history of changes to the hub");
    finish(group.command("list").description("Entries, in the order the hub keeps them").option("--limit <number>", "how many at most", integer(1, 1_000_000)).option("--newest", "the newest first").option("--event <event>", "of this event, or of all with this noun, like user").option("--actor <id>", "by this user, key, or local").option("--subject <id>", "about this").action(context.ask((api, options: Wanted) => list(context, api, options))), ["vedette audit list --newest --limit 50", "vedette audit list --event user --json"]);
    finish(group.command("verify").description("Check the hash chain from the first entry to the last").option("--entries <number>", "with --head: the log had this many entries when the head was noted", integer(1, Number.MAX_SAFE_INTEGER)).option("--head <hash>", "a head noted elsewhere, which must still be in the chain").action(context.ask((api, options: Proof) => verify(context, api, options))), "vedette audit verify");
  },
};

async function list(context: CliContext, api: ApiClient, options: Wanted): Promise<number> {
  const most = options.limit ?? (options.json === true ? undefined : 200);
  const entries = listItems<Static<typeof AuditEntry>>(api, "/api/v1/audit", { newestFirst: options.newest, event: options.event, actor: options.actor, subject: options.subject }, most);
  if (options.json === true) return printArray(context.out, entries).then(() => EXIT_OK);
  const rows = await gather(entries);
  context.out.table(["SEQ", "AT", "WHO", "EVENT", "SUBJECT", "TENANT"], rows.map((entry) => [String(entry.seq), time(entry.at), entry.actor, entry.event, entry.subject, entry.tenant ?? "-"]));
  if (rows.length === most) context.out.note(`${count(rows.length)} entries; --limit shows more, --json all.`);
  return EXIT_OK;
}

async function verify(context: CliContext, api: ApiClient, options: Proof): Promise<number> {
  const result = await api.request<Static<typeof AuditVerification>>("GET", "/api/v1/audit/verify", { query: { entries: options.entries, head: options.head } });
  if (options.json === true) context.out.json(result);
  else if (result.ok) context.out.line(`${count(result.entries)} entries, unbroken; head ${result.head ?? "-"}`);
  else context.out.line(context.out.paint(`broken at entry ${String(result.firstBroken ?? "?")} of ${count(result.entries)}: restore a backup and compare`, "red"));
  return result.ok ? EXIT_OK : EXIT_NO;
}
