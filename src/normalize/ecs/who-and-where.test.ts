/** Who, where and which way, in the fields of ECS: rules that single records show better than whole documents. */
import { describe, expect, it } from "vitest";
import { stringifyExact, type Json, type JsonObject } from "../../kernel/json.ts";
import type { RecordKind } from "../contract.ts";
import { createNormalizer } from "../index.ts";

type At = (path: string) => Json | undefined;

function documentOf(stream: RecordKind, record: JsonObject): At {
  const { document } = createNormalizer({ standard: "ecs", profile: "native", stream }).text(stringifyExact(record));
  return (path) => path.split(".").reduce<Json | undefined>((value, name) => (value as JsonObject | undefined)?.[name], document ?? {});
}

const traffic = (data: JsonObject): At => documentOf("activities", { activityType: 5232, data });
const alert = (more: JsonObject): At => documentOf("alerts", { id: "1", name: "n", detectionSource: { product: "Identity" }, ...more });
const event = (category: string, more: JsonObject): At => documentOf("cloud-funnel", { "event.category": category, ...more });

describe("both sides of traffic that firewall control reports", () => {
  const sides = { reportedLocalHost: "10.20.4.17", reportedLocalPort: "23", reportedRemoteHost: "198.51.100.9", reportedRemotePort: "50755" };
  const local = { ip: "10.20.4.17", address: "10.20.4.17", port: 23 };
  const remote = { ip: "198.51.100.9", address: "198.51.100.9", port: 50755 };

  it.each([
    ["inbound", remote, local],
    ["INCOMING", remote, local],
    ["outbound", local, remote],
    ["any", local, remote],
    [null, local, remote],
  ])("of direction %s: the source is the one that began", (reportedDirection, source, destination) => {
    const at = traffic({ ...sides, reportedDirection });

    expect([at("source"), at("destination")]).toStrictEqual([source, destination]);
  });

  it.each([
    ["TCP", { transport: "tcp", type: "ipv4" }],
    ["udp", { transport: "udp", type: "ipv4" }],
    ["ICMP", { transport: "icmp", type: "ipv4" }],
    ["HTTP", { protocol: "http", type: "ipv4" }],
    ["any", { type: "ipv4" }],
    [null, { type: "ipv4" }],
  ])("%s is told as what carries the traffic, or as what is spoken over it", (reportedProtocol, network) => {
    expect(traffic({ ...sides, reportedProtocol })("network")).toStrictEqual(network);
  });

  it.each([
    [{ ipAddress: "192.0.2.1", srcip: "192.0.2.2", reportedLocalHost: "192.0.2.3" }, "192.0.2.1"],
    [{ srcip: "192.0.2.2", reportedLocalHost: "192.0.2.3" }, "192.0.2.3"],
    [{ srcip: "192.0.2.2" }, "192.0.2.2"],
  ])("of several addresses the one that is nearest to who acted is the source: %j", (data, ip) => {
    expect(traffic(data)("source.ip")).toBe(ip);
  });

  it("a remote side that is a name is a domain", () => {
    const at = traffic({ ...sides, reportedRemoteHost: "relay.example.com" });

    expect([at("destination.domain"), at("destination.port"), at("related.hosts")]).toEqual(["relay.example.com", 50755, ["relay.example.com"]]);
  });
});

