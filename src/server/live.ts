/**
 * What the hub tells by itself while somebody looks: progress of reading, states of connections, figures. It looks around once a second, and only while
 * somebody listens; each listener hears of its own tenants alone. Who was away and names the last it heard gets what it missed, or is told to
 * load everything again; who does not keep up is told the same. Streams end after ten minutes, so that whoever listens proves again who he is.
 */
import { randomBytes } from "node:crypto";
import type { RunView } from "../kernel/api.ts";
import type { Clock } from "../kernel/clock.ts";
import { Fault } from "../kernel/fault.ts";
import type { Log } from "../kernel/log.ts";
import type { TenantId } from "../kernel/ids.ts";
import type { Figures } from "../kernel/overview-api.ts";
import { scopeAllows, scopeKey, type TenantScope } from "../kernel/scope.ts";

export interface LivePorts {
  readonly clock: Clock;
  readonly log: Log;
  runsUnderWay(): readonly RunView[];
  /** Of late, the newest last: what takes less than a second is seen here alone. */
  runsEnded(): readonly RunView[];
  connections(): Promise<readonly { readonly id: string; readonly tenant: string; readonly state: string }[]>;
  figures(scope: TenantScope): Promise<Figures>;
}

export interface Listener {
  /** Of the caller, whose streams are counted together. */
  readonly caller: string;
  readonly scope: TenantScope;
  readonly lastEventId: string | null;
  readonly signal: AbortSignal;
  /** False once the caller may listen no longer. */
  stillAllowed(): Promise<boolean>;
}

export interface Live {
  /** TOO_MANY_REQUESTS where the caller listens often enough already. */
  listen(listener: Listener): AsyncGenerator<string>;
  /** How everything stands, and no more. */
  once(scope: TenantScope): AsyncGenerator<string>;
  /** Ends every stream. */
  close(): void;
}

const LOOK_EVERY_MS = 1000;
/** States of connections change seldom: with what is read, and else every third look. */
const LOOKS_PER_STATE = 3;
const HEARTBEAT_MS = 15_000;
const LONGEST_MS = 10 * 60_000;
/** Figures are asked for again this often although nothing is being read: people decide, deliveries go out. */
const FIGURES_EVERY_MS = 15_000;
const PER_CALLER = 8;
const MOST_LISTENERS = 200;
const MOST_KEPT = 1000;
const MOST_WAITING = 500;
const AGAIN_MS = 3000;

interface Told {
  readonly seq: number;
  readonly name: "sync" | "connection";
  readonly tenant: TenantId;
  readonly data: string;
}

interface Ear {
  readonly listener: Listener;
  readonly waiting: string[];
  readonly key: string;
  figures: string;
  wake: () => void;
}

