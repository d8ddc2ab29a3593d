/** How full the disk budget is. At 100 % reading pauses and says so; nothing is ever dropped to make room. */
import type { Store } from "../store/store.ts";

export interface DiskUse {
  readonly bytes: number;
  readonly budgetBytes: number | null;
  /** Of the budget; null where there is none. */
  readonly share: number | null;
  readonly full: boolean;
}

export async function diskUse(store: Pick<Store, "size">, budgetBytes: number | null): Promise<DiskUse> {
  const bytes = await store.size();
  if (budgetBytes === null) return { bytes, budgetBytes, share: null, full: false };
  return { bytes, budgetBytes, share: budgetBytes === 0 ? 1 : bytes / budgetBytes, full: bytes >= budgetBytes };
}
