import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Fault } from "../kernel/fault.ts";
import { parseAllowedHosts } from "../net/policy.ts";
import { parseConsoleUrl } from "./console-url.ts";

const GOOD: readonly (readonly [string, string])[] = [
  ["https://usea1-011.sentinelone.net", "https://usea1-011.sentinelone.net"],
  ["usea1-011.sentinelone.net", "https://usea1-011.sentinelone.net"],
  ["https://usea1-011.sentinelone.net/", "https://usea1-011.sentinelone.net"],
  ["  https://usea1-011.sentinelone.net \n", "https://usea1-011.sentinelone.net"],
  ["HTTPS://USEA1-011.SentinelOne.NET", "https://usea1-011.sentinelone.net"],
  ["https://usea1-011.sentinelone.net/dashboard?_scopeId=1&_scopeLevel=site#/x", "https://usea1-011.sentinelone.net"],
  ["https://usea1-011.sentinelone.net/web/api/v2.1/", "https://usea1-011.sentinelone.net"],
  ["https://usea1-011.sentinelone.net:443/login", "https://usea1-011.sentinelone.net"],
  ["usea1-011.sentinelone.net/login", "https://usea1-011.sentinelone.net"],
  ["usea1-011.sentinelone.net:443", "https://usea1-011.sentinelone.net"],
  ["usea1-011.sentinelone.net.", "https://usea1-011.sentinelone.net"],
  ["<https://euce1-105.sentinelone.net>", "https://euce1-105.sentinelone.net"],
  ['"https://euce1-110-nfr.sentinelone.net"', "https://euce1-110-nfr.sentinelone.net"],
  ["usea1-partners.sentinelone.net", "https://usea1-partners.sentinelone.net"],
  ["carvir-msp02.sentinelone.net", "https://carvir-msp02.sentinelone.net"],
  ["idaho.sentinelone.net", "https://idaho.sentinelone.net"],
  ["ingestion-team.sentinelone.net", "https://ingestion-team.sentinelone.net"],
  ["https://usea1-011.sentinelone.net?next=https://evil.example", "https://usea1-011.sentinelone.net"],
  ["https://usea1-011.sentinelone.net/@evil.example", "https://usea1-011.sentinelone.net"],
];

const BAD: readonly (readonly [string, string])[] = [
  ["", "No console address"],
  ["   ", "No console address"],
  ["https://", "no host"],
  ["https:///path", "no host"],
  ["/web/api", "no host"],
  ["console.sentinelone.net", "placeholder"],
  ["https://CONSOLE.sentinelone.net/x", "placeholder"],
  ["xdr.us1.sentinelone.net", "data lake"],
  ["https://xdr.eu1.sentinelone.net", "data lake"],
  ["ingest.us1.sentinelone.net", "sent in"],
  ["id.na1.sentinelone.net", "sign-in"],
  ["id.sentinelone.net", "sign-in"],
  ["dv-exporter-kafka-1.sentinelone.net", "Deep Visibility"],
  ["www.sentinelone.net", "web site"],
  ["sentinelone.net", "names your console"],
  ["https://sentinelone.net/", "names your console"],
  ["http://usea1-011.sentinelone.net", "by https"],
  ["ftp://usea1-011.sentinelone.net", "not by ftp"],
  ["javascript:alert(1)", "not a web address"],
  ["file:///etc/passwd", "not by file"],
  ["https:usea1-011.sentinelone.net", "not a web address"],
  ["//usea1-011.sentinelone.net", "no host"],
  ["https://usea1-011.sentinelone.net:8443", "usual https port"],
  ["usea1-011.sentinelone.net:80", "usual https port"],
  ["usea1-011.sentinelone.net:99999", "not a host name"],
  ["https://admin:pw@usea1-011.sentinelone.net", "user name"],
  ["https://usea1-011.sentinelone.net@evil.example", "user name"],
  ["usea1-011.sentinelone.net@evil.example", "user name"],
  ["https://usea1-011.sentinelone.net%2f.evil.example", "not a host name"],
  ["usea1 011.sentinelone.net", "blanks"],
  ["usea1\u200b.sentinelone.net", "invisible"],
  ["usea1\u0000.sentinelone.net", "invisible"],
  ["usea1\r\nHost: evil.sentinelone.net", "blanks"],
  ["https://127.0.0.1", "address of a machine"],
  ["http://127.0.0.1:8080", "address of a machine"],
  ["127.0.0.1:8080", "address of a machine"],
  ["https://2130706433", "address of a machine"],
  ["https://0x7f000001", "address of a machine"],
  ["https://0177.0.0.1", "address of a machine"],
  ["https://127.1", "address of a machine"],
  ["https://１２７.0.0.1", "address of a machine"],
  ["https://①②⑦.0.0.1", "address of a machine"],
  ["https://[::1]", "address of a machine"],
  ["https://[::ffff:127.0.0.1]", "address of a machine"],
  ["https://[fe80::1%25eth0]", "not a host name"],
  ["https://169.254.169.254/latest/meta-data", "address of a machine"],
  ["https://10.0.0.1", "address of a machine"],
  ["https://8.8.8.8", "address of a machine"],
  ["localhost", "address of a machine"],
  ["https://foo.localhost", "address of a machine"],
  ["https://sentіnelone.net", "only look like"],
  ["https://usea1.sentіnelone.net", "only look like"],
  ["https://xn--sentnelone-3nf.net", "only look like"],
  ["https://xn--usea1.sentinelone.net", "only look like"],
  ["https://usea1．sentinelone．net", "only look like"],
  ["https://-bad.sentinelone.net", "not a host name"],
  ["https://bad-.sentinelone.net", "not a host name"],
  ["https://a_b.sentinelone.net", "not a host name"],
  [`https://${"a".repeat(70)}.sentinelone.net`, "not a host name"],
  [`https://${"a".repeat(3000)}`, "too long"],
];

