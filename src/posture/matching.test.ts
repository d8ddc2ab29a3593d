import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { deviceOf, NOW, type ApiAgent } from "./fixtures.ts";
import { breakTie, chooseDevice, CLEARLY_STALE_MS, type Choice, type Identifiers } from "./matching.ts";
import type { DeviceFacts, Identifier } from "./model.ts";
import { foldEmail, foldHostname, foldMac, foldSerial, PLACEHOLDER_SERIALS, SHARED_MACS } from "./serials.ts";

const iso = (ms: number): string => new Date(ms).toISOString();
const agent = (id: string, changes: ApiAgent = {}): DeviceFacts => deviceOf({ id, lastActiveDate: iso(NOW - 60_000), ...changes });

function choose(devices: readonly DeviceFacts[], identifiers: Identifiers, matchBy: readonly Identifier[] = ["serial"]): Choice<DeviceFacts> {
  return chooseDevice(devices, identifiers, matchBy, NOW);
}

function told(choice: Choice<DeviceFacts>): string {
  if (choice.kind === "matched") return `${choice.device.id} by ${choice.by.join("+")} (${choice.confidence})`;
  return choice.kind === "ambiguous" ? `ambiguous ${choice.devices.map(({ id }) => id).join(" ")} by ${choice.by}` : `unknown: ${choice.why}`;
}

describe("a serial number", () => {
  it.each([
    ["cb14-00417", "CB14-00417"],
    ["  CB14-00417\t\n", "CB14-00417"],
    ["VMware-56 4d  8a", "VMWARE-56 4D 8A"],
    ["ABC\u0000\u0000", "ABC"],
    ["ABC\ufffd\ufffd", "ABC"],
    ["\ufeffABC\u200b", "ABC"],
    ["straße1", "STRAßE1"],
    ["ıſ-9a", "ıſ-9A"],
  ])("%j is compared as %j", (text, key) => {
    expect(foldSerial(text)).toEqual({ key });
  });

  it("is compared whole: 12 is neither 9123 nor 0012, and a blank in it is not nothing", () => {
    const devices = [agent("1", { serialNumber: "9123" }), agent("2", { serialNumber: "0012" }), agent("3", { serialNumber: "A 12" })];

    expect(told(choose(devices, { serial: "12" }))).toBe("unknown: no-device");
    expect(told(choose(devices, { serial: "A12" }))).toBe("unknown: no-device");
    expect(told(choose(devices, { serial: " a  12 " }))).toBe("3 by serial (high)");
    expect(told(choose(devices, { serial: "%" }))).toBe("unknown: placeholder");
  });

  it.each([null, undefined, "", "   ", "\u0000", "\ufffd\ufffd"])("%j is absent", (text) => {
    expect(foldSerial(text)).toEqual({ why: "absent" });
  });

  it.each([...PLACEHOLDER_SERIALS, "To be filled by O.E.M.", " default  string ", "system serial number", "0", "00000000", "none", "xxxxxxxx", "1234567890", "0123456789", "12345", "...", "-", "1", "FFFFFFFF-FFFF", "0000-0000", "ABCDEFG", "s".repeat(129)])("%j is a placeholder", (text) => {
    expect(foldSerial(text)).toEqual({ why: "placeholder" });
  });

  it.each(["CB14-00417", "C02XK0ABJG5J", "9123", "12", "VMware-56 4d 8a 12", "SIM0A1B2C3D", "CLONE-3", "NONE1", "5CG1234567", "1357924680", "0000-0001"])("%j is one", (text) => {
    expect(foldSerial(text)).toHaveProperty("key");
  });

  it("folds the same twice as once, and nothing but case and blanks is lost", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 40 }), (text) => {
        const folded = foldSerial(text);
        if ("why" in folded) return;
        expect(foldSerial(folded.key)).toEqual(folded);
        expect(foldSerial(`  ${text.replace(/[a-z]/g, (letter) => letter.toUpperCase())}\t`)).toEqual(folded);
      }),
    );
  });

  it("that is a placeholder is no match although an agent has the same", () => {
    expect(told(choose([agent("1", { serialNumber: "Default string" })], { serial: "Default string" }))).toBe("unknown: placeholder");
    expect(told(choose([agent("1", { serialNumber: null })], { serial: "" }))).toBe("unknown: no-identifier");
    expect(told(choose([agent("1")], {}))).toBe("unknown: no-identifier");
  });
});

