/** Makes JSON readable without reading it: a number of more digits than a browser counts stays what it was. */

const STEP = "  ";

export function indentJson(text: string): string {
  let depth = 0;
  let out = "";
  // Strings as a whole, so that a bracket in one is left alone; then brackets and commas; then all else.
  for (const [token] of text.trim().matchAll(/"(?:[^"\\]|\\.)*"|[[\]{},:]|[^\s[\]{},:"]+/gu)) {
    if (token === "{" || token === "[") {
      depth += 1;
      out += `${token}\n${STEP.repeat(depth)}`;
    } else if (token === "}" || token === "]") {
      depth = Math.max(0, depth - 1);
      // Nothing inside: the brackets stay together.
      out = /[[{]\s*$/u.test(out) ? `${out.trimEnd()}${token}` : `${out.trimEnd()}\n${STEP.repeat(depth)}${token}`;
    } else if (token === ",") out += `,\n${STEP.repeat(depth)}`;
    else out += token === ":" ? ": " : token;
  }
  return out;
}
