/** Who is signed in, what they may do, and the doors in and out. */
import { useQuery, type UseQueryResult } from "@tanstack/react-query";
import { createContext, useContext } from "react";
import { keepCsrf, onSignedOut, send } from "./client.ts";
import { queryClient } from "./queries.ts";

export interface Session {
  readonly state: "setup" | "signed-out" | "signed-in";
  readonly csrf: string | null;
  readonly user: { readonly id: string; readonly name: string; readonly email: string; readonly role: string; readonly totp: boolean; readonly passwordOnce?: boolean } | null;
  readonly permissions: readonly string[];
  readonly tenants: readonly { readonly id: string; readonly name: string }[];
  readonly everyTenant: boolean;
  readonly version: string;
}

const KEY = ["session"];
const ADDRESS = "/api/v1/session";

export function useSessionQuery(): UseQueryResult<Session> {
  return useQuery({ queryKey: KEY, queryFn: async ({ signal }) => taken(await send<Session>("GET", ADDRESS, undefined, signal)), staleTime: 60_000 });
}

export function askSessionAgain(): void {
  void queryClient.invalidateQueries({ queryKey: KEY });
}

export async function signIn(given: { readonly email: string; readonly password: string; readonly totp?: string }): Promise<void> {
  enter(await send<Session>("POST", ADDRESS, given));
}

export async function signInByLink(code: string): Promise<void> {
  enter(await send<Session>("POST", `${ADDRESS}/link`, { code }));
}

export async function setUp(given: { readonly code: string; readonly email: string; readonly name: string; readonly password: string }): Promise<void> {
  enter(await send<Session>("POST", "/api/v1/setup", given));
}

export async function changePassword(given: { readonly current: string; readonly password: string }): Promise<void> {
  await send("PUT", `${ADDRESS}/password`, given);
  askSessionAgain();
}

export async function signOut(): Promise<void> {
  await send("DELETE", ADDRESS, undefined);
  // Nothing of one person is left for the next.
  queryClient.clear();
  window.location.assign("/");
}

function enter(answer: Session): void {
  queryClient.clear();
  queryClient.setQueryData(KEY, taken(answer));
}

function taken(session: Session): Session {
  keepCsrf(session.csrf);
  return session;
}

onSignedOut(askSessionAgain);

const ROLE_WORDS: Readonly<Record<string, string>> = { operator: "Platform operator", "msp-admin": "MSP administrator", analyst: "Analyst", auditor: "Auditor", viewer: "Tenant viewer" };

export function roleWord(role: string): string {
  return ROLE_WORDS[role] ?? role;
}

export const SessionContext = createContext<Session | null>(null);

export function useSession(): Session {
  const session = useContext(SessionContext);
  if (session === null) throw new Error("Nobody is signed in here.");
  return session;
}

export function useMay(permission: string): boolean {
  return useSession().permissions.includes(permission);
}
