/**
 * For reverse proxies that ask before they let a request through (nginx `auth_request`, Traefik `forwardAuth`, Envoy `ext_authz`): 200 where nothing
 * stands against the device, 403 with the text for the user where something does, 401 without a key. The device is named in headers that the proxy
 * sets (and takes away from its visitors), and nothing of the visitor's own request decides which rules hold. A warning lets pass.
 */
import Type from "typebox";
import { isoTime } from "../kernel/clock.ts";
import { Fault } from "../kernel/fault.ts";
import { defineRoute, unaudited, type NamedHeaders, type Route, type RouteContext } from "../kernel/route.ts";
import type { Tx } from "../store/store.ts";
import { answerDevices, type DeviceAnswer, type DeviceQuestion } from "./answer.ts";
import type { PostureRouteDeps } from "./routes.ts";

export const FORWARD_AUTH = "/api/v1/posture/forward-auth";
const HEADERS = { "x-device-serial": "serial", "x-device-mac": "mac", "x-device-hostname": "hostname", "x-device-email": "email", "x-device-agent-id": "agentId" } as const;
const NAMES = Object.keys(HEADERS) as readonly (keyof typeof HEADERS)[];
/** The visitor's Authorization is the application's; the proxy's key comes beside it. */
const KEY_HEADER = "x-vedette-key";
const METHODS = ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"] as const;
const ASKS = "answers from what is known; changes that matter are in the results log";

const Answer = Type.Object({ allow: Type.Literal(true), score: Type.Integer() });

export function forwardAuthRoutes({ store, clock }: PostureRouteDeps): readonly Route<Tx>[] {
  async function decide({ scope, headers, answerHeader }: RouteContext<Tx>): Promise<{ readonly allow: true; readonly score: number }> {
    const [answer] = await answerDevices(store.read, store.kind, scope, [{ ref: "0", identifiers: identifiersOf(headers) }], clock.now());
    if (answer === undefined) throw new Fault("INTERNAL", "A question without an answer.");
    answerHeader("x-vedette-score", String(answer.score));
    if (answer.device !== null && /^[\x21-\x7e]{1,200}$/.test(answer.device.id)) answerHeader("x-vedette-device", answer.device.id);
    if (answer.evidenceAt !== null) answerHeader("x-vedette-evidence-at", isoTime(answer.evidenceAt));
    if (answer.score > 0) return { allow: true, score: answer.score };
    const { message, reason } = refusalOf(answer);
    answerHeader("x-vedette-message", encodeURIComponent(message.slice(0, 1000)));
    throw new Fault("FORBIDDEN", message, { cure: "Ask your IT team if this stays.", details: { match: answer.match.kind, reason } });
  }
  const settings = { summary: "Whether a reverse proxy may let this device through", permission: "posture.read", audit: unaudited(ASKS), headers: NAMES, keyHeader: KEY_HEADER, answer: Answer } as const;
  // A proxy may ask with the visitor's own method; Envoy puts his path behind the one it was given, others his query.
  return METHODS.flatMap((method) =>
    [FORWARD_AUTH, `${FORWARD_AUTH}/*`].map((path) =>
      defineRoute({ ...settings, permission: "posture.read", audit: unaudited(ASKS), method, path, query: Type.Object({}, { additionalProperties: true }), handle: (_input, context: RouteContext<Tx>) => decide(context) }),
    ),
  );
}

function identifiersOf(headers: NamedHeaders): DeviceQuestion["identifiers"] {
  return Object.fromEntries(NAMES.flatMap((name) => (headers[name] === undefined ? [] : [[HEADERS[name], headers[name]]])));
}

function refusalOf({ verdicts, match }: DeviceAnswer): { readonly message: string; readonly reason: string } {
  const against = verdicts.filter(({ enforced, decision }) => enforced && !decision.allow);
  const verdict = against.find(({ rule }) => !rule.warnOnly) ?? against[0];
  if (verdict !== undefined) return { message: verdict.message ?? "This device does not meet the rules for this access.", reason: verdict.reason };
  if (match.kind === "matched") return { message: "No rule was checked for this device, so nothing lets it in.", reason: "no-rule" };
  return { message: "SentinelOne does not know this device.", reason: match.kind === "unknown" ? match.why : "ambiguous-device" };
}
