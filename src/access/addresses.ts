/** E-mail addresses as people mean them: by what they deliver to, and not by how somebody wrote them once. */

/** Of a folded address: without the part between `+` and `@`, for mail systems deliver it to the same person. */
export function mailboxOf(address: string): string {
  const plus = address.indexOf("+");
  const at = address.indexOf("@");
  return plus > 0 && plus < at ? address.slice(0, plus) + address.slice(at) : address;
}

/** As `email_key` has it. */
export function foldAddress(text: string): string {
  return text.normalize("NFKC").trim().toLowerCase();
}

/** The mailbox of an address as somebody wrote it; null for what is no address. */
export function addressKey(text: string): string | null {
  const folded = foldAddress(text);
  return isAddress(folded) ? mailboxOf(folded) : null;
}

const ADDRESS = /^[^\s@,;<>"]{1,64}@[^\s@,;<>"]{1,255}$/u;

export function isAddress(text: string): boolean {
  return text.length <= 320 && ADDRESS.test(text);
}
