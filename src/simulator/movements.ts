/** What happens in an estate as time goes by: each movement picks its records by the seed and by how often it has happened. */
import { onAgent, onThreat } from "./actions.ts";
import type { Collection } from "./collection.ts";
import { LATEST_AGENT } from "./estate/agents.ts";
import { FIRST, LAST } from "./estate/names.ts";
import { applicationOfRisk } from "./estate/software.ts";
import type { MotionParts } from "./motion.ts";
import { StaffMovements } from "./staff-movements.ts";
import { mix } from "./random.ts";
import type { ApiRecord } from "./record.ts";
import { DAY, HOUR, micros, millis, MINUTE } from "./times.ts";

export interface Movement {
  /** How often in a second of simulated time, for each agent; between these for all of them. */
  readonly perAgent: number;
  readonly slowest: number;
  readonly fastest: number;
  /** Never more often than this in one tick. */
  readonly most: number;
  happen(): void;
}

const SYSTEM = { id: null, name: "System" } as const;
const TRIES = 40;
/** Agents that left and have not been forgotten yet. */
const KEPT_GONE = 20;

class Life {
  readonly #parts: MotionParts;
  /** Ordinals of agents that left service or were isolated, and of risks that were fixed, oldest first. */
  readonly #left: number[] = [];
  readonly #isolated: number[] = [];
  readonly #fixed: number[] = [];
  #turn = 0;

  constructor(parts: MotionParts) {
    this.#parts = parts;
  }

  #dice(below: number, salt = 0): number {
    return Math.floor((mix(this.#parts.estate.world.seed, 93, this.#turn, salt) / 4_294_967_296) * below);
  }

  /** A seeded record that stands and is wanted; undefined when a few dozen tries found none. */
  #pick(collection: Collection, wanted: (ordinal: number) => boolean = () => true): number | undefined {
    this.#turn += 1;
    for (let salt = 1; salt <= TRIES && collection.end > 0; salt += 1) {
      const ordinal = this.#dice(collection.end, salt);
      if (collection.has(ordinal) && wanted(ordinal)) return ordinal;
    }
    return undefined;
  }

  readonly #inService = (ordinal: number): boolean => {
    const { agents } = this.#parts.estate.streams;
    return agents.value(ordinal, "isDecommissioned") === false && agents.value(ordinal, "isUninstalled") === false;
  };

