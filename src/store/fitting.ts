/**
 * One page of a list in which only a look at each row tells whether it fits. Blocks are read along the list's key until the page is full or enough was looked at: then the
 * page says where to go on, also where it is not full, so that no answer takes as long as the list.
 */
import { wrongPlace } from "../kernel/fault.ts";

export interface Walk<Row> {
  readonly after: string | undefined;
  readonly limit: number;
  /** Rows behind a place, in order of the key. */
  readonly read: (after: string | undefined, size: number) => Promise<readonly Row[]>;
  readonly fits: (row: Row) => boolean;
  readonly place: (row: Row) => string;
}

export interface FittingPage<Row> {
  readonly items: readonly Row[];
  readonly next: string | null;
}

const BLOCK = 500;
const MOST_LOOKED_AT = 10_000;

export async function fittingPage<Row>({ after, limit, read, fits, place }: Walk<Row>, most = MOST_LOOKED_AT): Promise<FittingPage<Row>> {
  const items: Row[] = [];
  let at = after;
  for (let looked = 0; looked < most; looked += BLOCK) {
    const rows = await read(at, BLOCK);
    for (const row of rows) {
      if (!fits(row)) continue;
      const last = items.at(-1);
      if (items.length === limit && last !== undefined) return { items, next: place(last) };
      items.push(row);
    }
    const last = rows.at(-1);
    if (last === undefined || rows.length < BLOCK) return { items, next: null };
    at = place(last);
  }
  return { items, next: at ?? null };
}

/** Where a page of a list by two columns of text goes on, as `place` wrote it. */
export function pairOf(after: string): readonly [string, string] {
  let place: unknown = null;
  try {
    place = JSON.parse(after);
  } catch {
    throw wrongPlace();
  }
  if (!Array.isArray(place) || place.length !== 2) throw wrongPlace();
  const [first, second] = place as readonly unknown[];
  if (typeof first !== "string" || typeof second !== "string") throw wrongPlace();
  return [first, second];
}

/** Ids as they are given in an address: `a,b,c`. */
export function idList(text: string | undefined): readonly string[] | undefined {
  return text?.split(",").filter((id) => id !== "");
}
