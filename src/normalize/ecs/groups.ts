/** Groups of endpoints as they stand: `state` of identity and access management in the console. */
import type { RecordMap } from "../contract.ts";
import { firstText, instant, text } from "../values.ts";
import { Draft, put, type Classification } from "./document.ts";

const CLASS: Classification = { kind: "state", category: ["iam"], type: ["group", "info"] };

export const groupToEcs: RecordMap = (record, context) => {
  const draft = new Draft("groups", record, context);
  const { event } = draft;
  draft.classify(CLASS);
  const name = text(record["name"]);
  const updated = instant(record["updatedAt"]);
  const created = instant(record["createdAt"]);
  draft.put("@timestamp", updated ?? created);
  put(event, "created", created);
  put(event, "id", text(record["id"]));
  event["action"] = "group-state";
  draft.put("message", name === undefined ? undefined : `Group ${name} as it stands.`);
  const group: Record<string, string> = {};
  put(group, "id", text(record["id"]));
  put(group, "name", name);
  draft.putObject("group", group);
  const user: Record<string, string> = {};
  // The creator is told by the name people see, which is no login.
  put(user, "full_name", draft.user(firstText(record["creator"])));
  put(user, "id", text(record["creatorId"]));
  draft.putObject("user", user);
  return draft.done();
};
