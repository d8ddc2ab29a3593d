/**
 * Groups of agents → Entity Management, read. OCSF has no class for the state of such a group: its groups of people are another thing, and
 * its inventories are of devices, software, users and clouds. A managed entity of the type group, as it was read, is what it is.
 */
import type { RecordMap } from "../contract.ts";
import { ENTITY_MANAGEMENT } from "./classes.ts";
import { ENTITY_TYPE, put, putId, type Draft } from "./enums.ts";
import { Event } from "./event.ts";
import { Fields } from "./fields.ts";

const READ = 2;
const GROUP = 3;

export const groupMap: RecordMap = (record, context) => {
  const fields = new Fields(record);
  const event = new Event("groups", "Management Console", fields, context);
  event.classify(ENTITY_MANAGEMENT, READ);
  event.time(fields, "updatedAt", "createdAt");
  const id = fields.text("id");
  const name = fields.text("name");
  event.put("message", name === undefined ? "Group read" : `Group ${name} read`);
  event.severityId(1);
  event.putId("status", 1, { 1: "Success" });
  put(event.metadata, "uid", id);
  const site = fields.text("siteId");
  event.scope({ accountId: fields.text("accountId"), siteId: site, siteName: fields.text("siteName") });

  const group: Draft = {};
  put(group, "uid", id);
  put(group, "name", name ?? (id === undefined ? "unknown" : undefined));
  put(group, "type", fields.text("type"));
  put(group, "desc", fields.text("description"));
  const entity: Draft = { group };
  put(entity, "uid", id);
  put(entity, "name", name);
  putId(entity, "type", GROUP, ENTITY_TYPE);
  event.put("entity", entity);
  return event.done();
};
