/** Versions of software in their order, as far as they have one: number by number, words after numbers by the alphabet. Pure. */

/** Below zero where `a` is older. Never a guess about equality: parts that are no numbers compare as text. */
export function compareVersions(a: string, b: string): number {
  const left = partsOf(a);
  const right = partsOf(b);
  for (let place = 0; place < Math.max(left.length, right.length); place += 1) {
    const [one = "0", other = "0"] = [left[place], right[place]];
    const bothNumbers = /^\d+$/.test(one) && /^\d+$/.test(other);
    const difference = bothNumbers ? compareNumbers(one, other) : one < other ? -1 : one > other ? 1 : 0;
    if (difference !== 0) return difference;
  }
  return 0;
}

export function highestVersion(versions: readonly string[]): string | null {
  return versions.reduce<string | null>((highest, one) => (highest === null || compareVersions(one, highest) > 0 ? one : highest), null);
}

function partsOf(version: string): readonly string[] {
  return version.trim().replace(/^v(?=\d)/i, "").toLowerCase().match(/\d+|[a-z]+/g) ?? [];
}

/** Of any length, without losing digits. */
function compareNumbers(a: string, b: string): number {
  const [one, other] = [a.replace(/^0+(?=\d)/, ""), b.replace(/^0+(?=\d)/, "")];
  return one.length - other.length || (one < other ? -1 : one > other ? 1 : 0);
}
