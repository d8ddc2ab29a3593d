/** Routes by which administrators keep the accounts of people. */
import Type from "typebox";
import { PasswordOnce, UserChange, UserCreated, UserDraft, UserView } from "../kernel/account-api.ts";
import { UserQuery } from "../kernel/api.ts";
import { audited, defineRoute, unaudited, type Route, type RouteContext } from "../kernel/route.ts";
import type { Tx } from "../store/store.ts";
import type { Users } from "./users.ts";

type Context = RouteContext<Tx>;

const Id = Type.Object({ id: Type.String({ minLength: 1, maxLength: 254 }) });
const ONE = "/api/v1/users/:id";

export function userRoutes(users: Users): readonly Route<Tx>[] {
  return [
    defineRoute({
      method: "GET",
      path: "/api/v1/users",
      summary: "Accounts of people, by e-mail address",
      permission: "users.read",
      audit: unaudited("reads only"),
      query: UserQuery,
      answer: Type.Object({ items: Type.Array(UserView), next: Type.Union([Type.String(), Type.Null()]) }),
      async handle({ query }, context: Context) {
        const { items, next } = await users.list(context.scope, query);
        return { items: [...items], next };
      },
    }),
    defineRoute({
      method: "POST",
      path: "/api/v1/users",
      summary: "A new account; its one-time password is shown this once",
      permission: "users.write",
      audit: audited("user.created"),
      body: UserDraft,
      answer: UserCreated,
      async handle({ body }, context: Context) {
        const { user, password } = await users.create(context.actor, body, context.record);
        return { user, password: password.reveal() };
      },
    }),
    defineRoute({
      method: "PATCH",
      path: ONE,
      summary: "Another name, role or set of tenants, or disable an account; other rights end its sessions",
      permission: "users.write",
      audit: audited("user.changed"),
      params: Id,
      body: UserChange,
      answer: UserView,
      handle: ({ params, body }, context: Context) => users.change(context.actor, params.id, body, context.record),
    }),
    defineRoute({
      method: "DELETE",
      path: ONE,
      summary: "Remove an account and end its sessions",
      permission: "users.write",
      audit: audited("user.removed"),
      params: Id,
      answer: UserView,
      handle: ({ params }, context: Context) => users.remove(context.actor, params.id, context.record),
    }),
    defineRoute({
      method: "POST",
      path: `${ONE}/reset`,
      summary: "A new one-time password, shown this once; second factor and sessions end",
      permission: "users.write",
      audit: audited("user.reset"),
      params: Id,
      answer: PasswordOnce,
      handle: async ({ params }, context: Context) => ({ password: (await users.reset(context.actor, params.id, context.record)).reveal() }),
    }),
  ];
}
