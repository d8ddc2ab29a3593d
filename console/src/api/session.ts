/** Who is signed in, what they may do, and the doors in and out. */
import { useQuery, type UseQueryResult } from "@tanstack/react-query";
import { createContext, useContext } from "react";
import { call, keepCsrf, onSignedOut, type Answer, type Body } from "./client.ts";
import { queryClient } from "./queries.ts";

export type Session = Answer<"GET /api/v1/session">;
type Permission = Session["permissions"][number];
type RoleName = NonNullable<Session["user"]>["role"];

const KEY = ["session"];

export function useSessionQuery(): UseQueryResult<Session> {
  return useQuery({ queryKey: KEY, queryFn: async ({ signal }) => taken(await call("GET /api/v1/session", {}, signal)), staleTime: 60_000 });
}

export function askSessionAgain(): void {
  void queryClient.invalidateQueries({ queryKey: KEY });
}

export async function signIn(given: Body<"POST /api/v1/session">): Promise<void> {
  enter(await call("POST /api/v1/session", { body: given }));
}

export async function signInByLink(code: string): Promise<void> {
  enter(await call("POST /api/v1/session/link", { body: { code } }));
}

export async function setUp(given: Body<"POST /api/v1/setup">): Promise<void> {
  enter(await call("POST /api/v1/setup", { body: given }));
}

export async function changePassword(given: Body<"PUT /api/v1/session/password">): Promise<void> {
  await call("PUT /api/v1/session/password", { body: given });
  askSessionAgain();
}

export async function signOut(): Promise<void> {
  await call("DELETE /api/v1/session", {});
  // Nothing of one person is left for the next.
  queryClient.clear();
  window.location.assign("/");
}

function enter(answer: Session): void {
  // Nothing of whoever was here before is left. The session itself stays, because the door watches it.
  queryClient.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== KEY[0] });
  queryClient.setQueryData(KEY, taken(answer));
}

function taken(session: Session): Session {
  keepCsrf(session.csrf);
  return session;
}

onSignedOut(askSessionAgain);

const ROLE_WORDS: Readonly<Record<RoleName, string>> = { operator: "Platform operator", "msp-admin": "MSP administrator", analyst: "Analyst", auditor: "Auditor", viewer: "Tenant viewer" };

export function roleWord(role: RoleName): string {
  return ROLE_WORDS[role];
}

export const SessionContext = createContext<Session | null>(null);

export function useSession(): Session {
  const session = useContext(SessionContext);
  if (session === null) throw new Error("Nobody is signed in here.");
  return session;
}

export function useMay(permission: Permission): boolean {
  return useSession().permissions.includes(permission);
}
