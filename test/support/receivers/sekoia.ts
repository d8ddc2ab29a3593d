/** What Sekoia's intake answers to `POST /batch`. As its connectors know it: a request of at most 10 MiB, events of at most 250,000 bytes, longer ones dropped without a word. */
import { startHttpReceiver, type HttpReceiver } from "./http.ts";

export const INTAKE_KEY = "Jf83kD02kdP8sZ1q";

export interface SekoiaReceiver extends HttpReceiver {
  readonly events: string[];
  readonly dropped: string[];
}

export async function startSekoia(tls: Parameters<typeof startHttpReceiver>[1] = null): Promise<SekoiaReceiver> {
  const events: string[] = [];
  const dropped: string[] = [];
  const receiver = await startHttpReceiver(({ method, url, body, bytes }) => {
    if (method !== "POST" || url.pathname !== "/batch") return { status: 404, body: "<html>Not found</html>" };
    if (bytes > 10 * 1_048_576) return { status: 413, body: { message: "too large" } };
    const asked = JSON.parse(body) as { readonly intake_key?: string; readonly jsons?: readonly unknown[] };
    if (asked.intake_key !== INTAKE_KEY) return { status: 401, body: { message: "unknown intake key" } };
    if (!Array.isArray(asked.jsons) || asked.jsons.some((one) => typeof one !== "string")) return { status: 400, body: { message: "jsons is a list of texts" } };
    for (const one of asked.jsons as readonly string[]) (Buffer.byteLength(one) > 250_000 ? dropped : events).push(one);
    return { status: 200, body: { event_ids: asked.jsons.map((_one, place) => `event-${String(events.length)}-${String(place)}`) } };
  }, tls);
  return Object.assign(receiver, { events, dropped });
}
