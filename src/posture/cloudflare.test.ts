import { createServer, type Server } from "node:http";
import { sql } from "kysely";
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openWorld, type World } from "../../test/support/world.ts";
import { EVERY_TENANT } from "../kernel/scope.ts";
import { LOCAL_ACTOR } from "../server/auth.ts";

const AUD = "tag-of-the-application";
const HOST = { host: "127.0.0.1" };

let world: World;
let server: Server;
let team = "";
let key: CryptoKey;
let bearer = "";
let device: { readonly id: string; readonly serial: string };
let added: Added;

interface Added {
  readonly provider: { readonly id: string };
  readonly url: string;
  readonly client_id: string;
  readonly client_secret: string;
}
type Result = Readonly<Record<string, { readonly s2s_id: string; readonly score: number }>>;

async function api<T>(method: "GET" | "POST" | "PATCH" | "DELETE", path: string, payload?: object): Promise<T> {
  const answer = await world.hub.app.inject({ method, url: `/api/v1/posture/${path}`, headers: { ...HOST, authorization: `Bearer ${bearer}` }, ...(payload === undefined ? {} : { payload }) });
  if (answer.statusCode !== 200) throw new Error(answer.body);
  return answer.json<T>();
}

function tokenOf(provider: Added): Readonly<Record<string, string>> {
  return { "CF-Access-Client-ID": provider.client_id, "CF-Access-Client-Secret": provider.client_secret };
}

function post(headers: Readonly<Record<string, string>>, payload: object) {
  return world.hub.app.inject({ method: "POST", url: "/integrations/cloudflare/posture", headers: { ...HOST, ...headers }, payload });
}

async function ask(headers: Readonly<Record<string, string>>, payload: object): Promise<Result> {
  const answer = await post(headers, payload);
  expect(answer.statusCode, answer.body).toBe(200);
  return answer.json<{ result: Result }>().result;
}

async function assertion(changes: { readonly aud?: string; readonly endsIn?: number } = {}): Promise<string> {
  return new SignJWT({}).setProtectedHeader({ alg: "RS256", kid: "k" }).setIssuer(team).setAudience(changes.aud ?? AUD).setExpirationTime(Math.floor(Date.now() / 1000) + (changes.endsIn ?? 60)).sign(key);
}

async function refusals(): Promise<readonly unknown[]> {
  return (await world.hub.audit.list(EVERY_TENANT, 0, 1000)).filter(({ event }) => event === "provider.refused").map(({ details }) => details["reason"]);
}

beforeAll(async () => {
  const pair = await generateKeyPair("RS256", { extractable: true });
  key = pair.privateKey;
  const jwk = { ...(await exportJWK(pair.publicKey)), kid: "k", alg: "RS256" };
  server = createServer((_request, response) => void response.writeHead(200).end(JSON.stringify({ keys: [jwk] })));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const host = `127.0.0.1:${String(typeof address === "object" ? (address?.port ?? 0) : 0)}`;
  team = `http://${host}`;
  world = await openWorld({ estate: { agents: 30, alerts: 0, risks: 0, threats: 0, activities: 0 }, env: { VEDETTE_ALLOW_DESTINATION_HOSTS: host, VEDETTE_PUBLIC_URL: "https://vedette.example/hub/" } });
  bearer = (await world.hub.keys.create(LOCAL_ACTOR, { name: "test", role: "operator" }, async () => {})).secret.reveal();
  await world.sync({ streams: ["agents"], full: true });
  const rows = await world.rows("agents");
  const found = rows.find((row) => typeof row["serial_number"] === "string" && rows.filter((other) => other["serial_number"] === row["serial_number"]).length === 1 && row["is_decommissioned"] === 0 && row["is_uninstalled"] === 0);
  device = { id: String(found?.["id"]), serial: String(found?.["serial_number"]) };
  await api("POST", "rules", { rules: [{ name: "Known", condition: { input: "active_threats", operator: ">=", value: 0 } }, { name: "Warned", warn_only: true, condition: { input: "site", operator: "==", value: "nowhere" } }] });
  added = await api<Added>("POST", "providers", { kind: "cloudflare" });
});
afterAll(async () => {
  await world.close();
  server.close();
});

