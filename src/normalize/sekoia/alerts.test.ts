import { describe, expect, it } from "vitest";
import { mapped } from "./mapped.test-kit.ts";

describe("unified alerts as Sekoia's identity intake gives them", () => {
  it("kind, category and type are single words, not lists", () => {
    expect(mapped("alerts", {}).at("event")).toStrictEqual({ kind: "alert", category: "intrusion_detection", type: "info" });
  });

  it("an alert of any product is one of Singularity Identity; its own product is in event.provider", () => {
    const { at } = mapped("alerts", { detectionSource: { product: "CWS" } });

    expect([at("observer"), at("event.provider")]).toEqual([{ vendor: "SentinelOne", product: "Singularity Identity" }, "CWS"]);
  });

  it("a user that is the alert's resource is taken for a host", () => {
    expect(mapped("alerts", { rawData: { resources: [{ name: "mvoss", type: "identity::users_and_groups::ad_user" }] } }).at("host")).toStrictEqual({ name: "mvoss" });
  });

  it("the operating system is told in the vendor's capitals, also when it is unknown", () => {
    expect(mapped("alerts", { asset: { osType: "UNKNOWN" } }).at("host.os.family")).toBe("UNKNOWN");
  });

  it("tactics keep the vendor's ids and their order, techniques are not told", () => {
    const { at } = mapped("alerts", { rawData: { finding_info: { attacks: [{ technique: { uid: "T1003" }, tactics: [{ uid: "TA006", name: "b" }, { uid: "TA001", name: "a" }] }, { tactics: [{ uid: "TA002", name: "c" }] }] } } });

    expect(at("threat")).toStrictEqual({ tactic: { id: ["TA006", "TA001", "TA002"], name: ["b", "a", "c"] } });
    expect(mapped("alerts", { rawData: { finding_info: { attacks: [] } } }).at("threat")).toBeUndefined();
  });

  it("the storyline is asked for under a name that no alert has", () => {
    expect(mapped("alerts", { storylineId: "S" }).at("sentinelone")).toBeUndefined();
    expect(mapped("alerts", { storyLineId: "S" }).at("sentinelone.identity.storyLineId")).toBe("S");
  });

  it("only the first evidence and the first resource are read, and severity is not", () => {
    const { document } = mapped("alerts", { severity: "HIGH", rawData: { severity_id: 5, evidences: [{}, { actor: { user: { name: "second" } } }], resources: [{}, { name: "second" }] } });

    expect(Object.keys(document).toSorted()).toEqual(["event", "message", "observer"]);
  });

  it("without details, or with null for them, the short form is given", () => {
    expect(mapped("alerts", { id: "1", rawData: null }).document).toStrictEqual({ ...mapped("alerts", { id: "1" }).document, message: '{"id":"1","rawData":null}' });
  });

  it("hashes and the image's path keep their case", () => {
    const { at } = mapped("alerts", { process: { file: { path: "/Opt/Kit", sha256: "AB", md5: null } } });

    expect(at("process")).toStrictEqual({ executable: "/Opt/Kit", name: "Kit", hash: { sha256: "AB" } });
  });
});