const FOREIGN = [
  "https://evil.example\\@usea1-011.sentinelone.net",
  "https://sentinelone.net.evil.example",
  "usea1-011.sentinelone.net.evil.example",
  "https://evil-sentinelone.net",
  "https://evilsentinelone.net",
  "https://sentinelone.com",
  "https://usea1-011.sentinelone.network",
  "https://example.org/usea1-011.sentinelone.net",
  "https://example.org?usea1-011.sentinelone.net",
  "https://example.org#.sentinelone.net",
  "intranet",
  "metadata.google.internal",
];

describe("console addresses", () => {
  it("are tried in more than sixty forms", () => {
    expect(GOOD.length + BAD.length + FOREIGN.length).toBeGreaterThan(60);
  });

  it.each(GOOD)("%j is %s", (text, origin) => {
    expect(parseConsoleUrl(text, [])).toEqual({ origin, host: new URL(origin).host });
  });

  it.each(BAD)("%j is refused: %s", (text, why) => {
    const attempt = (): unknown => parseConsoleUrl(text, []);

    expect(attempt).toThrow(why);
    expect(attempt).toThrow(/usea1-011\.sentinelone\.net/);
    expect(attempt).toThrow(expect.objectContaining({ code: "CONSOLE_URL_INVALID" }));
  });

  it.each(FOREIGN)("%j is a foreign host", (text) => {
    expect(() => parseConsoleUrl(text, [])).toThrow(expect.objectContaining({ code: "CONSOLE_HOST_NOT_ALLOWED" }));
  });

  it("whatever is given, the outcome is a console's origin or a Fault", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: "binary" }), fc.webUrl(), fc.string().map((text) => `https://${text}.sentinelone.net`)), (text) => {
        try {
          const { origin } = parseConsoleUrl(text, []);
          return /^https:\/\/([a-z0-9-]+\.)+sentinelone\.net$/.test(origin);
        } catch (error) {
          return error instanceof Fault;
        }
      }),
      { numRuns: 2_000 },
    );
  });
});

describe("the operator's hosts", () => {
  const allowed = parseAllowedHosts("127.0.0.1:8080,localhost,console.example.org:8443,plain.example.org,[::1]:9");

  it.each([
    ["127.0.0.1:8080", "http://127.0.0.1:8080"],
    ["http://127.0.0.1:8080/path", "http://127.0.0.1:8080"],
    ["https://127.0.0.1:8080", "https://127.0.0.1:8080"],
    ["localhost:1234", "http://localhost:1234"],
    ["http://localhost", "http://localhost"],
    ["http://[::1]:9", "http://[::1]:9"],
    ["console.example.org:8443", "https://console.example.org:8443"],
    ["https://CONSOLE.example.org:8443/x", "https://console.example.org:8443"],
    ["plain.example.org", "https://plain.example.org"],
    ["plain.example.org:9443", "https://plain.example.org:9443"],
  ])("%s is %s", (text, origin) => {
    expect(parseConsoleUrl(text, allowed).origin).toBe(origin);
  });

  it.each([
    ["127.0.0.1:8081", "CONSOLE_URL_INVALID"],
    ["127.0.0.1", "CONSOLE_URL_INVALID"],
    ["console.example.org", "CONSOLE_HOST_NOT_ALLOWED"],
    ["http://plain.example.org", "CONSOLE_URL_INVALID"],
    ["sub.plain.example.org", "CONSOLE_HOST_NOT_ALLOWED"],
    ["http://user@localhost", "CONSOLE_URL_INVALID"],
  ])("%s is refused all the same", (text, code) => {
    expect(() => parseConsoleUrl(text, allowed)).toThrow(expect.objectContaining({ code }));
  });
});
