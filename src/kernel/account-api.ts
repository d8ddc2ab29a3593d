/** Shapes of our own HTTP API about people: sessions, accounts, second factors. */
import Type, { type Static, type TSchema } from "typebox";
import { PERMISSIONS, ROLE_NAMES } from "./permissions.ts";

const Nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
const Text = Type.String();
const Time = Type.String({ description: "RFC 3339, UTC" });
const Role = Type.Enum([...ROLE_NAMES]);
const Email = Type.String({ minLength: 3, maxLength: 254 });
const Name = Type.String({ minLength: 1, maxLength: 100 });
/** How good a new one has to be is said in words by who takes it. */
const Password = Type.String({ minLength: 1, maxLength: 500 });
const Code = Type.String({ minLength: 1, maxLength: 100 });

export const SessionView = Type.Object({
  /** `setup`: no operator has an account yet. */
  state: Type.Union([Type.Literal("setup"), Type.Literal("signed-out"), Type.Literal("signed-in")]),
  /** Sent back as `x-vedette-csrf` with every change. */
  csrf: Nullable(Text),
  user: Nullable(Type.Object({ id: Text, name: Text, email: Text, role: Role, totp: Type.Boolean(), passwordOnce: Type.Boolean({ description: "signed in with a one-time password: it has to be replaced" }) })),
  permissions: Type.Array(Type.Enum([...PERMISSIONS])),
  /** The first by name, to choose from. */
  tenants: Type.Array(Type.Object({ id: Text, name: Text })),
  /** There are others: `GET /api/v1/tenants` finds them. */
  moreTenants: Type.Boolean(),
  everyTenant: Type.Boolean(),
  version: Text,
});
export type SessionView = Static<typeof SessionView>;

export const SetupDraft = Type.Object({ code: Code, email: Email, name: Name, password: Password });
export const SignInDraft = Type.Object({ email: Type.String({ minLength: 1, maxLength: 254 }), password: Password, totp: Type.Optional(Code) });
export const LinkDraft = Type.Object({ code: Code });

export const PasswordChange = Type.Object({ current: Password, password: Password });
/** `uri` is what an authenticator app reads as a QR code. */
export const TotpDraft = Type.Object({ secret: Text, uri: Text });
export const TotpCode = Type.Object({ code: Code });
/** Each stands in for one code, once; shown this once. */
export const RecoveryCodes = Type.Object({ recoveryCodes: Type.Array(Text) });
export const PasswordProof = Type.Object({ password: Password });

export const SessionEntry = Type.Object({ id: Text, current: Type.Boolean(), createdAt: Time, usedAt: Time, endsAt: Time, address: Text, agent: Text });

export const UserView = Type.Object({
  id: Text,
  email: Text,
  name: Text,
  role: Role,
  /** Null: every tenant. */
  tenants: Nullable(Type.Array(Text)),
  totp: Type.Boolean(),
  passwordOnce: Type.Boolean(),
  createdAt: Time,
  signedInAt: Nullable(Time),
  disabledAt: Nullable(Time),
});
export type UserView = Static<typeof UserView>;
export const UserDraft = Type.Object({ email: Email, name: Name, role: Role, tenants: Type.Optional(Type.Array(Text)) });
export const UserChange = Type.Object({ name: Type.Optional(Name), role: Type.Optional(Role), tenants: Type.Optional(Nullable(Type.Array(Text))), disabled: Type.Optional(Type.Boolean()) });
/** `password` works for one sign-in and is shown this once. */
export const UserCreated = Type.Object({ user: UserView, password: Text });
export const PasswordOnce = Type.Object({ password: Text });