describe("two agents with one serial number", () => {
  const both = (second: ApiAgent, first: ApiAgent = {}): string => told(choose([agent("1", first), agent("2", second)], { serial: "cb14-00417" }));

  it("that are both alive are ambiguous, in whatever order they come", () => {
    expect(both({})).toBe("ambiguous 1 2 by serial");
    expect(told(choose([agent("2"), agent("1")], { serial: "CB14-00417" }))).toBe("ambiguous 2 1 by serial");
  });

  it("are told apart when one was decommissioned or uninstalled, even if it reported last", () => {
    expect(both({ isDecommissioned: true, lastActiveDate: iso(NOW) })).toBe("1 by serial (high)");
    expect(both({ isUninstalled: true, lastActiveDate: iso(NOW) })).toBe("1 by serial (high)");
    expect(both({}, { isDecommissioned: true })).toBe("2 by serial (high)");
  });

  it("are told apart when one has been silent for a week longer, and not a moment sooner", () => {
    expect(both({ lastActiveDate: iso(NOW - 60_000 - CLEARLY_STALE_MS) })).toBe("1 by serial (high)");
    expect(both({ lastActiveDate: iso(NOW - 60_000 - CLEARLY_STALE_MS + 1) })).toBe("ambiguous 1 2 by serial");
  });

  it("stay ambiguous when it cannot be told when one of them reported, or it says tomorrow", () => {
    expect(both({ lastActiveDate: null })).toBe("ambiguous 1 2 by serial");
    expect(both({ lastActiveDate: "2099-01-01T00:00:00Z" }, { lastActiveDate: iso(NOW - 3 * CLEARLY_STALE_MS) })).toBe("ambiguous 1 2 by serial");
  });

  it("that are both gone from service are the one that reported last, if clearly", () => {
    const gone: ApiAgent = { isDecommissioned: true };
    expect(both({ ...gone, lastActiveDate: iso(NOW - 2 * CLEARLY_STALE_MS) }, gone)).toBe("1 by serial (high)");
    expect(both(gone, gone)).toBe("ambiguous 1 2 by serial");
  });

  it("may be told apart by a weaker identifier the rule allows, and by none it does not", () => {
    const devices = [agent("1"), agent("2", { networkInterfaces: [{ physical: "02:11:22:33:44:66" }] })];
    const asked = { serial: "CB14-00417", mac: "02-11-22-33-44-66" };

    expect(told(choose(devices, asked, ["serial", "mac"]))).toBe("2 by serial+mac (high)");
    expect(told(choose(devices, asked, ["serial"]))).toBe("ambiguous 1 2 by serial");
    expect(told(choose(devices, { ...asked, mac: "02:99:99:99:99:99" }, ["serial", "mac"]))).toBe("ambiguous 1 2 by serial");
  });

  it("that are one agent listed twice are one", () => {
    expect(told(choose([agent("1"), agent("1")], { serial: "CB14-00417" }))).toBe("1 by serial (high)");
  });

  it("the tie-break never leaves nobody, and never lets a retired one stand beside a live one", () => {
    const device = fc.record({ isDecommissioned: fc.constantFrom(true, false, null), isUninstalled: fc.boolean(), lastActiveDate: fc.oneof(fc.constant(null), fc.integer({ min: -30, max: 2 }).map((days) => iso(NOW + days * 86_400_000))) });
    fc.assert(
      fc.property(fc.array(device, { minLength: 1, maxLength: 5 }), (changes) => {
        const devices = changes.map((change, index) => agent(String(index + 1), change));
        const left = breakTie(devices, NOW);
        expect(left.length).toBeGreaterThan(0);
        const retired = (one: DeviceFacts): boolean => one.decommissioned === true || one.uninstalled === true;
        if (devices.length > 1 && devices.some((one) => !retired(one))) expect(left.some(retired)).toBe(false);
        expect(breakTie(left, NOW)).toEqual(left);
      }),
    );
  });

  it("a hundred thousand of them are counted and not choked on", () => {
    const one = agent("1");
    const crowd = Array.from({ length: 100_000 }, (_, index) => ({ ...one, id: String(index) }));

    expect(choose(crowd, { serial: "CB14-00417" }).kind).toBe("ambiguous");
  });
});

