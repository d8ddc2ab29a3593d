/** Small pieces of text that mean the same on every page: severities, states, times, numbers, links that leave the console. */
import type { ReactNode } from "react";
import { age, exact, until } from "./time.ts";

export type Tone = "critical" | "high" | "medium" | "low" | "good" | "warn" | "bad" | "busy" | "plain";

export function Tag({ tone, children }: { readonly tone: Tone; readonly children: ReactNode }): ReactNode {
  return <span className={`tag tag-${tone}`}>{children}</span>;
}

const SEVERITY_TONES: Readonly<Record<string, Tone>> = { critical: "critical", high: "high", medium: "medium", low: "low" };

export function Severity({ value }: { readonly value: string }): ReactNode {
  return (
    <span className={`severity severity-${SEVERITY_TONES[value] ?? "plain"}`}>
      <span className="severity-mark" aria-hidden="true" />
      {sentence(value)}
    </span>
  );
}

/** How long ago, with the exact time to read out or to hover over. */
export function Ago({ at, none = "never" }: { readonly at: string | null | undefined; readonly none?: string }): ReactNode {
  if (at === null || at === undefined) return <span className="faint">{none}</span>;
  return (
    <time dateTime={at} title={exact(at)}>
      {age(at)}
    </time>
  );
}

export function Until({ at, none = "not planned" }: { readonly at: string | null; readonly none?: string }): ReactNode {
  if (at === null) return <span className="faint">{none}</span>;
  return (
    <time dateTime={at} title={exact(at)}>
      {until(at)}
    </time>
  );
}

const NUMBERS = new Intl.NumberFormat("en");

export function count(value: number): string {
  return NUMBERS.format(value);
}

export function many(value: number, one: string, several = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : several}`;
}

/** `false-positive` → `False positive`. */
export function sentence(word: string): string {
  const text = word.replaceAll("-", " ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** A page of the SentinelOne console. An address that a record brought along is a link only where it is one of the web. */
export function Outside({ href, children }: { readonly href: string | null; readonly children: ReactNode }): ReactNode {
  if (href === null || !/^https?:\/\//u.test(href)) return <span>{children}</span>;
  return (
    <a href={href} target="_blank" rel="noopener noreferrer">
      {children}
      <span aria-hidden="true"> ↗</span>
      <span className="unseen"> (opens the SentinelOne console)</span>
    </a>
  );
}