describe("people", () => {
  it.each([
    ["S-1-5-21-1004336348-1177238915-682003330-512", { id: "S-1-5-21-1004336348-1177238915-682003330-512" }],
    ["S-1-5-18", { id: "S-1-5-18" }],
    ["CORP\\jane", { name: "jane", domain: "CORP" }],
    ["jane@corp.example.com", { name: "jane@corp.example.com" }],
    ["S-1-5", { name: "S-1-5" }],
  ])("%s: a security identifier is an id, whatever field it stands in", (written, user) => {
    const threat = documentOf("threats", { threatInfo: { processUser: written } });

    expect([threat("user"), threat("related.user")]).toStrictEqual([user, [Object.values(user)[0]]]);
    expect(event("process", { "src.process.user": written })("process.user")).toStrictEqual("id" in user ? user : { name: user.name });
  });

  it("an identifier that is told beside goes before one that stands for the name", () => {
    expect(alert({ rawData: { evidences: [{ actor: { user: { name: "S-1-5-18", uid: "S-1-5-19" } } }] } })("user")).toStrictEqual({ id: "S-1-5-19" });
  });

  it("an identity alert whose evidence names nobody has its user from the sensor's own line", () => {
    const raw_data = "5001802:Attacker IP=192.0.2.1 Source Port=49970 Domain=LAB userName=john.doe dc_host=DC01";

    expect(alert({ rawData: { raw_data, evidences: [{ actor: { user: {} } }] } })("user")).toStrictEqual({ name: "john.doe", domain: "LAB" });
    expect(alert({ rawData: { raw_data, evidences: [{ actor: { user: { name: "jane" } } }] } })("user")).toStrictEqual({ name: "jane" });
    expect(alert({ process: { username: "svc" }, rawData: { raw_data } })("user")).toStrictEqual({ name: "svc" });
  });

  it.each([
    ["192.0.2.1", 49970],
    ["192.0.2.7", undefined],
    [null, 49970],
  ])("a port of the sensor's own line is that of the address beside it: with the source %s it is %s", (ip, port) => {
    const raw_data = "5001802:Attacker IP=192.0.2.1 Source Port=49970 ";

    expect(alert({ rawData: { raw_data, evidences: [{ src_endpoint: { ip, hostname: "ws01" } }] } })("source.port")).toBe(port);
  });

  it("whoever an alert was assigned to, whoever judged a threat and whoever can recover an account are found under related", () => {
    expect(alert({ assignee: { userId: "7", fullName: "Ada Analyst", email: "ada@example.com" } })("related.user")).toEqual(["Ada Analyst", "ada@example.com"]);
    expect(documentOf("threats", { threatInfo: { initiatingUsername: "Ada Analyst" } })("related.user")).toEqual(["Ada Analyst"]);
    const activity = documentOf("activities", { activityType: 3630, data: { username: "Jane", recoveryEmail: "jane@example.com" } });
    expect([activity("user.email"), activity("related.user")]).toEqual(["jane@example.com", ["Jane", "jane@example.com"]]);
  });

  it("are found by their name, whatever domain stands before it", () => {
    const at = alert({ assets: [{ lastLoggedInUser: "CORP\\eve" }], rawData: { evidences: [{ actor: { user: { name: "CORP\\jane" } } }] } });

    expect([at("user"), at("related.user")]).toStrictEqual([{ name: "jane", domain: "CORP" }, ["eve", "jane"]]);
  });

  it("a login of a newer event has its account in fields of its own", () => {
    const at = event("logins", { "event.login.tgt.userName": "jane", "event.login.tgt.domainName": "CORP", "event.login.tgt.userSid": "S-1-5-21-1-2-3-500", "event.login.accountName": "WS01$", "event.login.accountDomain": "WG" });

    expect([at("user"), at("related.user")]).toStrictEqual([{ name: "jane", domain: "CORP", id: "S-1-5-21-1-2-3-500" }, ["jane", "WS01$"]]);
  });
});

