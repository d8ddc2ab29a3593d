/** Lists of our API, page by page, and names turned into ids. A list is never gathered whole unless a person named one thing in it. */
import type { Static } from "typebox";
import type { ConnectionView, TenantView } from "../kernel/api.ts";
import type { DestinationView } from "../kernel/delivery-api.ts";
import { Fault } from "../kernel/fault.ts";
import type { ApiClient, ApiRequest } from "./ports.ts";
import { safeJson, type Terminal } from "./terminal.ts";

export type Tenant = Static<typeof TenantView>;

interface ListAnswer<T> {
  readonly items: readonly T[];
  readonly next?: string | null;
}

/** Items of a list in its order; `most` ends it early. */
export async function* listItems<T>(api: ApiClient, path: string, query: NonNullable<ApiRequest["query"]> = {}, most = Number.POSITIVE_INFINITY): AsyncGenerator<T> {
  let after: string | undefined;
  let given = 0;
  const seen = new Set<string>();
  for (;;) {
    const page = await api.request<ListAnswer<T>>("GET", path, { query: { ...query, after } });
    for (const item of page.items) {
      yield item;
      given += 1;
      if (given >= most) return;
    }
    if (page.next === null || page.next === undefined) return;
    if (seen.has(page.next)) throw new Fault("INTERNAL", `The list ${path} does not end.`);
    seen.add(page.next);
    after = page.next;
  }
}

/** One JSON array, written item by item. */
export async function printArray(out: Terminal, items: AsyncIterable<unknown>): Promise<number> {
  let number = 0;
  for await (const item of items) {
    await out.write(`${number === 0 ? "[\n" : ",\n"}${safeJson(item)}`);
    number += 1;
    if (out.closed) break;
  }
  await out.write(number === 0 ? "[]\n" : "\n]\n");
  return number;
}

export async function gather<T>(items: AsyncIterable<T>): Promise<readonly T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** `group`: the command that lists them. */
export async function byNameOrId<T extends { readonly id: string; readonly name: string }>(items: AsyncIterable<T>, reference: string, noun: string, group = `${noun}s`): Promise<T> {
  const named: T[] = [];
  for await (const item of items) {
    if (item.id === reference) return item;
    if (item.name === reference) named.push(item);
  }
  const [first, second] = named;
  if (first === undefined) throw new Fault("NOT_FOUND", `There is no ${noun} ${JSON.stringify(reference)}.`, { cure: `\`vedette ${group} list\` shows what there is.` });
  if (second !== undefined) throw new Fault("CONFIG_INVALID", `Several ${noun}s are named ${JSON.stringify(reference)}.`, { cure: `Give the id instead: ${named.map((item) => item.id).join(", ")}.` });
  return first;
}

export function findConnection(api: ApiClient, reference: string): Promise<ConnectionView> {
  return byNameOrId(listItems<ConnectionView>(api, "/api/v1/connections"), reference, "connection");
}

export function findTenant(api: ApiClient, reference: string): Promise<Tenant> {
  return byNameOrId(listItems<Tenant>(api, "/api/v1/tenants", { limit: 1_000 }), reference, "tenant");
}

export function findDestination(api: ApiClient, reference: string): Promise<DestinationView> {
  return byNameOrId(listItems<DestinationView>(api, "/api/v1/destinations"), reference, "destination");
}

/** Part of a path: whatever it holds, it stays one segment. */
export function segment(text: string): string {
  return encodeURIComponent(text);
}