describe("weaker identifiers", () => {
  const device = agent("1", { serialNumber: null });
  const asked: Identifiers = { serial: "", mac: "0211.2233.4455", hostname: "of-lt-0417.orchard.test", email: "J.OROZCO@orchard.test" };

  it("are used only where the rule allows them, each with its confidence", () => {
    expect(told(choose([device], asked))).toBe("unknown: no-identifier");
    expect(told(choose([device], asked, ["serial", "mac"]))).toBe("1 by mac (medium)");
    expect(told(choose([device], asked, ["hostname"]))).toBe("1 by hostname (low)");
    expect(told(choose([device], asked, ["email"]))).toBe("1 by email (low)");
  });

  it("come after stronger ones, whatever order the rule writes", () => {
    const named = agent("2", { networkInterfaces: [], serialNumber: null });
    expect(told(choose([named, device], asked, ["email", "hostname", "mac", "serial"]))).toBe("1 by mac (medium)");
  });

  it("never lead to a machine that has another serial number", () => {
    const other = agent("1", { serialNumber: "OTHER-77" });
    for (const matchBy of [["serial", "mac"], ["mac"], ["hostname", "email"]] as const) {
      expect(told(choose([other], { ...asked, serial: "CB14-00417" }, matchBy))).toBe("unknown: no-device");
    }
    expect(told(choose([device], { ...asked, serial: "CB14-00417" }, ["serial", "mac"]))).toBe("1 by mac (medium)");
  });

  it("that two live machines share are ambiguous: one name, one user with two devices", () => {
    const second = agent("2", { serialNumber: "B-2", networkInterfaces: [] });
    expect(told(choose([agent("1"), second], { hostname: "OF-LT-0417" }, ["hostname"]))).toBe("ambiguous 1 2 by hostname");
    expect(told(choose([agent("1"), second], { email: "j.orozco@orchard.test" }, ["email"]))).toBe("ambiguous 1 2 by email");
  });

  it.each<readonly [string | null, string | null]>([
    ["02:11:22:33:44:55", "02:11:22:33:44:55"],
    ["02-11-22-33-44-5A", "02:11:22:33:44:5a"],
    ["0211.2233.445a", "02:11:22:33:44:5a"],
    [" 02112233445A ", "02:11:22:33:44:5a"],
    ["00:00:00:00:00:00", null],
    ["ff:ff:ff:ff:ff:ff", null],
    ["01:00:5e:00:00:01", null],
    ["02:11:22:33:44", null],
    ["02:11:22:33:44:5g", null],
    ["", null],
    [null, null],
    ...SHARED_MACS.map((mac): readonly [string, null] => [mac.toUpperCase(), null]),
  ])("the network address %j is %j", (text, mac) => {
    expect(foldMac(text)).toBe(mac);
  });

  it.each([
    ["PC-1", "pc-1"],
    ["pc-1.corp.example.", "pc-1"],
    ["pc-1.local", "pc-1"],
    [" PC-1 ", "pc-1"],
    ["10.0.0.1", null],
    ["fe80::1", null],
    ["localhost", null],
    ["", null],
    [".x", null],
    [null, null],
  ])("the host name %j is %j", (text, name) => {
    expect(foldHostname(text)).toBe(name);
  });

  it.each([
    ["A@B.example", "a@b.example"],
    [" a@b ", "a@b"],
    ["CORP\\user", null],
    ["a@b@c", null],
    ["@b", null],
    ["", null],
  ])("the e-mail %j is %j", (text, address) => {
    expect(foldEmail(text)).toBe(address);
  });

  it("are read from the agent's own interfaces and its directory entry, each once", () => {
    const { macs, emails, hostname } = agent("1", { networkInterfaces: [{ physical: "02:11:22:33:44:55" }, { physical: "02-11-22-33-44-55" }, { physical: null }, null, "x", { physical: "00:00:00:00:00:00", gatewayMacAddress: "02:00:5e:00:00:01" }] });

    expect(macs).toEqual(["02:11:22:33:44:55"]);
    expect(emails).toEqual(["j.orozco@orchard.test"]);
    expect(hostname).toBe("OF-LT-0417");
    expect(agent("1", { networkInterfaces: "x", activeDirectory: null })).toMatchObject({ macs: [], emails: [] });
  });
});
