/**
 * The readers a promise is held against: ours, where it must hold, and a copy of ours with each defect that the promise is there to see, where
 * an assertion of it must fail. A test that does not notice is itself the failure.
 */
import { expect } from "vitest";
import type { ReaderBench } from "../support/reader-bench.ts";
import type { openWorld } from "../support/world.ts";
import { DEFECTS, type DefectName } from "./defects.ts";
import { planted } from "./planted.ts";

export interface Reader {
  /** Ends the test's name. */
  readonly planted: string;
  check(promise: () => Promise<void>): Promise<void>;
}

/** Ours, then one with each of the defects; the worlds that the bench opens are theirs. */
export function readers(bench: ReaderBench, ...defects: readonly DefectName[]): readonly Reader[] {
  return [
    { planted: "", check: (promise) => promise() },
    ...defects.map((defect) => ({
      planted: `; planted and seen: ${DEFECTS[defect].about}`,
      async check(promise: () => Promise<void>) {
        const copy = (await planted(defect, "test/support/world.ts")) as { readonly openWorld: typeof openWorld };
        bench.openWith(copy.openWorld);
        await expectSeen(promise);
      },
    })),
  ];
}

/** An assertion fails; anything else that goes wrong is no proof that the defect was seen. */
export async function expectSeen(promise: () => Promise<void>): Promise<void> {
  const seen: unknown = await promise().then(
    () => "nothing",
    (error: unknown) => (error instanceof Error && error.name === "AssertionError" ? "the defect" : error),
  );
  expect(seen).toBe("the defect");
}
