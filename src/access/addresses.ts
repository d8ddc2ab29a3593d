/** E-mail addresses as people mean them: by what they deliver to, and not by how somebody wrote them once. */

/** As `email_key` has it. */
export function foldAddress(text: string): string {
  return text.normalize("NFKC").trim().toLowerCase();
}

/** Folded, and without the part between `+` and `@`: what mail systems deliver to the same person. Null for what is no address. */
export function addressKey(text: string): string | null {
  const folded = foldAddress(text);
  if (!isAddress(folded)) return null;
  const plus = folded.indexOf("+");
  const at = folded.indexOf("@");
  return plus > 0 && plus < at ? folded.slice(0, plus) + folded.slice(at) : folded;
}

const ADDRESS = /^[^\s@,;<>"]{1,64}@[^\s@,;<>"]{1,255}$/u;

export function isAddress(text: string): boolean {
  return text.length <= 320 && ADDRESS.test(text);
}
