/** How full the disk budget is. At 100 % reading pauses and says so; nothing is ever dropped to make room. */
import type { Store } from "../store/store.ts";

export interface DiskUse {
  readonly bytes: number;
  readonly budgetBytes: number | null;
  /** Of the budget; null where there is none. */
  readonly share: number | null;
  readonly full: boolean;
}

/** What counts is what is filled: files do not shrink when something is deleted, but hold as much again before they grow. */
export async function diskUse(store: Pick<Store, "size" | "filled">, budgetBytes: number | null): Promise<DiskUse> {
  const bytes = await store.size();
  if (budgetBytes === null) return { bytes, budgetBytes, share: null, full: false };
  const filled = await store.filled();
  return { bytes, budgetBytes, share: budgetBytes === 0 ? 1 : filled / budgetBytes, full: filled >= budgetBytes };
}
