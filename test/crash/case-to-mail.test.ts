/**
 * Kills a hub with SIGKILL anywhere between the page an alert comes on and the receipt of the mail about its case, while alerts come, change and are resolved. Console, mail server and receiver live in
 * this process: no kill reaches what was there, or what has arrived. VEDETTE_CRASH_KILLS=50 makes it long, VEDETTE_CRASH_SEED repeats a run.
 */
import { spawn } from "node:child_process";
import { hash } from "node:crypto";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import Sqlite from "better-sqlite3";
import { expect, it, onTestFinished } from "vitest";
import { askSweep } from "../../src/cases/triage-store.ts";
import { ALL_TENANTS } from "../../src/cases/triage-tables.ts";
import { childProgram } from "../support/children.ts";
import { CA } from "../support/certificates.ts";
import { expectCases } from "../support/kept-cases.ts";
import { startHttpReceiver } from "../support/receivers/http.ts";
import { startSmtp } from "../support/receivers/smtp.ts";
import { openWorld, truthIds, type World } from "../support/world.ts";
import { randomFrom } from "../support/random.ts";

const CHILD = childProgram("receipt-child");
const asked = process.env["VEDETTE_CRASH_KILLS"];
const KILLS = Number(asked ?? "2");
const SEED = Number(process.env["VEDETTE_CRASH_SEED"] ?? (asked === undefined ? "1" : String(Date.now() % 1_000_000)));
/** What a kill waits for may not come: many cases may be told in one mail. */
const WITHIN_MS = 15_000;
/** What may be sent again by a kill: one batch, under the ids it had. */
const BATCH = 100;

interface Told {
  readonly id: string;
  readonly type: string;
  readonly key: string;
  readonly version: string;
}

async function ask<T>(world: World, method: "GET" | "POST", path: string, payload?: object): Promise<T> {
  const answer = await world.hub.app.inject({ method, url: `/api/v1${path}`, headers: { host: "127.0.0.1", authorization: `Bearer ${world.hub.credential.reveal()}` }, ...(payload === undefined ? {} : { payload }) });
  expect(answer.statusCode, answer.body).toBe(200);
  return answer.json<T>();
}

