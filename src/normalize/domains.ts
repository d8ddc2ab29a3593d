/**
 * A host name split against the public suffix list, as Sekoia's intakes split it and as ECS asks for: only suffixes of registries count (`github.io` is a name
 * under `io`), the spelling is kept, and of a name without a known suffix only what stands before its last label is told.
 */
import { parse } from "tldts";

export interface DomainParts {
  readonly registered_domain?: string;
  readonly top_level_domain?: string;
  readonly subdomain?: string;
}

/** The names come out of fields, not out of URLs, and what is odd in them has to be split too. */
const OPTIONS = { extractHostname: false, validateHostname: false, allowPrivateDomains: false, allowIcannDomains: true, detectIp: true } as const;
const NONE: DomainParts = {};

export function domainParts(domain: string): DomainParts {
  let end = domain.length;
  while (domain[end - 1] === ".") end--;
  const name = domain.slice(0, end);
  if (!name.includes(".")) return NONE;
  // The list is in lower case; rare capitals change their length in it.
  const lower = name.toLowerCase();
  const kept = lower.length === name.length ? name : lower;
  const { isIp, isIcann, publicSuffix, domain: registered, subdomain } = parse(lower, OPTIONS);
  if (isIp === true) return NONE;
  if (isIcann !== true || publicSuffix === null) {
    const before = kept.slice(0, kept.lastIndexOf("."));
    return before === "" ? NONE : { subdomain: before };
  }
  return {
    ...(registered === null ? {} : { registered_domain: kept.slice(kept.length - registered.length) }),
    top_level_domain: kept.slice(kept.length - publicSuffix.length),
    ...(subdomain === null || subdomain === "" ? {} : { subdomain: kept.slice(0, subdomain.length) }),
  };
}

/** The parts of a name under a known suffix alone: of any other name nobody can tell which part is registered. */
export function registeredParts(domain: string): DomainParts {
  const parts = domainParts(domain);
  return parts.registered_domain === undefined ? NONE : parts;
}
