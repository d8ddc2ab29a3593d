/** Filters stand in the address: what somebody sees can be sent to somebody else, and Back goes back. */
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useEffect, useState } from "react";

export interface Url {
  readonly get: (name: string) => string | undefined;
  /** Undefined takes a filter away. */
  readonly set: (patch: Readonly<Record<string, string | undefined>>) => void;
}

export function useUrl(): Url {
  const search: Readonly<Record<string, string | undefined>> = useSearch({ strict: false });
  const navigate = useNavigate();
  return {
    get: (name) => search[name],
    set: (patch) => void navigate({ to: ".", search: (before: Readonly<Record<string, string | undefined>>) => ({ ...before, ...patch }), replace: true }),
  };
}

/** The tenant whose things are shown; undefined: all that one may see. */
export function useTenant(): string | undefined {
  return useUrl().get("tenant");
}

interface Filters {
  /** Some of them are set. */
  readonly filtered: boolean;
  readonly clear: () => void;
}

/** Several filters of one page together, by their names in the address. */
export function useFilters(names: readonly string[]): Filters {
  const url = useUrl();
  return { filtered: names.some((name) => url.get(name) !== undefined), clear: () => url.set(Object.fromEntries(names.map((name) => [name, undefined]))) };
}

/** What is being typed, and half a second later what is asked for. */
export function useTyped(name: string): readonly [string, (text: string) => void] {
  const url = useUrl();
  const given = url.get(name) ?? "";
  const [text, setText] = useState(given);
  useEffect(() => {
    if (text === given) return undefined;
    const timer = setTimeout(() => url.set({ [name]: text === "" ? undefined : text }), 400);
    return () => clearTimeout(timer);
    // Only what is typed starts the wait; an address that changes meanwhile must not start it again.
    // oxlint-disable-next-line react/exhaustive-deps
  }, [text]);
  return [text, setText];
}
