/** What the maps of all categories of Cloud Funnel share. */
import type { JsonObject } from "../../kernel/json.ts";
import type { MapContext } from "../contract.ts";
import { BASE_EVENT } from "./classes.ts";
import { actorAt } from "./cloud-funnel-parts.ts";
import { OTHER, OUTCOME } from "./enums.ts";
import type { Event } from "./event.ts";
import type { Fields } from "./fields.ts";

/** What every category needs to know. */
export interface Told {
  readonly fields: Fields;
  readonly id: string;
  /** `event.type` without blanks, in lower case: consoles write it with and without. */
  readonly type: string;
  /** As it stands. */
  readonly label: string;
  readonly device: JsonObject;
  readonly context: MapContext;
}

export type Mapped = (event: Event, told: Told) => void;

/** The number that a type's word stands for, the first that it has in it; 99 where it has none. */
export function activityOf(type: string, table: readonly (readonly [word: string, activity: number])[]): number {
  return table.find(([word]) => type.includes(word))?.[1] ?? OTHER;
}

export function onMachine(event: Event, { fields, device, context }: Told): void {
  event.actor(actorAt(fields, context));
  event.device(device);
}

export function outcome(event: Event, ok: boolean | undefined): void {
  if (ok !== undefined) event.putId("status", ok ? 1 : 2, OUTCOME);
}

/** Categories that OCSF has no class for, and categories nobody has seen. */
export function other(event: Event, told: Told): void {
  event.classify(BASE_EVENT, OTHER, told.label);
  onMachine(event, told);
}
