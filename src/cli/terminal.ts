/**
 * The only way text reaches a person. Names, messages and record values come from consoles and may be hostile, so control characters,
 * escape sequences, bidi overrides and invisible format characters are shown as `\u{…}`; they never act. Colour only on a terminal,
 * and never with NO_COLOR. JSON keeps every value as it is, escaped so that it cannot act either.
 */
import Table from "cli-table3";
import type { Writable } from "node:stream";
import type { Io } from "./ports.ts";

const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}]/gu;

function visible(character: string): string {
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}

/** One line of text that cannot move a cursor, change a colour or turn the reading direction. */
export function clean(text: string): string {
  return text.replace(UNSAFE, visible);
}

/** `what to do: …`, one line per line of the cure (a guide has several), each cleaned and indented. */
export function cureLines(cure: string, indent = ""): readonly string[] {
  return cure.split("\n").map((line, index) => `${indent}${index === 0 ? "what to do: " : "  "}${clean(line)}`);
}

/** JSON text whose strings hold no character that a terminal acts on; every parser reads the same value back. */
export function safeJson(value: unknown): string {
  return safeJsonText(JSON.stringify(value));
}

/** As `safeJson`, of JSON text that is there already. */
export function safeJsonText(text: string): string {
  return text.replace(UNSAFE, (character) => {
    let escaped = "";
    for (let index = 0; index < character.length; index += 1) escaped += `\\u${character.charCodeAt(index).toString(16).padStart(4, "0")}`;
    return escaped;
  });
}

const COLOURS = { red: 31, green: 32, yellow: 33, blue: 34, dim: 2, bold: 1 } as const;
export type Colour = keyof typeof COLOURS;

export class Terminal {
  readonly #io: Io;
  readonly #colour: boolean;
  #broken = false;

  constructor(io: Io) {
    this.#io = io;
    this.#colour = io.isTTY && (io.env["NO_COLOR"] ?? "") === "" && io.env["TERM"] !== "dumb";
    for (const stream of [io.stdout, io.stderr]) stream.on("error", this.#onError);
  }

  /** A reader that went away (`| head`) ends output, not the work. */
  readonly #onError = (error: NodeJS.ErrnoException): void => {
    if (error.code !== "EPIPE" && error.code !== "ERR_STREAM_DESTROYED") throw error;
    this.#broken = true;
  };

  release(): void {
    for (const stream of [this.#io.stdout, this.#io.stderr]) stream.off("error", this.#onError);
  }

  /** True once nobody reads standard output any more. */
  get closed(): boolean {
    return this.#broken;
  }

  /** Colours text that has been cleaned already. */
  paint(text: string, colour: Colour): string {
    return this.#colour ? `\u001b[${String(COLOURS[colour])}m${text}\u001b[0m` : text;
  }

  line(text = ""): void {
    this.#io.stdout.write(`${text}\n`);
  }

  note(text: string): void {
    this.#io.stderr.write(`${text}\n`);
  }

  json(value: unknown): void {
    this.line(safeJson(value));
  }

  /** Waits when the reader is slower than we are, so that a long answer is never held in memory. */
  async write(text: string): Promise<void> {
    if (this.#broken) return;
    if (!this.#io.stdout.write(text)) await drained(this.#io.stdout);
  }

  /** Columns aligned, cells cleaned; `head` is ours. */
  table(head: readonly string[], rows: readonly (readonly string[])[]): void {
    if (rows.length === 0) return;
    const table = new Table({ head: head.map((title) => this.paint(title, "bold")), chars: NO_BORDERS, style: { head: [], border: [], "padding-left": 0, "padding-right": 2 } });
    for (const row of rows) table.push(row.map(clean));
    for (const line of table.toString().split("\n")) this.line(line.trimEnd());
  }

  /** `name   value` lines. */
  facts(facts: readonly (readonly [string, string])[]): void {
    const width = Math.max(...facts.map(([name]) => name.length));
    for (const [name, value] of facts) this.line(`${name.padEnd(width)}  ${value === "" ? "-" : clean(value)}`.trimEnd());
  }
}

const NO_BORDERS = {
  top: "", "top-mid": "", "top-left": "", "top-right": "", bottom: "", "bottom-mid": "", "bottom-left": "", "bottom-right": "",
  left: "", "left-mid": "", mid: "", "mid-mid": "", right: "", "right-mid": "", middle: "",
} as const;

function drained(stream: Writable): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      stream.off("drain", done);
      stream.off("close", done);
      stream.off("error", done);
      resolve();
    };
    stream.on("drain", done);
    stream.on("close", done);
    stream.on("error", done);
  });
}
