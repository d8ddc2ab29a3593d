/** Text as both engines can hold it, so that a mirror reads the same on either. */

export type StoredValue = string | number | null;

/** What a page of rows may hold: text of a `utf8` column may come as bytes. */
export type UpsertValue = StoredValue | Uint8Array;

/**
 * PostgreSQL refuses U+0000 in text, and SQLite's own functions stop reading at it: it becomes U+FFFD. Lone surrogates become U+FFFD too,
 * by the UTF-8 encoder of either driver. JSON text is untouched, because it writes both as escapes.
 */
export function storableText(text: string): string {
  return text.includes("\0") ? text.replaceAll("\0", "\uFFFD") : text;
}

/** The same for a list of query parameters; the list itself comes back where nothing had to change. */
export function storableParameters(parameters: readonly unknown[]): readonly unknown[] {
  for (const parameter of parameters) {
    if (typeof parameter === "string" && parameter.includes("\0")) return parameters.map((each) => (typeof each === "string" ? storableText(each) : each));
  }
  return parameters;
}
