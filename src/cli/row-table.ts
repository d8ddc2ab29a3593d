/**
 * An aligned table of any length in little memory: the first rows decide the widths, later ones follow at once. On a terminal a long
 * cell is cut (marked with …); in a pipe every value is whole. Control characters never get through.
 */
import { cellText } from "../kernel/csv.ts";
import { plural } from "./format.ts";
import { clean, type Terminal } from "./terminal.ts";

const SAMPLE = 200;
const WIDEST_CELL = 60;

export class RowTable {
  readonly #out: Terminal;
  readonly #widest: number;
  #columns: readonly string[] = [];
  #widths: number[] = [];
  #numeric: boolean[] = [];
  #waiting: (readonly unknown[])[] | undefined = [];
  #rows = 0;

  constructor(out: Terminal, terminalColumns: number | undefined) {
    this.#out = out;
    this.#widest = terminalColumns === undefined ? Number.POSITIVE_INFINITY : WIDEST_CELL;
  }

  columns(columns: readonly string[]): void {
    this.#columns = columns.map(clean);
    this.#widths = this.#columns.map((name) => name.length);
    this.#numeric = columns.map(() => true);
  }

  async row(row: readonly unknown[]): Promise<void> {
    this.#rows += 1;
    if (this.#waiting === undefined) {
      await this.#print(row);
      return;
    }
    this.#waiting.push(row);
    if (this.#waiting.length >= SAMPLE) await this.#begin();
  }

  async end(): Promise<void> {
    await this.#begin();
    this.#out.note(`(${plural(this.#rows, "row")})`);
  }

  async #begin(): Promise<void> {
    const sample = this.#waiting;
    if (sample === undefined) return;
    this.#waiting = undefined;
    for (const row of sample) {
      for (const [index, value] of row.entries()) {
        this.#widths[index] = Math.max(this.#widths[index] ?? 0, this.#cell(value).length);
        if (value !== null && typeof value !== "number") this.#numeric[index] = false;
      }
    }
    await this.#out.write(`${this.#columns.map((name, index) => this.#pad(name, index)).join("  ").trimEnd()}\n${this.#widths.map((width) => "-".repeat(width)).join("  ")}\n`);
    for (const row of sample) await this.#print(row);
  }

  async #print(row: readonly unknown[]): Promise<void> {
    await this.#out.write(`${row.map((value, index) => this.#pad(this.#cell(value), index)).join("  ").trimEnd()}\n`);
  }

  #cell(value: unknown): string {
    const text = clean(cellText(value));
    return text.length > this.#widest ? `${text.slice(0, this.#widest - 1)}…` : text;
  }

  #pad(text: string, index: number): string {
    const width = this.#widths[index] ?? 0;
    return this.#numeric[index] === true ? text.padStart(width) : text.padEnd(width);
  }
}
