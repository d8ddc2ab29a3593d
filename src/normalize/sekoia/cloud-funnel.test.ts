import { describe, expect, it } from "vitest";
import type { Json } from "../../kernel/json.ts";
import { mapped } from "./mapped.test-kit.ts";

const event = (category: string | undefined, more: Record<string, Json> = {}) => mapped("cloud-funnel", { ...(category === undefined ? {} : { "event.category": category }), ...more });

describe("events of Cloud Funnel as Sekoia's intake gives them", () => {
  it.each([
    ["process", "Process Exit", ["process"], ["info"]],
    ["cross_process", "Open Remote Process Handle", ["process"], ["info"]],
    ["command_script", "Command Script", ["process"], ["info"]],
    ["file", "File Creation", ["file"], ["creation"]],
    ["file", "File Modification", ["file"], ["change"]],
    ["file", "File Rename", ["file"], ["change"]],
    ["file", "File Deletion", ["file"], ["deletion"]],
    ["file", "File Scan", ["file"], ["info"]],
    ["registry", "Registry Key Create", ["registry"], ["creation"]],
    ["registry", "Registry Value Create", ["registry"], ["creation"]],
    ["registry", "Registry Value Modified", ["registry"], ["change"]],
    ["registry", "Registry Key Security Changed", ["registry"], ["change"]],
    ["registry", "Registry Value Delete", ["registry"], ["deletion"]],
    ["registry", "Registry Key Delete", ["registry"], ["deletion"]],
    ["registry", "Registry Key Export", undefined, undefined],
    ["logins", "Login", ["authentication"], undefined],
    ["dns", "DNS Resolved", ["network"], ["info"]],
    ["ip", "IP Connect", ["network"], ["info"]],
    ["url", "GET", ["network", "web"], ["info"]],
    ["module", "Module Load", ["driver"], ["info"]],
    ["driver", "Driver Load", ["driver"], ["info"]],
    ["threat_intelligence_indicators", "IP", ["threat"], ["indicator"]],
    ["indicators", "Behavioral Indicators", undefined, undefined],
    ["scheduled_task", "Task Start", undefined, undefined],
    ["group", "Group Creation", undefined, undefined],
  ])("%s, %s: category %j, type %j, and never an event.kind", (category, type, expected, types) => {
    const { at, unseen } = event(category, { "event.type": type });

    expect([at("event.category"), at("event.type"), at("event.kind"), at("event.action"), at("event.dataset")]).toEqual([expected, types, undefined, type, "cloud-funnel-2.0"]);
    expect(unseen).toEqual([]);
  });

  it("a category never seen is kept as it came, and told", () => {
    const { at, unseen } = event("wormhole");

    expect([at("deepvisibility.event.category"), at("event.category"), unseen]).toEqual(["wormhole", undefined, [["event.category", "wormhole"]]]);
  });

  it("a Mac's system type is macos, its family stays osx", () => {
    expect(event("ip", { "endpoint.os": "osx" }).at("host.os")).toStrictEqual({ family: "osx", type: "macos" });
    expect(event("ip", { "endpoint.os": "linux" }).at("host.os")).toStrictEqual({ family: "linux", type: "linux" });
  });

  it("where the system acted for a process, the system is the process and the other goes behind", () => {
    const { at } = event("file", { "src.process.pid": 1, "src.process.name": "a", "src.process.user": "D\\a", "src.process.signedStatus": "signed", "osSrc.process.pid": 2, "osSrc.process.name": "b", "osSrc.process.user": "S\\b" });

    expect([at("process.name"), at("process.pid"), at("deepvisibility.process.name"), at("user"), at("process.code_signature")]).toEqual(["b", 2, "a", { name: "b", domain: "S" }, { exists: false }]);
  });

  it("the system's parent has its pid one level too deep, as text", () => {
    expect(event("file", { "osSrc.process.parent.pid": 832 }).at("process.parent")).toStrictEqual({ process: { pid: "832" }, code_signature: { exists: false } });
    expect(event("file", { "src.process.parent.pid": 832 }).at("process.parent")).toStrictEqual({ pid: 832, code_signature: { exists: false } });
  });

  it("a process without a pid is not read at all; zero is one", () => {
    expect(event("process", { "src.process.name": "a", "tgt.process.name": "b" }).at("process")).toBeUndefined();
    expect(event("process", { "src.process.pid": 0 }).at("process.pid")).toBe(0);
  });

  it("a created process keeps the signature and the users of the one that created it, which becomes its parent", () => {
    const { at } = event("process", {
      "event.type": "Process Creation", "src.process.pid": 1, "src.process.name": "a", "src.process.signedStatus": "signed", "src.process.cmdline": "a -x", "src.process.eUserUid": 0, "src.process.eUserName": "root",
      "src.process.parent.pid": 3, "src.process.parent.startTime": 1679394829780, "tgt.process.pid": 2, "tgt.process.name": "b",
    });

    expect(at("process")).toStrictEqual({
      name: "b", pid: 2, command_line: "a -x", code_signature: { exists: true }, user: { name: "root", id: "0" },
      parent: { name: "a", pid: 1, command_line: "a -x", start: "2023-03-21T10:33:49.780000Z", code_signature: { exists: false } },
    });
    expect([at("user"), at("deepvisibility.process.target.name")]).toEqual([{ name: "root" }, "b"]);
  });

  it("a signature that nobody speaks of does not exist; only an unverified one is told not to hold", () => {
    const signature = (more: Record<string, Json>) => event("process", { "src.process.pid": 1, "src.process.publisher": "P", "src.process.reasonSignatureInvalid": "R", ...more }).at("process.code_signature");

    expect(signature({})).toStrictEqual({ exists: false });
    expect(signature({ "src.process.signedStatus": "signed", "src.process.verifiedStatus": "verified" })).toStrictEqual({ exists: true, subject_name: "P" });
    expect(signature({ "src.process.signedStatus": "signed", "src.process.verifiedStatus": "unverified" })).toStrictEqual({ exists: true, subject_name: "P", valid: false, status: "R" });
    expect(signature({ "src.process.signedStatus": "unsigned", "src.process.verifiedStatus": "unverified" })).toStrictEqual({ exists: false, valid: false, status: "R" });
    expect(signature({ "src.process.signedStatus": "perhaps" })).toBeUndefined();
  });

  it("times before 1970 are cut to ten characters and read as seconds: 1601 becomes 1966", () => {
    const { at } = event("file", { "tgt.file.path": "C:\\a", "tgt.file.creationTime": -11644473600000, "tgt.file.modificationTime": "-11644473600000" });

    expect([at("file.created"), at("file.mtime")]).toEqual(["1966-04-24T06:14:24Z", "1966-04-24T06:14:24Z"]);
  });

  it.each([
    [1680183962201, "2023-03-30T13:46:02.201000Z"],
    ["1680183962000", "2023-03-30T13:46:02Z"],
    [886465234000, "1998-02-03T00:20:34Z"],
    [1680183962, "2023-03-30T13:46:02Z"],
    [0, "1970-01-01T00:00:00Z"],
    ["2023-03-30T13:46:02.5Z", "2023-03-30T13:46:02.500000Z"],
    [true, undefined],
    [1e20, undefined],
  ])("the time %j is %j", (value, expected) => {
    expect(event("file", { "tgt.file.path": "a", "tgt.file.creationTime": value as Json }).at("file.created")).toBe(expected);
  });

  it("a script's size and hash overwrite those of the file it was read from", () => {
    const { at } = event("command_script", { "tgt.file.path": "C:\\a.ps1", "tgt.file.size": 2593, "tgt.file.sha256": "file", "tgt.file.sha1": "f1", "cmdScript.originalSize": 76, "cmdScript.sha256": "script", "cmdScript.content": "x" });

    expect([at("file.size"), at("file.hash"), at("action.properties.ScriptBlockText"), at("deepvisibility.script.content")]).toEqual([76, { sha1: "f1", sha256: "script" }, "x", "x"]);
  });

  it.each([
    ["MACHINE\\SYSTEM\\Config\\Last", { hive: "MACHINE", key: "SYSTEM\\Config", value: "Last" }],
    ["MACHINE\\Last", { hive: "MACHINE", value: "Last" }],
    ["MACHINE", { hive: "MACHINE", value: "MACHINE" }],
    ["MACHINE\\SYSTEM\\", { hive: "MACHINE", key: "SYSTEM" }],
  ])("the registry path %s is the hive, the key and, last, the value", (path, parts) => {
    expect(event("registry", { "registry.keyPath": path }).at("registry")).toStrictEqual({ path, ...parts });
  });

  it("a registry value is bytes when it is binary or of no type, a list of text otherwise", () => {
    const data = (more: Record<string, Json>) => event("registry", more).at("registry.data");

    expect(data({ "registry.value": "00FF", "registry.valueType": "BINARY" })).toStrictEqual({ type: "REG_BINARY", bytes: "00FF" });
    expect(data({ "registry.value": "00FF" })).toStrictEqual({ type: "REG_None", bytes: "00FF" });
    expect(data({ "registry.value": 7, "registry.valueType": "DWORD" })).toStrictEqual({ type: "REG_DWORD", strings: ["7"] });
    expect(event("registry", { "registry.value": "x", "registry.valueType": "SZ", "registry.oldValue": "00", "registry.oldValueType": "BINARY" }).at("deepvisibility.registry")).toBeUndefined();
  });

  it("a login's user is the document's user, with the domain of the process where the login has none", () => {
    const { at } = event("logins", { "src.process.pid": 1, "src.process.user": "NT AUTHORITY\\SYSTEM", "event.login.userName": "u", "event.login.loginIsSuccessful": true });

    expect([at("user"), at("event.outcome"), at("event.type")]).toEqual([{ domain: "NT AUTHORITY", name: "u", target: { name: "u" } }, "success", ["start"]]);
  });

  it.each([["SYSTEM", "0"], ["NETWORK", "3"], ["NETWORK_CLEAR_TEXT", "8"], ["CACHED_UNLOCK", "13"]])("the logon type %s is %s", (word, number) => {
    expect(event("logins", { "event.login.type": word }).at("action.properties")).toStrictEqual({ LogonType: number });
  });

  it("a logon type never seen is left out, and told", () => {
    const { at, unseen } = event("logins", { "event.login.type": "TELEPATHY" });

    expect([at("action"), unseen]).toEqual([undefined, [["event.login.type", "TELEPATHY"]]]);
  });

  it("a failed login is an error, which ECS does not expect of authentication", () => {
    const { at } = event("logins", { "event.login.loginIsSuccessful": false, "event.login.failureReason": "locked" });

    expect([at("event.type"), at("event.outcome"), at("action.outcome_reason")]).toEqual([["error"], "failure", "locked"]);
  });

  it("an end of a connection that is no IP address is told as an address alone", () => {
    const { at } = event("ip", { "src.ip.address": "n/a", "src.port.number": "53", "dst.ip.address": "192.0.2.1", "event.network.direction": "INCOMING" });

    expect([at("source"), at("destination"), at("network")]).toEqual([{ address: "n/a", port: 53 }, { address: "192.0.2.1", ip: "192.0.2.1" }, { direction: "inbound" }]);
  });

  it("a question is the last word asked; an answer without a type gets one where it is an address, a number without a name the word None", () => {
    const { at, unseen } = event("dns", { "event.dns.request": "type: 28 a.example.com", "event.dns.response": "type:  5 b.test;type: 65 c.test;192.0.2.1;2001:db8::1;d;" });

    expect(at("dns.question.name")).toBe("a.example.com");
    expect(at("dns.answers")).toStrictEqual([{ name: "b.test", type: "CNAME" }, { name: "c.test", type: "None" }, { name: "192.0.2.1", type: "A" }, { name: "2001:db8::1", type: "AAAA" }, { name: "d" }]);
    expect(unseen).toEqual([["event.dns.response", "65"]]);
    expect(event("dns", { "event.dns.request": "x" }).at("dns.type")).toBe("query");
  });

  it("modules, drivers, tasks and indicators have fields of their own", () => {
    expect(event("module", { "module.path": "C:\\Windows\\a.dll" }).at("dll")).toStrictEqual({ path: "C:\\Windows\\a.dll", name: "a.dll" });
    expect(event("module", { "module.path": "a.dll" }).at("dll")).toStrictEqual({ path: "a.dll" });
    expect(event("driver", { "driver.peSha1": "1", "driver.peSha256": "2" }).at("deepvisibility.driver")).toStrictEqual({ hash: { sha1: "1", sha256: "2" } });
    expect(event("scheduled_task", { "task.name": "t", "task.path": "p" }).at("deepvisibility.scheduled_task")).toStrictEqual({ name: "t" });
    expect(event("indicators", { "indicator.name": "n", "indicator.metadata": "m" }).at("deepvisibility.indicator")).toStrictEqual({ name: "n", metadata: "m" });
  });
});
