/**
 * Agent versions in their real order: number by number, so that 25.1.10 is above 25.1.9 and 24.2 equals 24.2.0. A text that is not numbers
 * and dots has no place in that order; whoever compares it learns so instead of getting a guess.
 */
const FORM = /^\d{1,9}(?:\.\d{1,9}){0,7}$/;

export function isVersion(text: string): boolean {
  return FORM.test(text);
}

/** Below zero where `a` is older; null where either is no version. */
export function compareVersions(a: string, b: string): number | null {
  if (!isVersion(a) || !isVersion(b)) return null;
  const left = a.split(".");
  const right = b.split(".");
  for (let place = 0; place < Math.max(left.length, right.length); place += 1) {
    const difference = Number(left[place] ?? 0) - Number(right[place] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
