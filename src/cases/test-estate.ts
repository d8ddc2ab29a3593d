/** Records that have much in common and change, in any order and in pages of any size: for what must not depend on either. */
import fc from "fast-check";
import type { AlertStream } from "../kernel/alert-api.ts";
import type { ConnectionId, TenantId } from "../kernel/ids.ts";
import { alert, DAY, HOUR, MINUTE, NOW, picture, threat, type ApiRecord, type CaseBench } from "./test-bench.ts";

export interface Version {
  readonly stream: AlertStream;
  readonly id: string;
  readonly record: ApiRecord;
  /** Which of several connections has read it. */
  readonly by?: string;
}

/** Few values, so that much is shared, and times about as far apart as links reach. */
const Parts = fc.record({
  at: fc.constantFrom(0, 1, 30 * MINUTE, HOUR, HOUR + 1, 2 * HOUR, DAY, DAY + 1, 2 * DAY, 7 * DAY, 7 * DAY + 1, 9 * DAY, 31 * DAY),
  hash: fc.constantFrom("h1", "h2", "h3"),
  device: fc.constantFrom("D1", "D2", "D3"),
  storyline: fc.constantFrom(undefined, undefined, "S1", "S2"),
  stream: fc.constantFrom("threats", "threats", "alerts") as fc.Arbitrary<AlertStream>,
  identity: fc.boolean(),
});
const Change = fc.record({ status: fc.integer({ min: 0, max: 2 }), verdict: fc.integer({ min: 0, max: 1 }), mitigated: fc.boolean(), hash: fc.constantFrom(undefined, undefined, "h1", "h4") });
/** The same, for longer than a case may go on. */
const LongParts = fc.record({ at: fc.integer({ min: -3, max: 14 }).map((place) => place * 11 * DAY), hash: fc.constantFrom("h1", "h2"), device: fc.constant("D1"), storyline: fc.constantFrom(undefined, "S1", "S1", "S2"), stream: fc.constant<AlertStream>("threats"), identity: fc.constant(false) });
export const LongEstate = fc.array(fc.tuple(LongParts, fc.array(Change, { maxLength: 1 })), { minLength: 6, maxLength: 16 });

export const Estate = fc.array(fc.tuple(Parts, fc.array(Change, { maxLength: 2 })), { minLength: 2, maxLength: 9 });

type PartsOf = typeof Parts extends fc.Arbitrary<infer P> ? P : never;
type ChangeOf = typeof Change extends fc.Arbitrary<infer C> ? C : never;

const FILE: PartsOf = { at: 0, hash: "h1", device: "D1", storyline: undefined, stream: "threats", identity: false };
/** Every eleven days for half a year. */
export const ENDLESS: [PartsOf, ChangeOf[]][] = Array.from({ length: 17 }, (_, place) => [{ ...FILE, at: place * 11 * DAY, storyline: "S1" }, []]);
/** Two cases that the third record makes one, and one that the second takes apart. */
export const BRIDGED: [PartsOf, ChangeOf[]][] = [[FILE, []], [{ ...FILE, hash: "h2", device: "D2", storyline: "S1" }, []], [{ ...FILE, at: 1, storyline: "S1" }, []]];
export const PARTED: [PartsOf, ChangeOf[]][] = [[FILE, []], [{ ...FILE, at: 1 }, [{ status: 0, verdict: 0, mitigated: false, hash: "h4" }]]];

export function versionsOf(parts: PartsOf, changes: readonly ChangeOf[], number: number): readonly Version[] {
  const id = `r${String(number)}`;
  const at = NOW + parts.at;
  const { device, stream } = parts;
  const shared = parts.storyline === undefined ? { device } : { device, storyline: parts.storyline };
  return [{ status: 0, verdict: 0, mitigated: false, hash: undefined }, ...changes].map((change, version) => {
    const hash = change.hash ?? parts.hash;
    const updated = at + version;
    const record =
      stream === "threats"
        ? threat(id, at, { ...shared, hash, updated, status: ["unresolved", "in_progress", "resolved"][change.status] ?? "", verdict: ["undefined", "true_positive"][change.verdict] ?? "", mitigation: change.mitigated ? "mitigated" : "not_mitigated" })
        : alert(id, at, { ...shared, ...(parts.identity ? { user: hash, attacker: device } : { hash, product: "EDR" }), updated, status: ["NEW", "IN_PROGRESS", "RESOLVED"][change.status] ?? "", verdict: ["UNDEFINED", "FALSE_POSITIVE_BENIGN"][change.verdict] ?? "" });
    return { stream, id, record };
  });
}

/** In this order, so many at a time; records of one page are of one stream and one connection. */
export async function read(bench: CaseBench, versions: readonly Version[], cuts: readonly number[], name: string): Promise<readonly string[]> {
  const tenant = `ten_${name}` as TenantId;
  for (let from = 0, turn = 0; from < versions.length; turn += 1) {
    const [stream, by] = [versions[from]?.stream ?? "threats", versions[from]?.by ?? ""];
    const size = cuts[turn % cuts.length] ?? 1;
    let until = from + 1;
    while (until < versions.length && until < from + size && versions[until]?.stream === stream && (versions[until]?.by ?? "") === by) until += 1;
    await bench.page(stream, versions.slice(from, until).map(({ record }) => record), { target: { connection: `con_${name}${by}` as ConnectionId, tenant, siteTenants: new Map() } });
    from = until;
  }
  return picture(bench, tenant);
}

export function shuffled<T>(items: readonly T[], seed: number): readonly T[] {
  let state = seed >>> 0;
  const next = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  return items.map((item) => ({ item, place: next() })).toSorted((left, right) => left.place - right.place).map(({ item }) => item);
}
