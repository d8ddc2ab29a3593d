/**
 * Device posture as a capability: from the agents in the mirror to a verdict per device and rule, told once when it changes, and answered at any
 * moment. It reaches nothing outside: what is to be told is queued, and what is asked comes through `answerDevices`.
 */
import type { QueueFact } from "../kernel/fact.ts";
import type { Route } from "../kernel/route.ts";
import type { Capability } from "../mirror/capability.ts";
import type { Tx } from "../store/store.ts";
import { postureMigrations } from "./tables.ts";

export * from "./answer.ts";
export { parseRules, writeRule } from "./rule-form.ts";
export * from "./rules-store.ts";
export * from "./exceptions.ts";
export * from "./serial-decisions.ts";
export { postureMigrations } from "./tables.ts";
export type { Verdict, VerdictReason, Score, ActiveException } from "./verdicts.ts";

export interface PosturePorts {
  readonly queueFact: QueueFact<Tx>;
  readonly routes: readonly Route<Tx>[];
}

export function createPosture(ports: PosturePorts): Capability {
  return {
    id: "posture",
    reads: ["agents", "threats", "alerts"],
    migrations: postureMigrations,
    async react() {},
    async due() {
      return null;
    },
    async rebuild() {},
    routes: ports.routes,
  };
}
