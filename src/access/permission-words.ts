/**
 * What people call a permission. `Page.permission` as the console names it is taken as it is; everyday words lead to it by the table below; anything else is looked for
 * among the permissions that roles of the console have. Where several fit, they are listed and none is chosen.
 */
import { sql } from "kysely";
import { Fault } from "../kernel/fault.ts";
import type { ConnectionId } from "../kernel/ids.ts";
import type { Database } from "../store/store.ts";
import { alikeWords, likest } from "./near.ts";

/** Words without blanks, dashes and case, and the vendor's permission id. The README has the same table. */
export const EVERYDAY_WORDS: Readonly<Record<string, string>> = {
  isolate: "Endpoints.disconnectFromNetwork",
  disconnect: "Endpoints.disconnectFromNetwork",
  quarantinenetwork: "Endpoints.disconnectFromNetwork",
  reconnect: "Endpoints.reconnectToNetwork",
  unisolate: "Endpoints.reconnectToNetwork",
  remoteshell: "Endpoints.remoteShell",
  shell: "Endpoints.remoteShell",
  scan: "Endpoints.initiateScan",
  uninstall: "Endpoints.uninstall",
  decommission: "Endpoints.decommission",
  shutdown: "Endpoints.shutDown",
  restart: "Endpoints.reboot",
  reboot: "Endpoints.reboot",
  disableagent: "Endpoints.disableAgent",
  passphrase: "Endpoints.showPassphrase",
  fetchfiles: "Endpoints.fileFetch",
  fetchlogs: "Endpoints.FetchLogs",
  moveagents: "Endpoints.moveToAnotherSite",
  kill: "Threats.kill",
  quarantine: "Threats.quarantine",
  unquarantine: "Threats.unquarantine",
  remediate: "Threats.remediate",
  rollback: "Threats.rollback",
  resolvethreats: "Threats.updateIncidentStatus",
  seethreats: "Threats.view",
  seemachines: "Endpoints.view",
  addexclusions: "Exclusions.create",
  blocklist: "Blacklist.create",
  changepolicy: "Policy.edit",
  createusers: "Users.create",
  editusers: "Users.edit",
  deleteusers: "Users.delete",
  createserviceusers: "Service Users.create",
  editroles: "Roles.edit",
  createroles: "Roles.create",
  generatetokens: "Users.allowGenerateApiToken",
};

const MOST_LISTED = 20;

function plain(text: string): string {
  return text.toLowerCase().replace(/[^a-z0-9]+/g, "");
}

/** The one permission that is meant. `orRole`: where a role might have been meant, which there are. CONFIG_INVALID where several fit or none does. */
export async function resolvePermission(db: Database, connection: ConnectionId, asked: string, orRole?: () => Promise<string>): Promise<string> {
  const word = EVERYDAY_WORDS[plain(asked)];
  // Nearly always it is one that some role has: two looks, where finding what is like it takes all there are.
  const { rows: there } = await sql<{ permission: string }>`SELECT DISTINCT permission FROM access_role_permissions WHERE connection_id = ${connection} AND permission IN (${asked.trim()}, ${word ?? ""})`.execute(db);
  const [one] = there;
  if (one !== undefined) return there.some(({ permission }) => permission === asked.trim()) ? asked.trim() : one.permission;
  const { rows } = await sql<{ permission: string }>`SELECT DISTINCT permission FROM access_role_permissions WHERE connection_id = ${connection} ORDER BY permission`.execute(db);
  const known = rows.map((row) => row.permission);
  const exact = known.find((permission) => permission.toLowerCase() === asked.trim().toLowerCase());
  if (exact !== undefined) return exact;
  // Where no role's permissions can be read, a word still means what it means.
  if (word !== undefined) return known.find((permission) => permission.toLowerCase() === word.toLowerCase()) ?? word;
  if (known.length === 0 && /^[^.]+\..+$/.test(asked.trim())) return asked.trim();
  const wanted = plain(asked);
  const named = wanted === "" ? [] : known.filter((permission) => plain(permission.slice(permission.indexOf(".") + 1)) === wanted || plain(permission) === wanted);
  const alike = named.length > 0 ? named : wanted.length < 3 ? [] : known.filter((permission) => plain(permission).includes(wanted));
  const [only, second] = alike;
  if (only !== undefined && second === undefined) return only;
  if (only !== undefined) {
    throw new Fault("CONFIG_INVALID", `Several permissions fit ${JSON.stringify(asked)}.`, { cure: `Give one of them: ${alike.slice(0, MOST_LISTED).join(", ")}${alike.length > MOST_LISTED ? " …" : ""}.` });
  }
  throw new Fault("CONFIG_INVALID", `${orRole === undefined ? "No role" : `No role is called ${JSON.stringify(asked)}, and none`} that can be read has a permission like ${orRole === undefined ? JSON.stringify(asked) : "it"}.`, {
    cure: `${(await orRole?.()) ?? ""}${alikeWords(likest([...known, ...Object.keys(EVERYDAY_WORDS)], asked))}Give it as the console names it, like Endpoints.disconnectFromNetwork (\`vedette access list roles --json\` shows all), or one of these words: ${Object.keys(EVERYDAY_WORDS).join(", ")}.`,
  });
}
