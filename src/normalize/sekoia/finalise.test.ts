import { describe, expect, it } from "vitest";
import type { Json } from "../../kernel/json.ts";
import { domainParts } from "../domains.ts";
import { mapped } from "./mapped.test-kit.ts";

const activity = (data: Record<string, Json>, more: Record<string, Json> = {}) => mapped("activities", { activityType: 27, ...more, data });
const alert = (more: Record<string, Json>) => mapped("alerts", { name: "x", ...more });
const withProcess = (cmdLine: string) => alert({ process: { cmdLine } });

describe("what every document of Sekoia's goes through", () => {
  it("null, empty text and missing fields leave no field; empty lists stay", () => {
    const { document } = activity({ reason: null, source: "", tagNames: [] }, { groupId: "", siteName: null });

    expect(document).toStrictEqual({
      message: expect.any(String) as string,
      event: { action: "User Logged In", category: ["intrusion_detection"], type: ["info"] },
      action: { type: "27" },
      sentinelone: { data: { tagNames: [] } },
    });
  });

  it.each([
    ["2026-03-02T08:15:56.779Z", "2026-03-02T08:15:56.779000Z"],
    ["2026-03-02T08:15:56.000Z", "2026-03-02T08:15:56Z"],
    ["2026-03-02T08:15:56.308213Z", "2026-03-02T08:15:56.308213Z"],
    ["2026-03-02T08:15:56.1234567Z", "2026-03-02T08:15:56.123456Z"],
    ["2026-03-02T08:15:56Z", "2026-03-02T08:15:56Z"],
    ["2026-03-02 08:15:56", "2026-03-02T08:15:56Z"],
    ["2026-03-02T08:15:56.5+00:00", "2026-03-02T08:15:56.500000Z"],
    ["2026-03-02T01:15:56.5+0200", "2026-03-01T23:15:56.500000Z"],
    ["yesterday", "yesterday"],
    [1772439356779, "2026-03-02T08:15:56.779000Z"],
    [9e15, undefined],
  ])("the date %j becomes %j", (value, expected) => {
    expect(alert({ detectedAt: value }).at("@timestamp")).toBe(expected);
  });

  it("an end of a connection has its domain as address, else its IP address", () => {
    const both = alert({ rawData: { evidences: [{ src_endpoint: { hostname: "host.example.com", ip: "192.0.2.1" }, dst_endpoint: { ip: "192.0.2.2" } }] } });

    expect([both.at("source.address"), both.at("destination.address")]).toEqual(["host.example.com", "192.0.2.2"]);
  });

  it.each([
    ["arc.msn.com", { registered_domain: "msn.com", top_level_domain: "com", subdomain: "arc" }],
    ["msn.com", { registered_domain: "msn.com", top_level_domain: "com" }],
    ["A.B.Example.co.UK.", { registered_domain: "Example.co.UK", top_level_domain: "co.UK", subdomain: "A.B" }],
    ["co.uk", { top_level_domain: "co.uk" }],
    ["pages.github.io", { registered_domain: "github.io", top_level_domain: "io", subdomain: "pages" }],
    ["tes.test", { subdomain: "tes" }],
    ["a.b.corp.local", { subdomain: "a.b.corp" }],
    ["VM0001", {}],
    ["192.0.2.1", {}],
    [".", {}],
  ])("the domain %s is split where the public suffix list says, and is not made up where it says nothing", (domain, parts) => {
    expect(domainParts(domain)).toStrictEqual(parts);
  });

  it("a domain of many dots costs no more than its length", () => {
    const before = performance.now();
    domainParts(`${".".repeat(200_000)}x${".".repeat(200_000)}`);

    expect(performance.now() - before).toBeLessThan(1000);
  });

  it("related holds each thing once, sorted: addresses of both ends and of the host, users but no process's, hashes of ECS fields, domains but no host name", () => {
    const { at } = activity({
      computerName: "host.example.com", externalIp: "203.0.113.9", ipAddress: "203.0.113.9", reportedRemoteHost: "10.0.0.1", sourceprocessusername: "D\\z", fileContentHash: "bb", sourceprocesssha1: "aa",
      sourceparentprocesssha1: "bb", modulesha1: "never", downloadUrl: "https://www.example.com/",
    });

    expect(at("related")).toStrictEqual({ hash: ["aa", "bb"], ip: ["10.0.0.1", "203.0.113.9"], user: ["z"] });
    expect(mapped("cloud-funnel", { "event.category": "dns", "event.dns.request": "b.example.com" }).at("related")).toStrictEqual({ hosts: ["b.example.com"] });
    expect(mapped("cloud-funnel", { "event.category": "logins", "event.login.userName": "u", "src.process.pid": 1, "src.process.user": "D\\p" }).at("related")).toStrictEqual({ user: ["u"] });
    expect(activity({}).at("related")).toBeUndefined();
  });

  it("a file's name and directory come from its path only where it has no name", () => {
    expect(activity({ value: "C:\\Tools\\kit.exe" }).at("file")).toStrictEqual({ path: "C:\\Tools\\kit.exe", name: "kit.exe", directory: "C:\\Tools" });
    expect(activity({ filePath: "/opt/kit", filename: "shown" }).at("file")).toStrictEqual({ name: "shown", path: "/opt/kit" });
    expect(activity({ filePath: "/kit" }).at("file")).toStrictEqual({ path: "/kit", name: "kit", directory: "/" });
    expect(activity({ filePath: "kit" }).at("file")).toStrictEqual({ path: "kit", name: "kit" });
    expect(activity({ filePath: "C:\\Tools\\" }).at("file")).toStrictEqual({ path: "C:\\Tools\\", directory: "C:\\Tools" });
  });

  it.each([
    ["https://www.example.com/a/b?c#d", { full: "https://www.example.com/a/b?c#d", scheme: "https", domain: "www.example.com", port: 443, path: "/a/b", registered_domain: "example.com", top_level_domain: "com", subdomain: "www" }],
    ["HTTP://u:p@192.0.2.1", { full: "HTTP://u:p@192.0.2.1", scheme: "http", domain: "192.0.2.1", port: 80 }],
    ["ftp://x.test:2121/", { full: "ftp://x.test:2121/", scheme: "ftp", domain: "x.test", port: 2121, path: "/", subdomain: "x" }],
    ["/agents/1/uploads/2?a=b", { path: "/agents/1/uploads/2" }],
    ["no url", {}],
  ])("the URL %s has its parts, and a port by its scheme", (original, parts) => {
    expect(activity({ downloadUrl: original }).at("url")).toStrictEqual({ original, ...parts });
  });

  it("without a URL, the first one of the process's command line is taken for it", () => {
    expect(withProcess("curl -s \"http://a.example.com/x\" https://b.example.com").at("url.original")).toBe("http://a.example.com/x");
    expect(withProcess("kit --url=https://a.example.com/x --quiet").at("url.path")).toBe("/x");
    expect(withProcess("net group /domain").at("url")).toBeUndefined();
    expect(mapped("cloud-funnel", { "event.category": "url", "url.address": "https://one.test/", "src.process.pid": 1, "src.process.cmdline": "x https://two.test/" }).at("url.original")).toBe("https://one.test/");
  });

  it("action.outcome is told again in event.outcome", () => {
    const { at } = mapped("cloud-funnel", { "event.category": "logins", "event.type": "Logout" });

    expect([at("action.outcome"), at("event.outcome"), at("event.type")]).toEqual(["success", "success", ["end"]]);
  });

  it("an integer field holds integers: numeric text becomes one, what is too large becomes the largest there is, and no other text gets in", () => {
    const siteId = (value: Json) => activity({}, { siteId: value }).at("sentinelone.siteId");

    expect([siteId("12"), siteId("0012"), siteId("-7"), siteId("1107851598358168475"), siteId(1107851598358168475n), siteId(5)]).toEqual([12, 12, -7, 1107851598358168475n, 1107851598358168475n, 5]);
    expect([siteId("9223372036854775808"), siteId(10n ** 40n), siteId("9".repeat(100_000)), siteId(`-${"9".repeat(30)}`)]).toEqual([2n ** 63n - 1n, 2n ** 63n - 1n, 2n ** 63n - 1n, -(2n ** 63n)]);
    expect([siteId("none"), siteId({}), siteId(true)]).toEqual([undefined, undefined, undefined]);
  });

  it("a text field holds text: numbers become it, alone and in lists, and lists of plain values are sorted", () => {
    const { at } = activity({ ruleId: -1, osTypes: ["windows", "linux"], localPorts: [443, 1138048000000000001n, 80] }, { activityType: 90, userId: 1138048000000000001n });

    expect([at("action.type"), at("rule.id"), at("user.id")]).toEqual(["90", "-1", "1138048000000000001"]);
    expect([at("sentinelone.data.osTypes"), at("sentinelone.data.localPorts")]).toEqual([["linux", "windows"], ["1138048000000000001", "443", "80"]]);
  });

  it("addresses of the host are compressed, others stay as they were written, and what is no address gets into no address field", () => {
    const { at } = activity({ externalIp: "2001:0DB8:0000::0001", ipAddress: "2001:0db8::0002", reportedRemoteHost: "printer" });

    expect([at("host.ip"), at("source.ip"), at("destination")]).toEqual([["2001:db8::1"], "2001:0db8::0002", undefined]);
    expect(mapped("threats", { agentDetectionInfo: { agentIpV6: "fe80:0::1%eth0", externalIp: "nowhere" } }).at("host.ip")).toEqual(["fe80::1%eth0"]);
  });
});
