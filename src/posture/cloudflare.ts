/**
 * Cloudflare's custom device posture, service to service: it posts up to a thousand devices with whatever identifiers it has and gets a score for each.
 * Proves itself by the service token that was given out here, or by a token of its Access application where one stands before the hub; one
 * that is there and wrong is refused, whatever else is right. Every device gets an entry; what is not known scores as a fail. Nothing is asked of SentinelOne.
 */
import Type from "typebox";
import type { AccessKeys } from "../kernel/assertion.ts";
import type { Clock } from "../kernel/clock.ts";
import { Fault } from "../kernel/fault.ts";
import { MOST_DEVICES } from "../kernel/posture-api.ts";
import { defineRoute, unaudited, type Actor, type AuditDetails, type OwnCredentials, type Route, type RouteContext } from "../kernel/route.ts";
import type { Store, Tx } from "../store/store.ts";
import type { DeviceQuestion } from "./answer.ts";
import { accessProviders, findProvider, noteAsked, provenByToken, scopeOf, type Provider } from "./providers-store.ts";
import { scoreDevices, type DeviceScore } from "./scores.ts";

export interface CloudflareDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly accessKeys: AccessKeys;
}

export const CLOUDFLARE_PATH = "/integrations/cloudflare/posture";
const CLIENT_ID = "cf-access-client-id";
const CLIENT_SECRET = "cf-access-client-secret";
const ASSERTION = "cf-access-jwt-assertion";
const LONGEST_HEADER = 500;

const MINUTE_MS = 60_000;
/** Lines in the audit log a minute: a stranger who keeps trying must not fill it. What was left out is counted in the next. */
const REFUSALS_A_MINUTE = 60;
const NOTED_EVERY_MS = MINUTE_MS;
/** Of so many at once, asked every few minutes, the index is worth its memory. */
const MANY = 200;

const Body = Type.Object(
  { devices: Type.Optional(Type.Unknown({ description: "Objects with device_id and, as far as known, serial_number, mac_address, hostname, email, virtual_ipv4; at most 1000." })), Devices: Type.Optional(Type.Unknown({ description: "The same." })) },
  { additionalProperties: true },
);
/** By device_id, which may be any text. */
const Answer = Type.Object({ result: Type.Unknown({ description: "By device_id: s2s_id, SentinelOne's agent id or empty, and score, 0 to 100." }) });

export function cloudflareRoute({ store, clock, accessKeys }: CloudflareDeps): Route<Tx> {
  const noted = new Map<string, number>();

  function note(id: string, now: number): void {
    if (now - (noted.get(id) ?? -Infinity) < NOTED_EVERY_MS) return;
    noted.set(id, now);
    // Not awaited: Cloudflare does not wait for a note about itself, and a note that is lost is written a minute later.
    store.tx((tx) => noteAsked(tx, id, now)).catch(() => noted.delete(id));
  }

  return defineRoute({
    method: "POST",
    path: CLOUDFLARE_PATH,
    summary: "Cloudflare's custom device posture: a score for each device",
    permission: "posture.read",
    audit: unaudited("answers from what is known; callers turned away are recorded, and changes of verdicts are in the results log"),
    credentials: cloudflareCredentials({ store, clock, accessKeys }),
    body: Body,
    answer: Answer,
    async handle({ body }, { actor, scope }: RouteContext<Tx>) {
      const questions = readDevices(body.devices ?? body.Devices);
      const now = clock.now();
      if (questions.length >= MANY) store.keepMoreAtHand?.();
      const { scores, rules } = await findProvider(store.read, scope, actor.id);
      const answers = await scoreDevices(store.read, store.kind, scope, questions, now, rules === null ? null : new Set(rules));
      note(actor.id, now);
      return { result: entriesOf(answers, scores) };
    },
  });
}