it(
  `killed ${String(KILLS)} times between page and mail (seed ${String(SEED)}), the hub loses and doubles no case, judges each, and tells people of each once, under one id`,
  async () => {
    const random = randomFrom(SEED);
    const receiver = await startHttpReceiver(() => ({ status: 204 }));
    const smtp = await startSmtp();
    let world = await openWorld({ estate: { agents: 60, alerts: 40, threats: 30, activities: 1, risks: 1, latencyMs: 5 }, env: { VEDETTE_ALLOW_DESTINATION_HOSTS: `${receiver.host},${smtp.host}` } });
    const { simulator, folder } = world;
    try {
      await world.sync({ streams: ["alerts", "threats"] });
      await world.hub.upkeep.once();
      await ask(world, "POST", "/destinations", { name: "desk", kind: "webhook", config: { url: `${receiver.url}/in` }, facts: ["cases.*"] });
      await ask(world, "POST", "/destinations", { name: "mail", kind: "email", config: { server: `smtp://${smtp.host}`, from: "vedette@example.com", to: ["soc@example.com"], username: smtp.user, password: smtp.password, ca: CA } });
      // Each case is told once at most under such a rule, alone or with others.
      await ask(world, "POST", "/notifications", { name: "soc", destination: "mail", severity: "unknown", tells: ["opened"] });
      await world.hub.close();
      const data = join(folder, "data");
      const file = join(data, "vedette.sqlite");
      const look = <T>(text: string): readonly T[] => {
        const store = new Sqlite(file, { readonly: true });
        try {
          return store.prepare<[], T>(text).all();
        } finally {
          store.close();
        }
      };
      const known = new Set(look<{ id: string }>("SELECT id FROM cases").map(({ id }) => id));
      const env = { ...process.env, VEDETTE_DATA: data, VEDETTE_KEY_FILE: join(folder, "key"), VEDETTE_ALLOW_CONSOLE_HOSTS: new URL(simulator.url).host, VEDETTE_ALLOW_DESTINATION_HOSTS: `${receiver.host},${smtp.host}`, VEDETTE_REQUEST_SHARE: "off" };

      /** Lets it work until `when` says so and kills it then; says whether anything was unfinished. */
      const killed = async (when: () => boolean): Promise<boolean> => {
        const child = spawn(process.execPath, [CHILD, world.connection], { env, stdio: ["ignore", "ignore", "inherit"] });
        onTestFinished(() => void child.kill("SIGKILL"));
        const closed = once(child, "close");
        while (!when() && child.exitCode === null) await delay(1);
        child.kill("SIGKILL");
        expect(await closed).toEqual([null, "SIGKILL"]);
        const [unfinished] = look<{ n: number }>(`SELECT (SELECT count(*) FROM outbox WHERE state = 'queued') + (SELECT count(*) FROM sync_runs WHERE state = 'running') + (SELECT count(*) FROM notification_items WHERE due_at IS NOT NULL)
          + (SELECT count(*) FROM case_triage_due) AS n`);
        return (unfinished?.n ?? 0) > 0;
      };

      let met = 0;
      for (let kill = 0; kill < KILLS; kill += 1) {
        const resolved = [...simulator.truth("threats")].map((one) => String(one["id"])).filter(() => random() < 0.05);
        simulator.mutate({ stream: "threats", action: "update", ids: resolved, set: { "threatInfo.incidentStatus": "resolved" } });
        // Some of a behaviour that nobody has seen, some like those before.
        for (const place of [0, 1, 2]) simulator.mutate({ stream: "threats", action: "add", count: 1, set: { "threatInfo.sha1": hash("sha1", `${String(kill)} ${String(place)}`), "threatInfo.storyline": `story-${String(kill)}-${String(place)}`, "threatInfo.incidentStatus": "unresolved" } });
        simulator.mutate({ stream: "threats", action: "add", count: 1 });
        simulator.mutate({ stream: "alerts", action: "add", count: 2 });
        // By turns while pages come in, while cases are told, and while mails go out.
        const asked = simulator.requests().total + Math.floor(random() * 14);
        const told = receiver.asked.length + 1 + Math.floor(random() * 4);
        const mailed = smtp.mails.length + 1;
        const until = performance.now() + WITHIN_MS;
        const reached = (): boolean => (kill % 3 === 0 ? smtp.mails.length >= mailed : kill % 3 === 1 ? simulator.requests().total > asked : receiver.asked.length >= told);
        if (await killed(() => reached() || performance.now() > until)) met += 1;
      }
      const last = spawn(process.execPath, [CHILD, world.connection, "last"], { env, stdio: ["ignore", "ignore", "inherit"] });
      onTestFinished(() => void last.kill("SIGKILL"));
      expect(await once(last, "close")).toEqual([0, null]);

      // Each record that the console has is in one case.
      expectCases(file);
      for (const stream of ["alerts", "threats"] as const) expect(look<{ id: string }>(`SELECT id FROM case_members WHERE stream = '${stream}' ORDER BY id`).map(({ id }) => id)).toEqual(truthIds(simulator, stream));

      // Nothing came under two ids, and of each case that has been opened since the receiver heard: once that it was, or, where it was resolved before it was first seen, that it was opened again.
      const facts = receiver.asked.map(({ body }) => ({ ...(JSON.parse(body) as Told), body }));
      const versions = Map.groupBy(facts, ({ type, key, version }) => `${type} ${key} ${version}`);
      expect([...versions].filter(([, all]) => new Set(all.map(({ id, body }) => `${id} ${body}`)).size > 1)).toEqual([]);
      expect(new Set(facts.map(({ id }) => id)).size).toBe(versions.size);
      expect(facts.length).toBeLessThanOrEqual(versions.size + KILLS * BATCH);
      const opened = look<{ id: string; earlier: string | null }>("SELECT c.id, e.details ->> 'case' AS earlier FROM cases AS c JOIN case_events AS e ON e.case_id = c.id AND e.kind = 'opened' WHERE c.open = 1").filter(({ id }) => !known.has(id));
      const heardOf = (kind: string) => Map.groupBy([...versions.values()].flatMap(([first]) => (first?.type === kind ? [first] : [])), ({ key }) => key);
      const [openings, reopenings] = [heardOf("cases.opened"), heardOf("cases.reopened")];
      expect(opened.filter(({ id }) => !openings.has(id) && !reopenings.has(id))).toEqual([]);
      expect([...openings].filter(([, all]) => all.length > 1)).toEqual([]);

      // And people were told of it in one mail, whose id is one however often it came; of one with the same behaviour as an earlier case, in one at most.
      const mails = Map.groupBy(smtp.mails, ({ headers }) => headers.get("message-id") ?? "");
      const tellings = Map.groupBy([...mails].flatMap(([mail, [first]]) => [...new Set(first?.text.match(/cas_[0-9a-z]+/g))].map((id) => ({ mail, id }))), ({ id }) => id);
      expect([...tellings].filter(([, all]) => all.length > 1)).toEqual([]);
      // One that tells of very many shows the first of them, and says how many more there are.
      const unshown = opened.filter(({ id, earlier }) => earlier === null && openings.has(id) && !tellings.has(id));
      const more = [...mails.values()].map(([first]) => Number(/(\d+) more are not shown/.exec(first?.text ?? "")?.[1] ?? 0)).reduce((sum, count) => sum + count, 0);
      expect(unshown.length).toBeLessThanOrEqual(more);
      const toldOf = new Set(look<{ subject: string }>("SELECT subject FROM notification_items WHERE told_at IS NOT NULL").map(({ subject }) => subject));
      expect(unshown.filter(({ id }) => !toldOf.has(id))).toEqual([]);
      // Of one that was there before only where something became part of it, or where it was opened again or grew graver before anybody was told of it.
      const grown = new Set(look<{ into: string }>("SELECT DISTINCT merged_into AS \"into\" FROM cases WHERE merged_into IS NOT NULL").map(({ into }) => into));
      expect([...tellings.keys()].filter((id) => known.has(id) && !grown.has(id) && !reopenings.has(id) && !heardOf("cases.escalated").has(id))).toEqual([]);
      expect(smtp.mails.length).toBeLessThanOrEqual(mails.size + KILLS * BATCH);
      expect(mails.size).toBe(look("SELECT id FROM outbox WHERE kind LIKE 'notifications.%'").length);
      expect(look("SELECT id FROM outbox WHERE state <> 'delivered'")).toEqual([]);

      // What triage said of each is what it says when it looks at all of them again.
      const judged = (): readonly unknown[] => look("SELECT case_id, score, verdict, because, traits, since FROM case_triage WHERE open = 1 ORDER BY case_id");
      const before = judged();
      expect(before).toHaveLength(look("SELECT id FROM cases WHERE open = 1").length);
      world = await world.reopen();
      await world.hub.store.tx((tx) => askSweep(tx, ALL_TENANTS));
      await world.hub.upkeep.once();
      expect(look("SELECT * FROM case_triage_sweeps")).toEqual([]);
      expect(judged()).toEqual(before);

      // Not vacuous: the kills met it at work, and there was something to tell.
      expect(met).toBeGreaterThanOrEqual(Math.ceil(KILLS / 2));
      expect(opened.filter(({ earlier }) => earlier === null).length).toBeGreaterThanOrEqual(KILLS);
    } finally {
      await receiver.close();
      await smtp.close();
      await world.close();
    }
  },
  120_000 + KILLS * (WITHIN_MS + 10_000),
);
