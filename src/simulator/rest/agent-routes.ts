/** Commands to agents, and the files they send. Each command goes to every agent of its filter that still exists, and is carried out at once. */
import { onAgent } from "../actions.ts";
import { badRequest, notFound, type Answer } from "../errors.ts";
import { textAt } from "../estate/frame.ts";
import { readPath, type ApiRecord } from "../record.ts";
import { actorOf, dataOf, targets, textField } from "./bodies.ts";
import { LIST_ENDPOINTS } from "./endpoints.ts";
import { data, visible, type Call, type Route } from "./route.ts";
import { zipOf } from "./zip.ts";

interface Command {
  readonly name: string;
  readonly permission: string;
  /** The activity it leaves, and what that says after the user's name; undefined where no number is known. */
  readonly activity?: readonly [type: number, deed: string];
  /** What it changes of an agent; `at` is the moment. */
  readonly change?: (agent: ApiRecord, at: string, body: ApiRecord) => ApiRecord;
  /** Reads the body before anything is changed; throws the vendor's 400. */
  readonly check?: (body: ApiRecord) => void;
}

/** An agent that is not connected gets the command when it comes back. */
function network(now: "connected" | "disconnected", later: "connecting" | "disconnecting"): (agent: ApiRecord) => ApiRecord {
  return (agent) => ({ networkStatus: agent["isActive"] === false ? later : now });
}

const COMMANDS: readonly Command[] = [
  { name: "disconnect", permission: "Endpoints.disconnectFromNetwork", activity: [61, "disconnected {host} from the network"], change: network("disconnected", "disconnecting") },
  { name: "connect", permission: "Endpoints.reconnectToNetwork", activity: [62, "reconnected {host} to the network"], change: network("connected", "connecting") },
  {
    name: "initiate-scan",
    permission: "Endpoints.initiateScan",
    activity: [90, "started a full disk scan on {host}"],
    change: (_agent, at) => ({ scanStatus: "started", scanStartedAt: at, scanFinishedAt: null, scanAbortedAt: null, fullDiskScanLastUpdatedAt: at }),
  },
  {
    name: "abort-scan",
    permission: "Endpoints.abortScan",
    activity: [91, "aborted the full disk scan on {host}"],
    change: (agent, at) => (agent["scanStatus"] === "started" ? { scanStatus: "aborted", scanAbortedAt: at, fullDiskScanLastUpdatedAt: at } : {}),
  },
  {
    name: "broadcast",
    permission: "Endpoints.sendMessage",
    check: (body) => {
      textField(body, "message");
    },
  },
  { name: "shutdown", permission: "Endpoints.shutDown", activity: [63, "shut down {host}"], change: () => ({ isActive: false }) },
  { name: "restart-machine", permission: "Endpoints.reboot", change: (_agent, at) => ({ osStartTime: at }) },
  {
    name: "uninstall",
    permission: "Endpoints.uninstall",
    activity: [51, "uninstalled the agent of {host}"],
    change: (agent) => (agent["isActive"] === false ? { isPendingUninstall: true } : { isPendingUninstall: false, isUninstalled: true, isActive: false }),
  },
  {
    name: "approve-uninstall",
    permission: "Endpoints.approveUninstall",
    activity: [52, "approved the uninstall of {host}"],
    change: (agent) => (agent["isPendingUninstall"] === true ? { isPendingUninstall: false, isUninstalled: true, isActive: false } : {}),
  },
  { name: "reject-uninstall", permission: "Endpoints.rejectUninstall", activity: [53, "rejected the uninstall of {host}"], change: () => ({ isPendingUninstall: false }) },
  { name: "decommission", permission: "Endpoints.decommission", activity: [54, "decommissioned {host}"], change: () => ({ isDecommissioned: true, isActive: false }) },
  { name: "mark-up-to-date", permission: "Endpoints.markAsUpToDate", change: () => ({ isUpToDate: true }) },
  { name: "ranger-enable", permission: "Endpoints.enableRanger", change: () => ({ rangerStatus: "Enabled" }) },
  { name: "ranger-disable", permission: "Endpoints.disableRanger", change: () => ({ rangerStatus: "Disabled" }) },
  {
    name: "set-external-id",
    permission: "Endpoints.setCustomerIdentifier",
    check: (body) => {
      textField(body, "externalId");
    },
    change: (_agent, _at, body) => ({ externalId: body["externalId"] }),
  },
  { name: "fetch-logs", permission: "Endpoints.FetchLogs" },
];