function cloudflareCredentials({ store, clock, accessKeys }: CloudflareDeps): OwnCredentials<Tx> {
  const bucket = { since: 0, written: 0, leftOut: 0 };

  async function refuse(write: (tx: Tx, details: AuditDetails) => Promise<void>, reason: string, provider: Provider | null): Promise<never> {
    const now = clock.now();
    if (Math.abs(now - bucket.since) >= MINUTE_MS) Object.assign(bucket, { since: now, written: 0 });
    if (bucket.written < REFUSALS_A_MINUTE) {
      const { leftOut } = bucket;
      bucket.written += 1;
      bucket.leftOut = 0;
      await store.tx((tx) => write(tx, { subject: provider?.id ?? "cloudflare", tenant: provider?.tenant ?? null, details: { reason, ...(leftOut === 0 ? {} : { leftOut }) } }));
    } else {
      bucket.leftOut += 1;
    }
    throw new Fault("FORBIDDEN", "The caller proves to be no provider of device posture.", { cure: "Paste the client id and secret that `vedette posture providers add` gave, or check the team and audience; the audit log has the reason." });
  }

  return {
    headers: [CLIENT_ID, CLIENT_SECRET, ASSERTION],
    refusal: "provider.refused",
    async admit(headers, { refused, signal }) {
      const id = headers[CLIENT_ID]?.slice(0, LONGEST_HEADER);
      const secret = headers[CLIENT_SECRET]?.slice(0, LONGEST_HEADER);
      const assertion = headers[ASSERTION];
      const token = id === undefined ? { provider: null, right: false } : await provenByToken(store.read, id, secret ?? "", clock.now());
      // Where Access stands before the hub, the client id is Cloudflare's own and known to nobody here.
      if (assertion !== undefined && (token.provider === null || token.provider.access !== null)) {
        const candidates = token.provider === null ? await accessProviders(store.read) : [token.provider];
        const accepted = candidates.flatMap(({ access }) => (access === null ? [] : [access]));
        const verdict = await accessKeys.verify(assertion, accepted, signal);
        if ("refused" in verdict) return refuse(refused, `assertion-${verdict.refused}`, token.provider);
        const proven = candidates.find(({ access }) => access?.team === verdict.proven.team && access.audience === verdict.proven.audience);
        return proven === undefined ? refuse(refused, "assertion-audience", null) : actorOf(proven);
      }
      if (id === undefined || secret === undefined) return refuse(refused, "no-credentials", token.provider);
      if (token.provider === null) return refuse(refused, "unknown-client", null);
      return token.right ? actorOf(token.provider) : refuse(refused, "wrong-secret", token.provider);
    },
  };
}

function actorOf(provider: Provider): Actor {
  return { kind: "provider", id: provider.id, name: provider.name, role: "viewer", scope: scopeOf(provider), permissions: ["posture.read"] };
}

/** Lenient about everything but what each entry is answered by. */
function readDevices(given: unknown): readonly DeviceQuestion[] {
  if (!Array.isArray(given)) throw new Fault("CONFIG_INVALID", "body/devices has to be a list of devices.");
  if (given.length === 0) throw new Fault("CONFIG_INVALID", "body/devices is empty; at least one device is asked about.");
  if (given.length > MOST_DEVICES) throw new Fault("CONFIG_INVALID", `body/devices has ${String(given.length)} devices; at most ${String(MOST_DEVICES)} are answered at once.`);
  return given.map((device: unknown, place) => {
    const fields = typeof device === "object" && device !== null ? (device as Readonly<Record<string, unknown>>) : {};
    const ref = fields["device_id"];
    if (typeof ref !== "string" || ref.trim() === "") throw new Fault("CONFIG_INVALID", `body/devices/${String(place)}/device_id is missing; nothing else can name the device in the answer.`);
    const text = (key: string): string | null => (typeof fields[key] === "string" ? fields[key] : null);
    return { ref, identifiers: { serial: text("serial_number"), mac: text("mac_address"), hostname: text("hostname"), email: text("email") } };
  });
}

interface Entry {
  readonly s2s_id: string;
  readonly score: number;
}

/** Two entries with one device_id that mean different devices are none. */
function entriesOf(answers: readonly DeviceScore[], scores: Provider["scores"]): Readonly<Record<string, Entry>> {
  const entries = Object.create(null) as Record<string, Entry>;
  for (const { ref, agentId, score } of answers) {
    const entry: Entry = { s2s_id: agentId ?? "", score: score === 100 ? scores.pass : score === 60 ? scores.warn : scores.fail };
    const before = entries[ref];
    entries[ref] = before === undefined || before.s2s_id === entry.s2s_id ? entry : { s2s_id: "", score: scores.fail };
  }
  return entries;
}
