/** What stays while pages change: where one can go, whose things are shown, light or dark, and the way out. */
import { Menu, UnstyledButton, useComputedColorScheme, useMantineColorScheme } from "@mantine/core";
import { Link, Outlet } from "@tanstack/react-router";
import { useState, type ReactNode } from "react";
import { useLive } from "../api/live.ts";
import { roleWord, signOut, useSession, type Session } from "../api/session.ts";
import { TenantChoice } from "../parts/tenant-choice.tsx";
import { useUrl } from "../parts/url.ts";
import { Icon, Mark, type IconName } from "./icons.tsx";

interface Place {
  readonly to: "/" | "/cases" | "/alerts" | "/devices" | "/vulnerabilities" | "/access" | "/connections" | "/deliveries" | "/administration";
  readonly name: string;
  readonly icon: IconName;
  /** One of them is enough. */
  readonly permissions: readonly Session["permissions"][number][];
}

const PLACES: readonly Place[] = [
  { to: "/", name: "Overview", icon: "overview", permissions: ["status.read"] },
  { to: "/cases", name: "Cases", icon: "cases", permissions: ["cases.read"] },
  { to: "/alerts", name: "Alerts", icon: "alerts", permissions: ["alerts.read"] },
  { to: "/devices", name: "Devices", icon: "devices", permissions: ["vulnerabilities.read"] },
  { to: "/vulnerabilities", name: "Vulnerabilities", icon: "vulnerabilities", permissions: ["vulnerabilities.read"] },
  { to: "/access", name: "Access", icon: "access", permissions: ["access.read"] },
  { to: "/connections", name: "Connections", icon: "connections", permissions: ["connections.read"] },
  { to: "/deliveries", name: "Deliveries", icon: "deliveries", permissions: ["deliveries.read"] },
  { to: "/administration", name: "Administration", icon: "administration", permissions: ["users.read", "keys.read", "audit.read", "operate"] },
];

export function Shell(): ReactNode {
  const session = useSession();
  const [open, setOpen] = useState(false);
  useLive();
  return (
    <div className="shell">
      <a className="skip" href="#main">
        Skip to the page
      </a>
      <div className="side">
        <div className="side-head">
          <Link to="/" className="brand">
            <Mark />
            <span>Vedette</span>
          </Link>
          <UnstyledButton className="side-toggle" aria-label={open ? "Close the list of pages" : "Open the list of pages"} aria-expanded={open} onClick={() => setOpen(!open)}>
            <Icon name={open ? "close" : "menu"} />
          </UnstyledButton>
        </div>
        <div className={open ? "side-body side-open" : "side-body"}>
          <TenantSwitcher />
          <nav aria-label="Pages">
            {PLACES.filter(({ permissions }) => permissions.some((permission) => session.permissions.includes(permission))).map((place) => (
              <Link key={place.to} to={place.to} className="place" onClick={() => setOpen(false)} activeOptions={{ exact: place.to === "/", includeSearch: false }} activeProps={{ className: "place place-here", "aria-current": "page" }}>
                <Icon name={place.icon} />
                {place.name}
              </Link>
            ))}
          </nav>
          <div className="side-foot">
            <SchemeSwitch />
            <Person />
          </div>
        </div>
      </div>
      <main id="main" className="main" tabIndex={-1}>
        <Outlet />
      </main>
    </div>
  );
}

/** Only tenants that the signed-in person sees; with one there is nothing to choose. */
function TenantSwitcher(): ReactNode {
  const { tenants, everyTenant } = useSession();
  const url = useUrl();
  if (tenants.length < 2) return tenants[0] === undefined || everyTenant ? null : <p className="side-tenant">{tenants[0].name}</p>;
  return <TenantChoice className="side-switch" label="Tenant" none={everyTenant ? "All tenants" : "All my tenants"} value={url.get("tenant") ?? ""} onChange={(tenant) => url.set({ tenant: tenant === "" ? undefined : tenant })} />;
}

function SchemeSwitch(): ReactNode {
  const { setColorScheme } = useMantineColorScheme();
  const scheme = useComputedColorScheme("light");
  const other = scheme === "dark" ? "light" : "dark";
  return (
    <UnstyledButton className="place" onClick={() => setColorScheme(other)}>
      <Icon name={other} />
      {other === "dark" ? "Dark" : "Light"}
    </UnstyledButton>
  );
}

function Person(): ReactNode {
  const { user, version } = useSession();
  return (
    <Menu position="top-start" shadow="md" width={220}>
      <Menu.Target>
        <UnstyledButton className="person">
          <span className="person-mark" aria-hidden="true">
            {(user?.name ?? "?").slice(0, 1).toUpperCase()}
          </span>
          <span className="person-text">
            <span>{user?.name ?? "Signed in"}</span>
            <span className="faint">{user === null ? "" : roleWord(user.role)}</span>
          </span>
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{user?.email ?? "Vedette"}</Menu.Label>
        {user === null ? null : (
          <Menu.Item component={Link} to="/account">
            Your account
          </Menu.Item>
        )}
        <Menu.Item onClick={() => void signOut()}>Sign out</Menu.Item>
        <Menu.Divider />
        <Menu.Item component={Link} to="/administration/about">
          Vedette {version}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
