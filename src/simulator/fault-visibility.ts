/** Faults that keep records out of sight: such a record is neither listed nor counted, and its listing's cursors stay good when it appears. */
import type { Collection } from "./collection.ts";
import { hashText } from "./random.ts";
import type { KeyedTest } from "./rest/listing.ts";

/** The test that keeps a share of the records out of sight, chosen by their ids. */
export function withheld(collection: Collection, fraction: number): KeyedTest | undefined {
  if (fraction <= 0) return undefined;
  const path = collection.shape.idPath ?? "id";
  return { key: `withheld ${String(fraction)}`, test: (ordinal) => hashText(String(collection.value(ordinal, path))) >= fraction * 4_294_967_296 };
}
