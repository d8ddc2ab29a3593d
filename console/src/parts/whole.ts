/** All rows of a list as one file, made page by page: what was read is kept by the browser, on its disk where it is much, and a row is in it once. */

export interface Whole<T> {
  /** All rows from the beginning, a page at a time. */
  readonly walk: (signal: AbortSignal) => AsyncGenerator<readonly T[]>;
  readonly rowKey: (row: T) => string;
  /** What stands above the rows. */
  readonly head: string;
  readonly linesOf: (rows: readonly T[], signal: AbortSignal) => Promise<string>;
}

/**
 * In the order of the list. What moves to its front while it is read, as what was active just now does where the latest comes first, would be missed there: so
 * the front is read once more at the end, as far as it brings anything, and stands first in the file. Another order that moves is in it as it was read.
 */
export async function wholeFile<T>({ walk, rowKey, head, linesOf }: Whole<T>, type: string, signal: AbortSignal, told: (rows: number) => void): Promise<Blob> {
  const seen = new Set<string>();
  const fresh = (rows: readonly T[]): readonly T[] =>
    rows.filter((row) => {
      const key = rowKey(row);
      const known = seen.has(key);
      seen.add(key);
      return !known;
    });
  const parts: Blob[] = [];
  for await (const rows of walk(signal)) {
    parts.push(new Blob([await linesOf(fresh(rows), signal)]));
    told(seen.size);
  }
  const front: Blob[] = [];
  if (parts.length > 1)
    for await (const rows of walk(signal)) {
      const late = fresh(rows);
      // Several lists give an empty page where they looked in vain: that is not the end of what is new.
      if (rows.length > 0 && late.length === 0) break;
      front.push(new Blob([await linesOf(late, signal)]));
    }
  signal.throwIfAborted();
  return new Blob([head, ...front, ...parts], { type });
}