function carryOut(call: Call, command: Command): Answer {
  const body = dataOf(call.request);
  command.check?.(body);
  const { actions, estate } = call.console;
  const actor = actorOf(call.caller);
  let affected = 0;
  for (const ordinal of targets(call, LIST_ENDPOINTS.agents)) {
    const agent = estate.streams.agents.get(ordinal) ?? {};
    if (agent["isDecommissioned"] === true || agent["isUninstalled"] === true) continue;
    affected += 1;
    const changed = command.change === undefined ? agent : actions.change("agents", ordinal, command.change(agent, actions.stamp(), body));
    const host = textAt(agent, "computerName") ?? "a machine";
    if (command.activity !== undefined) {
      const [type, deed] = command.activity;
      actions.log({ type, actor, subject: onAgent(changed), text: `The management user ${actor.name} ${deed.replace("{host}", host)}.` });
    }
    if (command.name === "fetch-logs") actions.fetch({ actor, subject: onAgent(changed), files: ["logs.txt"], password: undefined, arrival: 80, text: `The agent ${host} uploaded its logs.` });
  }
  return data({ affected });
}

function pathsOf(body: ApiRecord): readonly string[] {
  const files = body["files"];
  if (!Array.isArray(files) || files.length === 0) throw badRequest("files: Missing data for required field.");
  return files.map((file: unknown) => {
    if (typeof file !== "string" || file === "") throw badRequest("files: Not a valid string.");
    return file;
  });
}

function fetchFiles({ console, request, caller, ids: [id = ""] }: Call): Answer {
  const body = dataOf(request);
  const files = pathsOf(body);
  const password = textField(body, "password");
  const { record } = visible(console.estate.streams.agents, caller, id);
  console.actions.fetch({ actor: actorOf(caller), subject: onAgent(record), files, password, arrival: 80, text: `The agent ${String(record["computerName"])} uploaded ${String(files.length)} files.` });
  return data({ success: true });
}

/** The archive an activity's `downloadUrl` leads to. */
function sendUpload({ console, caller, ids: [agentId = "", activityId = ""] }: Call): Answer {
  visible(console.estate.streams.agents, caller, agentId);
  const { record } = visible(console.estate.streams.activities, caller, activityId);
  const upload = console.actions.upload(activityId);
  const link = readPath(record, "data.downloadUrl");
  if (record["agentId"] !== agentId || typeof link !== "string") throw notFound();
  const files = upload?.files ?? ["log.txt"];
  const manifest = { agentId, activityId, files: files.map((path) => ({ path, found: true })) };
  const entries = [
    { name: "manifest.json", content: JSON.stringify(manifest) },
    ...files.map((path, at) => ({ name: `${String(at + 1)}/${path.split(/[\\/]/u).findLast((part) => part !== "") ?? "file"}`, content: `This stands for ${path}.\n` })),
  ];
  return { status: 200, headers: { "content-type": "application/zip", "content-disposition": `attachment; filename="${activityId}.zip"` }, body: zipOf(entries, upload?.password) };
}

export const AGENT_ROUTES: readonly Route[] = [
  ...COMMANDS.map((command): Route => ({ method: "POST", path: `/agents/actions/${command.name}`, needs: [command.permission], answer: (call) => carryOut(call, command) })),
  { method: "POST", path: "/agents/{agent_id}/actions/fetch-files", needs: ["Endpoints.fileFetch"], answer: fetchFiles },
  { method: "GET", path: "/agents/{agent_id}/uploads/{activity_id}", needs: ["Endpoints.view"], answer: sendUpload },
];
