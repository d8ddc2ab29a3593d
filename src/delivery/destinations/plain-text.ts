/**
 * JSON as text that people and old programs look at: what steers a terminal, turns the direction of a line round or ends it in some
 * reader's eyes is written as an escape. Such characters stand only inside JSON's texts, so what is read from it stays the same.
 */

// Delete and C1 controls, line and paragraph separators, marks that change direction or cannot be seen, the byte order mark.
// oxlint-disable-next-line no-control-regex
const STEERING = /[\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;
const NOT_ASCII = /[^\u0020-\u007e]/g;

export function plainLine(json: string): string {
  return json.replace(STEERING, escape);
}

/** In printable ASCII alone. */
export function asciiLine(json: string): string {
  return json.replace(NOT_ASCII, escape);
}

function escape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
