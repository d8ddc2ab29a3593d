/** Programs that tests start and kill. `scratch.ts` builds them before the first test. */
import { fileURLToPath } from "node:url";

export const CHILDREN: readonly string[] = ["test/crash/receipt-child.ts", "test/contract/destination-child.ts", "test/contract/crash-child.ts"];

/** The environment's word for where they are built, from the root. */
export const BUILT = "VEDETTE_TEST_CHILDREN";

/** Where to start `receipt-child` and the like; to be asked while tests run. */
export function childProgram(name: string): string {
  const built = process.env[BUILT];
  if (built === undefined) throw new Error("Children are built before the first test; nothing was.");
  return fileURLToPath(new URL(`../../${built}/${name}.js`, import.meta.url));
}
