/** Plots as inline SVG: bars with their numbers written beside them, readable on paper and without colour. Every text is escaped. Pure. */

import { escaped } from "../../kernel/html.ts";

export interface Bar {
  readonly label: string;
  readonly value: number;
  /** A class of the style sheet. */
  readonly tone: string;
}

const WIDTH = 640;
const LABELS = 130;
const NUMBERS = 80;
const ROW = 26;

/** One bar below the other; `title` is what a screen reader says. */
export function bars(title: string, items: readonly Bar[]): string {
  const most = Math.max(1, ...items.map((item) => item.value));
  const rows = items.map(({ label, value, tone }, at) => {
    const width = ((WIDTH - LABELS - NUMBERS) * value) / most;
    const y = at * ROW;
    return `<text x="${String(LABELS - 8)}" y="${String(y + 17)}" text-anchor="end">${escaped(label)}</text><rect class="${escaped(tone)}" x="${String(LABELS)}" y="${String(y + 4)}" width="${width.toFixed(1)}" height="18"/><text x="${(LABELS + width + 6).toFixed(1)}" y="${String(y + 17)}">${number(value)}</text>`;
  });
  return svg(title, WIDTH, items.length * ROW, rows.join(""));
}

export interface Pair {
  readonly label: string;
  readonly first: number;
  readonly second: number;
}

/** Two upright bars for each; the legend names them. */
export function pairs(title: string, names: readonly [string, string], items: readonly Pair[]): string {
  const [height, top] = [160, 30];
  const most = Math.max(1, ...items.flatMap((item) => [item.first, item.second]));
  const step = WIDTH / Math.max(1, items.length);
  const upright = (x: number, value: number, tone: string): string => {
    const tall = (height * value) / most;
    return `<rect class="${tone}" x="${x.toFixed(1)}" y="${(top + height - tall).toFixed(1)}" width="${(step * 0.36).toFixed(1)}" height="${tall.toFixed(1)}"><title>${number(value)}</title></rect>`;
  };
  const columns = items.map(({ label, first, second }, at) => {
    const x = at * step;
    return `${upright(x + step * 0.12, first, "found")}${upright(x + step * 0.52, second, "fixed")}<text class="small" x="${(x + step / 2).toFixed(1)}" y="${String(top + height + 16)}" text-anchor="middle">${escaped(label)}</text>`;
  });
  const legend = `<rect class="found" x="0" y="2" width="12" height="12"/><text x="18" y="13">${escaped(names[0])}</text><rect class="fixed" x="160" y="2" width="12" height="12"/><text x="178" y="13">${escaped(names[1])}</text>`;
  return svg(title, WIDTH, top + height + 24, legend + columns.join(""));
}

export function number(value: number): string {
  return value.toLocaleString("en-US");
}

function svg(title: string, width: number, height: number, inside: string): string {
  return `<svg role="img" viewBox="0 0 ${String(width)} ${String(height)}" xmlns="http://www.w3.org/2000/svg"><title>${escaped(title)}</title>${inside}</svg>`;
}
