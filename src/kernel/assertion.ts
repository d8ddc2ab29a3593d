/** How a part of the hub has a signed token of Cloudflare Access checked without reaching the network itself. */

/** One team and one of its applications whose tokens are accepted. */
export interface AcceptedAccess {
  /** `https://example.cloudflareaccess.com`: the tokens' issuer. */
  readonly team: string;
  /** The application's audience tag. */
  readonly audience: string;
}

export type AssertionRefusal = "malformed" | "algorithm" | "issuer" | "audience" | "expired" | "not-yet-valid" | "unknown-key" | "signature" | "claims";

export interface AccessKeys {
  /** The team's address as the tokens name it, from `example` or `example.cloudflareaccess.com`; a Fault (CONFIG_INVALID) for other places. */
  team(text: string): string;
  /** Which of `accepted` the token is for. A Fault (ACCESS_KEYS_UNAVAILABLE) where the team's keys cannot be had. */
  verify(assertion: string, accepted: readonly AcceptedAccess[], signal: AbortSignal): Promise<{ readonly proven: AcceptedAccess } | { readonly refused: AssertionRefusal }>;
}