describe("what else a record tells", () => {
  it("the id that the console has for an asset finds its alerts", () => {
    expect(alert({ assets: [{ id: "7f2k", name: "SRV01", agentUuid: "u-1", category: "Server" }] })("related.hosts")).toEqual(["7f2k", "SRV01", "u-1"]);
  });

  it.each([
    ["explorer.exe", { name: "explorer.exe" }],
    ["C:\\Windows\\explorer.exe", { executable: "C:\\Windows\\explorer.exe", name: "explorer.exe" }],
    ["/usr/sbin/sshd", { executable: "/usr/sbin/sshd", name: "sshd" }],
    ["/", { name: "/" }],
  ])("a parent that is written as %s is a program", (parentName, parent) => {
    expect(alert({ process: { parentName } })("process.parent")).toStrictEqual(parent);
  });

  it.each([
    ["WWW.Example.co.uk", { registered_domain: "example.co.uk", top_level_domain: "co.uk", subdomain: "www" }],
    ["example.com", { registered_domain: "example.com", top_level_domain: "com" }],
    ["dc01.corp.local", {}],
    ["DC01", {}],
  ])("the name %s has its registered part told, where the public suffix list knows one", (name, parts) => {
    expect(event("dns", { "event.dns.request": name })("dns.question")).toStrictEqual({ name, ...parts });
    expect(alert({ rawData: { evidences: [{ dst_endpoint: { hostname: name } }] } })("destination")).toStrictEqual({ domain: name, address: name, ...parts });
    expect(event("url", { "url.address": `https://${name}/` })("url")).toMatchObject(parts);
  });

  it.each([
    ["DNS", { "event.type": "DNS Resolved", "event.dns.request": "a.test" }],
    ["Ip", { "event.type": "IP Connect", "event.network.connectionStatus": "SUCCESS", "meta.event.name": "tcpv4" }],
    ["LOGINS", { "event.type": "Login", "event.login.loginIsSuccessful": true }],
  ])("an event of the category %s is one of that category, however it is spelt", (category, more) => {
    const spelt = event(category, more);
    const usual = event(category.toLowerCase(), "meta.event.name" in more ? { ...more, "meta.event.name": "TCPV4" } : more);

    for (const field of ["event.category", "event.outcome", "network.protocol", "network.transport"]) expect(spelt(field)).toEqual(usual(field));
    expect(spelt("event.outcome")).toBe("success");
  });

  it("a named pipe is a file", () => {
    const at = event("named_pipe", { "event.type": "Named Pipe Creation", "namedPipe.name": "\\\\.\\pipe\\svcctl" });

    expect([at("event.category"), at("event.type"), at("event.action"), at("file.path"), at("file.name"), at("message")]).toEqual([["file"], ["creation"], "named-pipe-creation", "\\\\.\\pipe\\svcctl", "svcctl", "Named Pipe Creation: \\\\.\\pipe\\svcctl"]);
  });

  it("a process's title is the name it is shown under", () => {
    const at = event("process", { "event.type": "Process Creation", "src.process.displayName": "Windows Explorer", "src.process.pid": 1, "tgt.process.displayName": "Notepad", "tgt.process.pid": 2 });

    expect([at("process.title"), at("process.parent.title")]).toEqual(["Notepad", "Windows Explorer"]);
  });

  it.each([
    ["Succeeded", "success"],
    ["failed", "failure"],
    ["Not started", "unknown"],
    [null, undefined],
  ])("a finding of a scan that ended as %s has the outcome %s, and the reason it was judged for", (lastScanResult, outcome) => {
    const at = documentOf("risks", { id: "1", cveId: "CVE-2025-0411", lastScanResult, reason: "accepted" });

    expect([at("event.outcome"), at("event.reason")]).toEqual([outcome, "accepted"]);
  });

  it.each([
    ["Decoy Credential Used", ["T1078", "T1021"]],
    ["Deception Host Accessed", ["T1078", "T1021"]],
    ["AD CS Abuse Detected", ["T1649"]],
    ["Silver Ticket Usage Detected", ["T1558"]],
    ["Login Failure Threshold", undefined],
  ])("the identity alert %s stands for %j", (name, techniques) => {
    expect(alert({ name })("threat.technique.id")).toEqual(techniques);
  });

  it.each([
    ["LATERAL_MOVEMENT", { id: ["TA0008"], name: ["Lateral Movement"] }],
    ["Command & Control", { id: ["TA0011"], name: ["Command and Control"] }],
    ["Evil Deeds", { name: ["Evil Deeds"] }],
  ])("the tactic %s is told in the catalogue's letters, where it is one of it", (name, tactic) => {
    expect(documentOf("threats", { indicators: [{ tactics: [{ name, techniques: [] }] }] })("threat.tactic")).toMatchObject(tactic);
  });

  it.each([
    [4106, 73],
    [4107, 47],
  ])("what a rule marked as harmful (%d) has its severity", (activityType, severity) => {
    expect(documentOf("activities", { activityType, data: {} })("event.severity")).toBe(severity);
  });
});
