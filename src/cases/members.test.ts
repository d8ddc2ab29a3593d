import { describe, expect, it } from "vitest";
import { FACT_SEVERITIES } from "../kernel/fact.ts";
import { keyOf, kindOf, LINKS, reachOf } from "./links.ts";
import { memberOf } from "./members.ts";

const AT = "2026-06-01T12:00:00.000000Z";
const threat = { id: "t1", created_at: AT, threat_name: "invoice.exe", sha1: "AB12", storyline: "S1", agent_uuid: "U-1", agent_computer_name: "OF-LT-1", confidence_level: "malicious", mitigation_status: "not_mitigated", incident_status: "unresolved", classification: "Trojan" };
const alert = { id: "a1", detected_at: AT, name: "LDAP Search", product: "Identity", severity: "MEDIUM", status: "NEW", asset_name: "DC-01", target_user_name: "krbtgt", target_user_domain: "ORCHARD", attacker_host: "LT-7" };

describe("a member", () => {
  it.each([
    ["malicious", "not_mitigated", "Trojan", "critical"],
    ["malicious", "mitigated", "Trojan", "low"],
    ["malicious", "mitigated", "Ransomware", "high"],
    ["malicious", "marked_as_benign", "Ransomware", "info"],
    ["suspicious", "not_mitigated", "Trojan", "high"],
    ["suspicious", "not_mitigated", "Infostealer", "critical"],
    ["suspicious", "blocked", "Trojan", "low"],
    ["a word of tomorrow", "not_mitigated", "Trojan", "unknown"],
    ["malicious", "a word of tomorrow", "Trojan", "critical"],
  ])("a threat that is %s, %s, %s is %s", (confidence, mitigation, classification, severity) => {
    expect(FACT_SEVERITIES[memberOf("threats", { ...threat, confidence_level: confidence, mitigation_status: mitigation, classification }).severity]).toBe(severity);
  });

  it("has the links that its record calls for", () => {
    expect(memberOf("threats", threat).links).toEqual(["storyline:s1", "file-device:ab12 | u-1", "outbreak:ab12 | invoice.exe"]);
    expect(memberOf("alerts", alert).links).toEqual(["name-user:ldap search | orchard\\krbtgt", "name-source:ldap search | lt-7"]);
    expect(memberOf("alerts", { ...alert, target_user_name: null }).links).toEqual(["name-device:ldap search | dc-01"]);
    expect(memberOf("cloud-detection-alerts", { id: "c1", created_at: AT, rule_name: "Encoded", agent_uuid: "U-1", source_process_file_hash_sha1: "CD", source_process_storyline: "S1" }).links).toEqual(["storyline:s1", "file-name-device:cd | encoded | u-1", "outbreak:cd | encoded"]);
  });

  it("has nothing in common by what stands where nobody knew better, and is itself where it says nothing", () => {
    for (const word of ["Unknown", "N/A", "-", "", "null", "0000000000000000000000000000000000000000"]) {
      expect(memberOf("alerts", { ...alert, asset_name: word, target_user_name: word, target_user_domain: word }).links, word).toEqual(["record:alerts/a1"]);
      expect(memberOf("threats", { ...threat, sha1: word, storyline: word }).links, word).toEqual(["name-device:invoice.exe | u-1"]);
    }
    expect(memberOf("threats", { ...threat, created_at: null }).links).toEqual(["record:threats/t1"]);
    expect(memberOf("alerts", { ...alert, asset_name: "Unknown" }).facts).toMatchObject({ device: null, entities: [["address", "LT-7"], ["user", "krbtgt"]] });
  });

  it("takes an asset that is a person for the user it is, once under whichever name, and for no device", () => {
    const person = { ...alert, asset_name: "krbtgt", asset_category: "Identity", asset_agent_uuid: null };
    expect(memberOf("alerts", person)).toMatchObject({ links: memberOf("alerts", alert).links, facts: { device: null, user: "krbtgt", entities: [["address", "LT-7"], ["user", "krbtgt"]] } });
    expect(memberOf("alerts", { ...person, asset_name: "ORCHARD\\KRBTGT" }).facts.entities).toEqual([["address", "LT-7"], ["user", "krbtgt"]]);
    expect(memberOf("alerts", { ...person, asset_name: "m.voss" }).facts.entities).toEqual([["address", "LT-7"], ["user", "krbtgt"], ["user", "m.voss"]]);
    const alone = memberOf("alerts", { ...person, asset_name: "m.voss", target_user_name: null, target_user_domain: null });
    expect([alone.links, alone.facts.user, alone.facts.device]).toEqual([["name-user:ldap search | m.voss", "name-source:ldap search | lt-7"], "m.voss", null]);
  });

  it("keeps long and hostile text within bounds, and apart", () => {
    const long = "x".repeat(5000);
    const [one, other] = [`${long}1`, `${long}2`].map((name) => memberOf("alerts", { ...alert, name, process_cmd_line: `${name}\u0000\ud800` }));
    expect(one?.links.every((key) => key.length < 400)).toBe(true);
    expect(one?.links[0]).not.toBe(other?.links[0]);
    expect(one?.facts.entities.every(([, value]) => value.length <= 500 && value.isWellFormed())).toBe(true);
    const hostile = memberOf("threats", { ...threat, threat_name: "a\u0000b\ud800", storyline: "s\u0000", agent_computer_name: "d\u0000", process_user: "\udfff" });
    const technique = memberOf("threats", { ...threat, indicators: JSON.stringify([{ tactics: [{ name: "x", techniques: [{ name: "T1\u0000" }] }] }]) });
    expect(technique.facts.entities.filter(([kind]) => kind === "technique").map(([, value]) => value)).toEqual(["T1\ufffd"]);
    expect(JSON.stringify(hostile)).not.toMatch(/\\u0000|\\ud800|\\udfff/);
    expect(hostile.facts.name).toBe("a\ufffdb\ufffd");
  });
});

describe("a link", () => {
  it("says its kind and how far it reaches, whatever its parts hold", () => {
    for (const kind of Object.keys(LINKS) as readonly (keyof typeof LINKS)[]) {
      const key = keyOf(kind, ["a:b", "c | d"]);
      expect([kindOf(key), reachOf(key)]).toEqual([kind, LINKS[kind].reachMs]);
    }
  });
});
