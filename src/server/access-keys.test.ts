import { createServer, type Server } from "node:http";
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { AcceptedAccess } from "../kernel/assertion.ts";
import type { Clock } from "../kernel/clock.ts";
import { createAccessKeys } from "./access-keys.ts";

const NOW = Date.UTC(2026, 2, 2, 9);
const clock: Clock & { time: number } = { time: NOW, now: () => clock.time, monotonic: () => clock.time, sleep: async () => {} };
const AUD = "a".repeat(64);

let server: Server;
let team = "";
let published: JWK[] = [];
let reads = 0;
let broken = false;
const pairs = new Map<string, CryptoKey>();

async function newKey(kid: string): Promise<JWK> {
  const { publicKey, privateKey } = await generateKeyPair("RS256", { extractable: true });
  pairs.set(kid, privateKey);
  return { ...(await exportJWK(publicKey)), kid, alg: "RS256", use: "sig" };
}

beforeAll(async () => {
  published = [await newKey("one")];
  await newKey("never-published");
  server = createServer((request, response) => {
    reads += 1;
    if (broken || request.url !== "/cdn-cgi/access/certs") response.writeHead(500).end();
    else response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ keys: published, public_certs: [] }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  team = `http://127.0.0.1:${String(typeof address === "object" ? (address?.port ?? 0) : 0)}`;
});
afterAll(() => server.close());

interface Wish {
  readonly kid?: string;
  readonly by?: string;
  readonly iss?: string;
  readonly aud?: string | string[];
  readonly endsIn?: number | null;
}

async function token({ kid = "one", by = kid, iss = team, aud = [AUD], endsIn = 60 }: Wish = {}): Promise<string> {
  const made = new SignJWT({ common_name: "x" }).setProtectedHeader({ alg: "RS256", kid, typ: "JWT" }).setIssuer(iss).setAudience(aud).setIssuedAt(Math.floor(clock.time / 1000));
  if (endsIn !== null) made.setExpirationTime(Math.floor(clock.time / 1000) + endsIn);
  const key = pairs.get(by);
  if (key === undefined) throw new Error(`no key ${by}`);
  return made.sign(key);
}

function fresh() {
  clock.time = NOW;
  reads = 0;
  broken = false;
  const keys = createAccessKeys({ clock, env: {}, userAgent: "test", allowedHosts: [{ host: "127.0.0.1", port: null }] });
  const accepted: readonly AcceptedAccess[] = [{ team, audience: "b".repeat(64) }, { team, audience: AUD }];
  return {
    keys,
    ask: async (assertion: string) => {
      const verdict = await keys.verify(assertion, accepted, AbortSignal.timeout(5000));
      return "refused" in verdict ? verdict.refused : verdict.proven.audience;
    },
  };
}

describe("a token of Cloudflare Access", () => {
  it("proves its application, by keys that are read once", async () => {
    const { ask, keys } = fresh();
    expect([await ask(await token()), await ask(await token({ aud: AUD }))]).toEqual([AUD, AUD]);
    expect(reads).toBe(1);
    await keys.close();
  });

  it("is refused with the wrong audience, issuer, key, algorithm or end, and when it is none", async () => {
    const { ask, keys } = fresh();
    const none = `${Buffer.from(JSON.stringify({ alg: "none", kid: "one" })).toString("base64url")}.${Buffer.from(JSON.stringify({ iss: team, aud: [AUD], exp: NOW / 1000 + 60 })).toString("base64url")}.`;
    const secret = new TextEncoder().encode(JSON.stringify(published[0]));
    const confused = await new SignJWT({}).setProtectedHeader({ alg: "HS256", kid: "one" }).setIssuer(team).setAudience(AUD).setExpirationTime(NOW / 1000 + 60).sign(secret);
    const cases: readonly (readonly [string, string])[] = [
      ["audience", await token({ aud: ["c".repeat(64)] })],
      ["issuer", await token({ iss: "https://other.cloudflareaccess.com" })],
      ["issuer", await token({ iss: `${team}/one-of-its-tenants` })],
      ["expired", await token({ endsIn: -120 })],
      ["claims", await token({ endsIn: null })],
      ["signature", await token({ by: "never-published" })],
      ["unknown-key", await token({ kid: "never-published" })],
      ["algorithm", none],
      ["algorithm", confused],
      ["malformed", "not.a.token"],
      ["malformed", "x".repeat(20_000)],
    ];
    for (const [reason, assertion] of cases) expect(await ask(assertion)).toBe(reason);
    await keys.close();
  });

  it("is believed after the team's keys were changed, and one by a key that is gone no longer", async () => {
    const { ask, keys } = fresh();
    const before = published;
    const old = await token();
    expect(await ask(old)).toBe(AUD);
    published = [await newKey("two")];
    expect([await ask(await token({ kid: "two" })), await ask(old)]).toEqual([AUD, "unknown-key"]);
    published = before;
    await keys.close();
  });

  it("with a key nobody knows makes us ask the team a few times a minute, not each time", async () => {
    const { ask, keys } = fresh();
    for (let count = 0; count < 40; count += 1) expect(await ask(await token({ kid: "never-published" }))).toBe("unknown-key");
    expect(reads).toBe(5);
    expect(await ask(await token())).toBe(AUD);
    await keys.close();
  });

  it("is checked by the known keys for a day while the team does not answer, and then by none", async () => {
    const { ask, keys } = fresh();
    expect(await ask(await token())).toBe(AUD);
    broken = true;
    clock.time += 23 * 3_600_000;
    expect(await ask(await token())).toBe(AUD);
    clock.time += 2 * 3_600_000;
    await expect(ask(await token())).rejects.toMatchObject({ code: "ACCESS_KEYS_UNAVAILABLE" });
    await keys.close();
  });

  it("leads to no address but the teams set up", async () => {
    const { ask, keys } = fresh();
    await ask(await token({ iss: "http://127.0.0.1:1" }));
    expect(reads).toBe(0);
    expect(keys.team("example")).toBe("https://example.cloudflareaccess.com");
    expect(keys.team(" example.cloudflareaccess.com/ ")).toBe("https://example.cloudflareaccess.com");
    for (const wrong of ["https://evil.example", "https://x.cloudflareaccess.com.evil.example", "http://x.cloudflareaccess.com", "https://a@x.cloudflareaccess.com", "https://x.cloudflareaccess.com/p", "x.cloudflareaccess.com:444", ""]) expect(() => keys.team(wrong), wrong).toThrow(expect.objectContaining({ code: "CONFIG_INVALID" }));
    await keys.close();
  });
});