export function createLive(ports: LivePorts): Live {
  const { clock, log } = ports;
  const boot = randomBytes(6).toString("hex");
  const ears = new Set<Ear>();
  const kept: Told[] = [];
  /** The latest that was told of each stream of a run (two runs may end alike), and of each connection. */
  const syncs = new Map<string, string>();
  let over: ReadonlySet<string> = new Set();
  const states = new Map<string, { readonly told: string; readonly tenant: TenantId }>();
  let seq = 0;
  let looking: { readonly stop: AbortController; readonly first: Promise<void> } | null = null;
  let looks = 0;
  let figuresAt = clock.monotonic();
  const closing = new AbortController();

  function tell(name: Told["name"], tenant: TenantId, data: string): void {
    seq += 1;
    const told = { seq, name, tenant, data };
    kept.push(told);
    if (kept.length > MOST_KEPT) kept.shift();
    for (const ear of ears) if (scopeAllows(ear.listener.scope, tenant)) hand(ear, event(boot, told));
  }

  /** Whoever lags this far behind is better off asking for everything. */
  function hand(ear: Ear, text: string): void {
    if (ear.waiting.length >= MOST_WAITING) ear.waiting.splice(0, Infinity, message("reload", "{}", `${boot}-${String(seq)}`));
    else ear.waiting.push(text);
    ear.wake();
  }

  async function look(): Promise<void> {
    const before = seq;
    // The first time, everything is as it is; those who wait for it are told so.
    const quiet = looks === 0;
    lookAtRuns(quiet);
    if (looks % LOOKS_PER_STATE === 0 || seq > before) await lookAtConnections(quiet);
    looks += 1;
    if (seq > before || clock.monotonic() - figuresAt >= FIGURES_EVERY_MS) await tellFigures();
  }

  function lookAtRuns(quiet: boolean): void {
    const runs = ports.runsUnderWay();
    const ended = ports.runsEnded();
    const news = ended.filter(({ id }) => !over.has(id));
    for (const run of [...news, ...runs]) {
      for (const [key, tenant, told] of progressOf(run)) {
        if (syncs.get(key) === told) continue;
        syncs.set(key, told);
        if (!quiet) tell("sync", tenant, told);
      }
    }
    over = new Set(ended.map(({ id }) => id));
    const there = new Set([...over, ...runs.map(({ id }) => id)]);
    for (const key of syncs.keys()) if (!there.has(key.slice(0, key.indexOf(" ")))) syncs.delete(key);
  }

  async function lookAtConnections(quiet: boolean): Promise<void> {
    const connections = await ports.connections();
    for (const { id, tenant, state } of connections) {
      const told = JSON.stringify({ id, state });
      if (states.get(id)?.told === told) continue;
      states.set(id, { told, tenant: tenant as TenantId });
      if (!quiet) tell("connection", tenant as TenantId, told);
    }
    const there = new Set(connections.map(({ id }) => id));
    for (const [id, { tenant }] of states) {
      if (there.has(id)) continue;
      states.delete(id);
      tell("connection", tenant, JSON.stringify({ id, state: "Removed" }));
    }
  }

  async function tellFigures(): Promise<void> {
    figuresAt = clock.monotonic();
    const scopes = new Map([...ears].map((ear) => [ear.key, ear.listener.scope]));
    for (const [key, scope] of scopes) {
      const figures = JSON.stringify(await ports.figures(scope));
      for (const ear of ears) {
        if (ear.key !== key || ear.figures === figures) continue;
        ear.figures = figures;
        hand(ear, message("figures", figures, null));
      }
    }
  }

  /** `first` settles with the first look, well or not. */
  async function keepLooking(stop: AbortSignal, first: () => void): Promise<void> {
    while (!stop.aborted) {
      try {
        await look();
      } catch (error) {
        log.warn("live.look-failed", { error: error instanceof Error ? error.name : "unknown" });
      }
      first();
      await clock.sleep(LOOK_EVERY_MS, stop);
    }
  }

  function join(ear: Ear): Promise<void> {
    ears.add(ear);
    if (looking !== null) return looking.first;
    const stop = new AbortController();
    const first = Promise.withResolvers<void>();
    looking = { stop, first: first.promise };
    looks = 0;
    void keepLooking(stop.signal, first.resolve);
    return first.promise;
  }

  function leave(ear: Ear): void {
    if (!ears.delete(ear) || ears.size > 0) return;
    looking?.stop.abort();
    looking = null;
    // What happens while nobody looks is not seen: nobody can be told afterwards that he missed nothing.
    kept.length = 0;
    seq += 1;
    syncs.clear();
    states.clear();
  }

  function missed(ear: Ear): readonly string[] {
    const last = ear.listener.lastEventId;
    if (last === null) return [];
    const [from, number] = last.split("-");
    const oldest = kept[0]?.seq ?? seq + 1;
    const heard = from === boot && /^\d{1,15}$/.test(number ?? "") ? Number(number) : -1;
    if (heard < oldest - 1 || heard > seq) return [message("reload", "{}", `${boot}-${String(seq)}`)];
    return kept.filter((told) => told.seq > heard && scopeAllows(ear.listener.scope, told.tenant)).map((told) => event(boot, told));
  }

  async function standing(scope: TenantScope): Promise<string> {
    const connections = (await ports.connections()).filter(({ tenant }) => scopeAllows(scope, tenant as TenantId));
    const progress = ports.runsUnderWay().flatMap((run) => progressOf(run)).filter(([, tenant]) => scopeAllows(scope, tenant));
    const figures = JSON.stringify(await ports.figures(scope));
    return [...connections.map(({ id, state }) => message("connection", JSON.stringify({ id, state }), null)), ...progress.map(([, , told]) => message("sync", told, null)), message("figures", figures, null)].join("");
  }

  return {
    listen(listener) {
      const others = [...ears].filter(({ listener: { caller } }) => caller === listener.caller).length;
      if (others >= PER_CALLER || ears.size >= MOST_LISTENERS) throw new Fault("TOO_MANY_REQUESTS", "Too many live streams are open.", { cure: "Close some pages of the console.", retryAfterMs: HEARTBEAT_MS });
      const ear: Ear = { listener, waiting: [], key: scopeKey(listener.scope), figures: "", wake() {} };
      // Counted before the first word is asked for, so that many at once are no way around.
      const first = join(ear);
      // A caller who is gone before he heard a word ends nothing himself.
      listener.signal.addEventListener("abort", () => leave(ear), { once: true });
      return speak(ear, first);
    },
    async *once(scope) {
      yield await standing(scope);
    },
    close() {
      closing.abort();
    },
  };

  async function* speak(ear: Ear, first: Promise<void>): AsyncGenerator<string> {
    const { listener } = ear;
    const stop = AbortSignal.any([listener.signal, closing.signal]);
    const began = clock.monotonic();
    let beat = began;
    try {
      yield `retry: ${String(AGAIN_MS)}\n\n${missed(ear).join("")}`;
      // What changes from here on is told, so that nothing falls between how things stand and what becomes of them.
      await first;
      yield await standing(listener.scope);
      while (!stop.aborted && clock.monotonic() - began < LONGEST_MS) {
        if (clock.monotonic() - beat >= HEARTBEAT_MS) {
          beat = clock.monotonic();
          if (!(await listener.stillAllowed())) return;
          yield ": still here\n\n";
        }
        const next = ear.waiting.splice(0, Infinity).join("");
        if (next === "") await heard(ear, stop);
        else yield next;
      }
    } finally {
      leave(ear);
    }
  }

  /** Until there is something to say, or a heartbeat is due. */
  async function heard(ear: Ear, stop: AbortSignal): Promise<void> {
    const awake = Promise.withResolvers<void>();
    ear.wake = awake.resolve;
    const over = new AbortController();
    await Promise.race([awake.promise, clock.sleep(HEARTBEAT_MS, AbortSignal.any([stop, over.signal]))]);
    over.abort();
  }
}

function progressOf(run: RunView): readonly (readonly [key: string, tenant: TenantId, told: string])[] {
  return run.streams.map(({ stream, phase, received, expected, inserted, changed, unchanged }) => [`${run.id} ${stream}`, run.tenant as TenantId, JSON.stringify({ connection: run.connection, stream, state: phase, read: received, total: expected, rows: inserted + changed + unchanged })]);
}

function event(boot: string, { seq, name, data }: Told): string {
  return message(name, data, `${boot}-${String(seq)}`);
}

/** JSON has no line breaks of its own, so that text in it cannot end a field. */
function message(name: string, data: string, id: string | null): string {
  return `${id === null ? "" : `id: ${id}\n`}event: ${name}\ndata: ${data}\n\n`;
}
