import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Terminal, clean, safeJson } from "./terminal.ts";
import { fakeTerminal } from "./test-support.ts";

const HOSTILE = ["\u001b[2J\u001b[31mpwned", "\u009b31m", "a\rb", "a\nb", "\u202Eexe.txt", "\u2066x\u2069", "\u200b", "\u0000", "\u007f", "\u2028", "\ud800", "\u{e0041}", "\u0007", "\u001b]8;;http://evil\u0007x"];
// eslint-disable-next-line no-control-regex -- control characters are what must not be there
const ACTS = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]/u;

describe("text for a terminal", () => {
  it.each(HOSTILE)("hostile text %j is shown, not obeyed", (text) => {
    expect(clean(text)).not.toMatch(ACTS);
    expect(safeJson({ text })).not.toMatch(ACTS);
  });

  it("JSON for a terminal reads back as the same value, whatever the text", () => {
    fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => {
      expect(JSON.parse(safeJson([text]))).toEqual([text]);
    }));
  });

  it("ordinary text of every script stays as it is", () => {
    expect(clean("Größe 東京 مرحبا 🚀")).toBe("Größe 東京 مرحبا 🚀");
  });

  it("tables and facts clean every cell", () => {
    const terminal = fakeTerminal();
    const out = new Terminal(terminal.io);

    out.table(["NAME"], [["\u001b[31mred"]]);
    out.facts([["name", "\u202Eevil"]]);

    expect(terminal.stdout()).toBe("NAME\n\\u{1b}[31mred\nname  \\u{202e}evil\n");
  });

  it("there is no colour without a terminal, nor with NO_COLOR", () => {
    expect(new Terminal(fakeTerminal().io).paint("x", "red")).toBe("x");
    expect(new Terminal(fakeTerminal({ isTTY: true, env: { NO_COLOR: "1" } }).io).paint("x", "red")).toBe("x");
    expect(new Terminal(fakeTerminal({ isTTY: true }).io).paint("x", "red")).toBe("\u001b[31mx\u001b[0m");
  });

  it("a reader that goes away ends output quietly", async () => {
    const terminal = fakeTerminal();
    const out = new Terminal(terminal.io);

    terminal.io.stdout.emit("error", Object.assign(new Error("gone"), { code: "EPIPE" }));
    await out.write("more");

    expect(out.closed).toBe(true);
    expect(terminal.stdout()).toBe("");
  });
});