  /** Sets fields of an agent and its `updatedAt`; the record as it is then. */
  #setAgent(ordinal: number, changes: ApiRecord): ApiRecord {
    const { agents } = this.#parts.estate.streams;
    const stamp = this.#parts.clock.stamp();
    agents.patch(ordinal, { ...changes, updatedAt: micros(stamp) }, stamp);
    return agents.get(ordinal) ?? {};
  }

  #log(type: number, agent: ApiRecord, text: string): void {
    this.#parts.actions.log({ type, actor: SYSTEM, subject: onAgent(agent), text: `${String(agent["computerName"])} ${text}` });
  }

  report(): void {
    const { agents } = this.#parts.estate.streams;
    const ordinal = this.#pick(agents, this.#inService);
    if (ordinal === undefined) return;
    const stamp = this.#parts.clock.stamp();
    if (agents.isChanged(ordinal)) agents.patch(ordinal, { lastActiveDate: micros(stamp), isActive: this.#dice(4) > 0, updatedAt: micros(stamp) }, stamp);
    else agents.beat(ordinal, stamp);
  }

  isolate(): void {
    const { agents } = this.#parts.estate.streams;
    const back = this.#isolated.length > 2 ? this.#isolated.shift() : undefined;
    if (back !== undefined && agents.has(back)) {
      this.#log(62, this.#setAgent(back, { networkStatus: "connected" }), "was reconnected to the network.");
      return;
    }
    const ordinal = this.#pick(agents, (found) => this.#inService(found) && agents.value(found, "networkStatus") === "connected");
    if (ordinal === undefined) return;
    this.#isolated.push(ordinal);
    this.#log(61, this.#setAgent(ordinal, { networkStatus: "disconnected" }), "was disconnected from the network.");
  }

  change(): void {
    const { agents } = this.#parts.estate.streams;
    const ordinal = this.#pick(agents, this.#inService);
    if (ordinal === undefined) return;
    if (this.#dice(2, 90) === 0) this.#setAgent(ordinal, { agentVersion: LATEST_AGENT, isUpToDate: true });
    else this.#setAgent(ordinal, { lastLoggedInUserName: `${(FIRST[this.#dice(FIRST.length, 91)] ?? "m").charAt(0)}.${LAST[this.#dice(LAST.length, 92)] ?? "voss"}`.toLowerCase() });
  }

  come(): void {
    this.#parts.mutator.apply({ stream: "agents", action: "add", count: 1 });
  }

  /** Into decommission, sometimes back out of it; the console forgets those that stay away. */
  go(): void {
    const { agents } = this.#parts.estate.streams;
    const ordinal = this.#pick(agents, this.#inService);
    if (ordinal !== undefined) {
      this.#left.push(ordinal);
      this.#log(47, this.#setAgent(ordinal, { isDecommissioned: true, isActive: false }), "was decommissioned automatically.");
    }
    if (this.#left.length <= KEPT_GONE) return;
    const oldest = this.#left.shift();
    if (oldest !== undefined) agents.remove(oldest, this.#parts.clock.stamp());
  }

  return(): void {
    this.#turn += 1;
    const [ordinal] = this.#left.splice(this.#dice(this.#left.length), 1);
    if (ordinal !== undefined && this.#parts.estate.streams.agents.has(ordinal)) this.#setAgent(ordinal, { isDecommissioned: false, isActive: true });
  }

  /** One alert in four is told of long after it was detected: its machine was asleep. */
  alert(): void {
    this.#turn += 1;
    const late = this.#dice(4, 80) === 0 ? 10 * MINUTE + this.#dice(3 * DAY, 81) : 0;
    const detected = millis(this.#parts.clock.now() - late);
    this.#parts.mutator.apply({ stream: "alerts", action: "add", count: 1, ...(late === 0 ? {} : { set: { detectedAt: detected, firstSeenAt: detected, lastSeenAt: detected } }) });
  }

  threat(): void {
    const { mutator, estate, actions, clock } = this.#parts;
    this.#turn += 1;
    const late = this.#dice(4, 80) === 0 ? HOUR + this.#dice(2 * DAY, 81) : 1_000_000;
    const { ids } = mutator.apply({ stream: "threats", action: "add", count: 1, set: { "threatInfo.identifiedAt": micros(clock.now() - late) } });
    const record = estate.streams.threats.get(estate.streams.threats.find(ids[0] ?? "")[0] ?? -1);
    if (record !== undefined) actions.log({ type: 19, actor: SYSTEM, subject: onThreat(record), text: "A new threat was not mitigated." });
  }

  /** Fixed, and one time in three something fixed before is back. */
  fix(): void {
    const { risks } = this.#parts.estate.streams;
    const returned = this.#fixed.length > 2 ? this.#fixed.shift() : undefined;
    if (returned !== undefined && this.#stillInstalled(returned)) risks.patch(returned, { status: "Detected" }, this.#parts.clock.stamp());
    const ordinal = this.#pick(risks, (found) => risks.value(found, "status") === "Detected");
    if (ordinal === undefined) return;
    risks.patch(ordinal, { status: "Removed" }, this.#parts.clock.stamp());
    if (this.#dice(3, 85) === 0) this.#fixed.push(ordinal);
  }

  /** Only what is still installed, on a machine in service, can be found again. */
  #stillInstalled(risk: number): boolean {
    const { estate } = this.#parts;
    const { applications, risks } = estate.streams;
    const application = applicationOfRisk(estate.world, risk);
    return application !== undefined && risks.has(risk) && applications.has(application) && applications.value(application, "version") === risks.value(risk, "applicationVersion");
  }

  signIn(): void {
    if (this.#parts.estate.streams.users.live > 0) this.#parts.mutator.apply({ stream: "users", action: "update", count: 1 });
  }

  /** A service user is used, and gets a new token when the old one has run out. */
  serve(): void {
    const users = this.#parts.estate.streams["service-users"];
    const ordinal = this.#pick(users);
    if (ordinal === undefined) return;
    const stamp = this.#parts.clock.stamp();
    const ends = users.value(ordinal, "apiToken.expiresAt");
    const ended = typeof ends === "number" && ends < stamp;
    const changes = ended ? { apiToken: { createdAt: micros(stamp), expiresAt: micros(stamp + 180 * DAY) } } : { lastActivation: micros(stamp) };
    users.patch(ordinal, { ...changes, updatedAt: micros(stamp) }, stamp);
  }
}

export function movements(parts: MotionParts): readonly Movement[] {
  const life = new Life(parts);
  const staff = new StaffMovements(parts.estate, parts.mutator);
  const { mutator, estate } = parts;
  const move = (perAgent: number, slowest: number, fastest: number, most: number, happen: () => void): Movement => ({ perAgent, slowest, fastest, most, happen });
  const update = (stream: "alerts" | "threats" | "cloud-detection-alerts" | "applications") => (): void => {
    if (estate.streams[stream].live > 0) mutator.apply({ stream, action: "update", count: 1 });
  };
  const add = (stream: "activities" | "cloud-detection-alerts") => (): void => {
    mutator.apply({ stream, action: "add", count: 1 });
  };
  // What adds records is slower in a large estate than its size would have it: each one is kept whole in memory.
  return [
    move(1 / 600, 0, 1000, 200, () => { life.report(); }),
    move(1 / 3600, 1 / 60, 1, 5, add("activities")),
    move(1 / 40_000, 1 / 600, 1 / 10, 2, () => { life.alert(); }),
    move(1 / 60_000, 1 / 600, 1, 5, update("alerts")),
    move(1 / 90_000, 1 / 1200, 1 / 20, 2, () => { life.threat(); }),
    move(1 / 90_000, 1 / 1200, 1, 5, update("threats")),
    move(1 / 90_000, 1 / 1800, 1 / 20, 2, add("cloud-detection-alerts")),
    move(1 / 90_000, 1 / 1800, 1, 5, update("cloud-detection-alerts")),
    move(1 / 90_000, 1 / 300, 2, 10, () => { life.fix(); }),
    move(1 / 200_000, 1 / 900, 1, 5, update("applications")),
    move(1 / 200_000, 1 / 300, 1, 5, () => { life.change(); }),
    move(1 / 2_000_000, 1 / 1800, 1 / 10, 1, () => { life.isolate(); }),
    move(1 / 20_000_000, 1 / 1800, 1 / 60, 1, () => { life.come(); }),
    move(1 / 20_000_000, 1 / 1800, 1 / 60, 1, () => { life.go(); }),
    move(1 / 60_000_000, 1 / 7200, 1 / 60, 1, () => { life.return(); }),
    move(1 / 100_000, 1 / 300, 1, 5, () => { life.signIn(); }),
    move(1 / 200_000, 1 / 900, 1, 2, () => { life.serve(); }),
    move(1 / 50_000_000, 1 / 7200, 1 / 300, 1, () => { staff.grant(); }),
    move(1 / 200_000_000, 1 / 28_800, 1 / 900, 1, () => { staff.join(); }),
    move(1 / 200_000_000, 1 / 43_200, 1 / 900, 1, () => { staff.leave(); }),
    move(1 / 400_000_000, 1 / 28_800, 1 / 900, 1, () => { staff.automate(); }),
    move(1 / 400_000_000, 1 / 43_200, 1 / 3600, 1, () => { staff.define(); }),
  ];
}
