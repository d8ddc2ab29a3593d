/** Pages that belong together, side by side above the page: each has its own address. */
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";

interface PlacesProps {
  readonly name: string;
  readonly places: readonly { readonly to: "/cases" | "/cases/knowledge" | "/cases/rules" | "/access/settings" | `/administration/${"users" | "keys" | "tenants" | "audit" | "backup" | "about"}` | "/devices" | "/devices/rules" | "/devices/serials" | "/devices/coverage" | "/vulnerabilities" | "/vulnerabilities/fixes" | "/vulnerabilities/findings" | "/vulnerabilities/ingest" | "/vulnerabilities/exports" | "/access" | "/access/people" | "/access/why" | "/access/risks" | "/access/changes"; readonly name: string }[];
}

export function Places({ name, places }: PlacesProps): ReactNode {
  return (
    <nav className="places" aria-label={name}>
      {places.map((place) => (
        <Link key={place.to} to={place.to} activeOptions={{ exact: true, includeSearch: false }} activeProps={{ className: "places-here", "aria-current": "page" }}>
          {place.name}
        </Link>
      ))}
    </nav>
  );
}