describe("Cloudflare's custom device posture", () => {
  it("answers every device it is asked about, by the agent's id and a score", async () => {
    expect(added.url).toBe("https://vedette.example/hub/integrations/cloudflare/posture");
    const result = await ask(tokenOf(added), {
      devices: [
        { device_id: "known", email: "", serial_number: ` ${device.serial.toLowerCase()} `, mac_address: null, virtual_ipv4: "100.96.0.1", hostname: "" },
        { device_id: "blank", serial_number: "" },
        { device_id: "placeholder", serial_number: "To be filled by O.E.M." },
        { device_id: "bare" },
        { device_id: "__proto__", serial_number: "no such thing", extra: 1 },
        { device_id: "two\nlines", serial_number: 7 },
      ],
    });
    const nobody = { s2s_id: "", score: 0 };
    expect(Object.entries(result)).toEqual(Object.entries(JSON.parse(JSON.stringify({ known: { s2s_id: device.id, score: 60 }, blank: nobody, placeholder: nobody, bare: nobody, "two\nlines": nobody }).replace('"two', '"__proto__":{"s2s_id":"","score":0},"two')) as Result));
  });

  it("takes `Devices` for `devices`, and one device twice, unless the two are different machines", async () => {
    const twice = [{ device_id: "a", serial_number: device.serial }, { device_id: "a", serial_number: device.serial }, { device_id: "b", serial_number: device.serial }, { device_id: "b", serial_number: "another" }];
    expect(await ask(tokenOf(added), { Devices: twice })).toEqual({ a: { s2s_id: device.id, score: 60 }, b: { s2s_id: "", score: 0 } });
  });

  it("answers a thousand and says clearly what is wrong with none, with more, and with one that has no name", async () => {
    const many = (count: number) => ({ devices: Array.from({ length: count }, (_, place) => ({ device_id: `d${String(place)}`, serial_number: device.serial })) });
    expect(Object.keys(await ask(tokenOf(added), many(1000)))).toHaveLength(1000);
    const wrong = [many(1001), many(0), {}, { devices: "x" }, { devices: [{ serial_number: "x" }] }];
    const answers = await Promise.all(wrong.map((body) => post(tokenOf(added), body)));
    expect(answers.map((answer) => [answer.statusCode, answer.json<{ error: string }>().error])).toEqual([
      [400, "body/devices has 1001 devices; at most 1000 are answered at once."],
      [400, "body/devices is empty; at least one device is asked about."],
      [400, "body/devices has to be a list of devices."],
      [400, "body/devices has to be a list of devices."],
      [400, "body/devices/0/device_id is missing; nothing else can name the device in the answer."],
    ]);
  });

  it("turns away who proves nothing, and writes it down", async () => {
    const before = (await refusals()).length;
    const known = added.client_id;
    const wrong = [{}, { "CF-Access-Client-ID": known }, { "CF-Access-Client-ID": known, "CF-Access-Client-Secret": "wrong" }, { "CF-Access-Client-ID": "x.access", "CF-Access-Client-Secret": added.client_secret }, { authorization: `Bearer ${bearer}` }];
    for (const headers of wrong) expect((await post(headers, { devices: [{ device_id: "a" }] })).json()).toMatchObject({ success: false, fault: { code: "FORBIDDEN" } });
    expect((await refusals()).slice(before)).toEqual(["no-credentials", "no-credentials", "wrong-secret", "unknown-client", "no-credentials"]);
  });

  it("shows the secret once and keeps its hash", async () => {
    const listed = await api<object>("GET", "providers");
    expect(JSON.stringify(listed)).not.toContain(added.client_secret);
    expect(JSON.stringify(await world.rows("posture_providers"))).not.toContain(added.client_secret);
  });

  it("takes another secret from a rotation on, the one before only as long as was stated, and writes it down", async () => {
    const first = await api<Added>("POST", "providers", { kind: "cloudflare", name: "rotated" });
    const rotate = (body: object) => api<Added & { provider: { previousUntil: string | null } }>("POST", "providers/rotated/rotate", body);
    const statuses = async (...tokens: readonly Added[]) => Promise.all(tokens.map(async (token) => (await post(tokenOf(token), { devices: [{ device_id: "a" }] })).statusCode));
    const second = await rotate({});
    expect([second.client_id, second.provider.previousUntil, await statuses(first, second)]).toEqual([first.client_id, null, [403, 200]]);
    const third = await rotate({ overlap: "1h" });
    expect([typeof third.provider.previousUntil, await statuses(first, second, third)]).toEqual(["string", [403, 200, 200]]);
    await world.hub.store.tx(async (tx) => {
      await sql`UPDATE posture_providers SET previous_until = ${Date.now() - 1} WHERE id = ${third.provider.id}`.execute(tx.db);
    });
    expect(await statuses(first, second, third)).toEqual([403, 403, 200]);
    for (const overlap of ["0m", "169h", "soon", ""]) await expect(rotate({ overlap })).rejects.toThrow("CONFIG_INVALID");
    expect((await world.hub.audit.list(EVERY_TENANT, 0, 1000)).filter(({ event }) => event === "provider.rotated").map(({ details }) => Number(details["overlapMs"])).toSorted((a, b) => a - b)).toEqual([0, 3_600_000]);
    await api("DELETE", "providers/rotated");
  });

  it("counts the rules that were chosen for it and no other", async () => {
    const chosen = await api<Added & { provider: { rules: readonly string[] | null } }>("POST", "providers", { kind: "cloudflare", name: "chosen", rules: ["Known"] });
    const score = async () => (await ask(tokenOf(chosen), { devices: [{ device_id: "a", serial_number: device.serial }] }))["a"]?.score;
    expect([chosen.provider.rules?.length, await score()]).toEqual([1, 100]);
    await api("PATCH", "providers/chosen", { rules: ["Warned"], scores: { warn: 40 } });
    expect(await score()).toBe(40);
    await api("PATCH", "providers/chosen", { rules: null });
    expect(await score()).toBe(40);
    await expect(api("PATCH", "providers/chosen", { rules: ["nobody's"] })).rejects.toThrow("NOT_FOUND");
    for (const wrong of [{ rules: [] }, { scores: { pass: 30 } }, { secret: "mine" }]) await expect(api("PATCH", "providers/chosen", wrong)).rejects.toThrow("CONFIG_INVALID");
    await api("DELETE", "providers/chosen");
  });

  it("believes the team's token where Access stands before the hub, and a wrong one never", async () => {
    const behind = await api<Added>("POST", "providers", { kind: "cloudflare", name: "behind", team, audience: AUD, scores: { pass: 90, warn: 50, fail: 10 } });
    const body = { devices: [{ device_id: "a", serial_number: device.serial }, { device_id: "b" }] };
    const expected = { a: { s2s_id: device.id, score: 50 }, b: { s2s_id: "", score: 10 } };
    const access = { "CF-Access-Client-ID": "0123.access", "CF-Access-Client-Secret": "theirs" };
    expect(await ask({ ...access, "Cf-Access-Jwt-Assertion": await assertion() }, body)).toEqual(expected);
    expect(await ask(tokenOf(behind), body)).toEqual(expected);
    const before = (await refusals()).length;
    const none = `${Buffer.from('{"alg":"none"}').toString("base64url")}.${Buffer.from(JSON.stringify({ iss: team, aud: AUD, exp: 9e9 })).toString("base64url")}.`;
    for (const wrong of [await assertion({ aud: "other" }), await assertion({ endsIn: -300 }), none]) expect((await post({ ...tokenOf(behind), "Cf-Access-Jwt-Assertion": wrong }, body)).statusCode).toBe(403);
    expect((await refusals()).slice(before)).toEqual(["assertion-audience", "assertion-expired", "assertion-algorithm"]);
    await expect(api("POST", "providers", { kind: "cloudflare", team, audience: AUD })).rejects.toThrow("ALREADY_EXISTS");
  });

  it("answers a tenant's provider from that tenant's devices alone", async () => {
    const tenant = await world.hub.tenants.create(EVERY_TENANT, "elsewhere", async () => {});
    const theirs = await api<Added>("POST", "providers", { kind: "cloudflare", tenant: "elsewhere" });
    expect(await ask(tokenOf(theirs), { devices: [{ device_id: "a", serial_number: device.serial }] })).toEqual({ a: { s2s_id: "", score: 0 } });
    expect(tenant.id).not.toBe("");
  });

  it("turns a removed provider away", async () => {
    const gone = await api<Added>("POST", "providers", { kind: "cloudflare", name: "gone" });
    await api("DELETE", `providers/${gone.provider.id}`);
    expect((await post(tokenOf(gone), { devices: [{ device_id: "a" }] })).statusCode).toBe(403);
  });
});

describe("rules carried over from Terraform", () => {
  it("are refused with an unknown key, and taken over a second time without a change", async () => {
    const terraform = { name: "Carried", type: "sentinelone_s2s", match: [{ platform: "windows" }], expiration: "30m", input: { connection_id: "c", infected: false, active_threats: null, operator: null } };
    const apply = (rules: readonly object[]) => api<{ items: readonly { change: string; rule: { id: string; version: number } }[] }>("POST", "rules", { rules });
    const [first] = (await apply([terraform])).items;
    const [second] = (await apply([terraform])).items;
    expect([first?.change, second?.change, second?.rule.id === first?.rule.id, second?.rule.version]).toEqual(["added", "unchanged", true, 1]);
    await expect(apply([{ ...terraform, enforce: true }])).rejects.toThrow("$[0].enforce");
    await api("DELETE", `rules/${first?.rule.id ?? ""}`);
  });
});
