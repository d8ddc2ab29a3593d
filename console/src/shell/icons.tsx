/** The few pictures there are, drawn as lines in the colour of the text beside them. */
import type { ReactNode } from "react";

const PATHS = {
  overview: "M4 13h6V4H4zM14 20h6v-9h-6zM14 8h6V4h-6zM4 20h6v-4H4z",
  cases: "M4 8h16v12H4zM9 8V5h6v3M4 13h16",
  alerts: "M12 3a6 6 0 0 1 6 6c0 5 2 6.5 2 6.5H4S6 14 6 9a6 6 0 0 1 6-6zM10 19.5a2.2 2.2 0 0 0 4 0",
  connections: "M9 15l6-6M8 11l-2.5 2.5a3.5 3.5 0 0 0 5 5L13 16M16 13l2.5-2.5a3.5 3.5 0 0 0-5-5L11 8",
  devices: "M4 5h16v11H4zM9 20h6M12 16v4",
  vulnerabilities: "M12 3l8 3v6c0 5-3.5 8-8 9-4.5-1-8-4-8-9V6zM12 8v5M12 16v.5",
  access: "M15 9a3 3 0 1 1-6 0 3 3 0 0 1 6 0zM5 20c.6-4 3.4-6 7-6s6.4 2 7 6",
  deliveries: "M4 12l16-8-5 16-3.5-6.5zM11.5 13.5L20 4",
  administration: "M4 7h10M18 7h2M4 17h2M10 17h10M16 5v4M8 15v4",
  light: "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 2v2M12 20v2M2 12h2M20 12h2M5 5l1.5 1.5M17.5 17.5L19 19M5 19l1.5-1.5M17.5 6.5L19 5",
  dark: "M20 14.5A8 8 0 0 1 9.5 4a8 8 0 1 0 10.5 10.5z",
  menu: "M4 7h16M4 12h16M4 17h16",
  close: "M6 6l12 12M18 6L6 18",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { readonly name: IconName }): ReactNode {
  return (
    <svg className="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}

export function Mark(): ReactNode {
  return (
    <svg className="mark" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <rect width="32" height="32" rx="7" />
      <path d="M8 9l8 15 8-15" />
      <circle cx="16" cy="9.4" r="2.2" />
    </svg>
  );
}
