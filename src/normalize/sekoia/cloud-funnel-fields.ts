/** The fields of Cloud Funnel's events that are asked for by name beside the tables, each with its place (see `field-table.ts`). */
import { FieldTable } from "../field-table.ts";

export const FIELDS = new FieldTable();

const NAMES = [
  "dst.ip.address",
  "event.category",
  "event.dns.request",
  "event.dns.response",
  "event.login.isAdministratorEquivalent",
  "event.login.loginIsSuccessful",
  "event.login.type",
  "event.network.direction",
  "event.type",
  "osSrc.process.parent.pid",
  "osSrc.process.pid",
  "osSrc.process.user",
  "registry.keyPath",
  "registry.oldValue",
  "registry.oldValueType",
  "registry.value",
  "registry.valueType",
  "src.ip.address",
  "src.process.activeContentType",
  "src.process.eUserUid",
  "src.process.parent.activeContentType",
  "src.process.parent.eUserUid",
  "src.process.parent.pid",
  "src.process.pid",
  "src.process.user",
  "tgt.file.path",
  "tgt.process.pid",
] as const;

export const AT = Object.fromEntries(NAMES.map((name) => [name, FIELDS.place(name)])) as Readonly<Record<(typeof NAMES)[number], number>>;
