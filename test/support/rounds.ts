/** How often a test by chance draws: enough in every run to see a defect that is there, and VEDETTE_ROUNDS times as often for who has the time. */
const TIMES = Number(process.env["VEDETTE_ROUNDS"] ?? "1");

export function rounds(few: number): { readonly numRuns: number } {
  if (!Number.isInteger(TIMES) || TIMES < 1) throw new Error("VEDETTE_ROUNDS has to be a whole number, 1 or more");
  return { numRuns: few * TIMES };
}
