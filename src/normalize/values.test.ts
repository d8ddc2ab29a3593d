import { describe, expect, it } from "vitest";
import { account, address, addresses, baseName, decimal, directoryOf, epoch, extensionOf, flag, hash, instant, mac, object, port, size, slug, text, texts, whole } from "./values.ts";

describe("times", () => {
  it.each([
    ["2026-03-02T08:15:30.123456Z", "2026-03-02T08:15:30.123456Z"],
    ["2022-03-29T17:17:40.622+00:00", "2022-03-29T17:17:40.622Z"],
    ["2022-03-29T17:17:40+0200", "2022-03-29T17:17:40+02:00"],
    ["2022-03-11 14:14:54", "2022-03-11T14:14:54Z"],
    ["1733922708487", "2024-12-11T13:11:48.487Z"],
    [1_733_922_708_487, "2024-12-11T13:11:48.487Z"],
    [1_664_811_166, "2022-10-03T15:32:46.000Z"],
    [1_664_811_149_488_123, "2022-10-03T15:32:29.488Z"],
    [1_664_811_149_488_123_456n, "2022-10-03T15:32:29.488Z"],
    [-86_400_000_000, "1967-04-07T00:00:00.000Z"],
  ])("%s is an instant", (given, wanted) => {
    expect(instant(given)).toBe(wanted);
  });

  it.each([-11_644_473_600_000, "-11644473600000", 0, "", "18:32:29.495", "2021-02-31T00:00:00Z", "2021-13-01T00:00:00Z", "yesterday", true, null, {}, Number.MAX_VALUE])("%j is none: no time is made up for it", (given) => {
    expect(instant(given)).toBeUndefined();
  });

  it("can be compared", () => {
    expect(epoch("1970-01-01T00:00:01Z")).toBe(1000);
  });
});

describe("addresses", () => {
  it("are told from host names, masks and words, and lose their zone", () => {
    expect(["203.0.113.7", "FE80::1%eth0", "[2001:db8::1]"].map(address)).toEqual(["203.0.113.7", "fe80::1", "2001:db8::1"]);
    expect(["203.0.113.x", "n/a", "host", "", "1.2.3", null, 1].map(address)).toEqual(Array.from({ length: 7 }));
  });

  it("stand in one field with commas between them, or in an array", () => {
    expect(addresses("192.0.2.1, 10.4.4.69,,n/a")).toEqual(["192.0.2.1", "10.4.4.69"]);
    expect(addresses(["192.0.2.1", "10.4.4.69,::1", 7])).toEqual(["192.0.2.1", "10.4.4.69", "::1"]);
    expect(addresses(null)).toEqual([]);
  });

  it("of hardware are upper case with dashes", () => {
    expect(["08:00:27:52:5d:be", "00-00-5e-00-53-00", "0800.2752.5dbe", "00:00:00:00:00:00", "08:00", "zz:00:27:52:5d:be", null].map(mac)).toEqual(["08-00-27-52-5D-BE", "00-00-5E-00-53-00", "08-00-27-52-5D-BE", undefined, undefined, undefined, undefined]);
  });
});

describe("numbers", () => {
  it("of 64 bits keep every digit, as numbers and as text", () => {
    expect([1, "42", 9_223_372_036_854_775_807n, "9223372036854775807", "-5"].map(whole)).toEqual([1, 42, 9_223_372_036_854_775_807n, 9_223_372_036_854_775_807n, -5]);
    expect([1.5, "1.5", "9223372036854775808", "0x10", "", null, true].map(whole)).toEqual(Array.from({ length: 7 }));
  });

  it("that cannot be sizes or ports are none", () => {
    expect([size(-1), size("0"), port(0), port("443"), port(70_000)]).toEqual([undefined, 0, undefined, 443, undefined]);
  });

  it("with a point come as text too", () => {
    expect(["7.50", 4.3, "x", "", null].map(decimal)).toEqual([7.5, 4.3, undefined, undefined, undefined]);
  });

  it("that are yes or no come as text too", () => {
    expect([true, "true", "False", "yes", 1].map(flag)).toEqual([true, true, false, undefined, undefined]);
  });
});

describe("texts", () => {
  it("that say nothing are none", () => {
    expect(["a", " ", "", null, 7, {}].map(text)).toEqual(["a", undefined, undefined, undefined, "7", undefined]);
    expect([texts(["a", "", 1, null]), texts("b"), texts(null)]).toEqual([["a", "1"], ["b"], []]);
  });

  it("of paths are parted at both separators", () => {
    expect(["C:\\Windows\\x.exe", "/usr/bin/ls", "x", "C:\\x", "/x"].map((path) => [directoryOf(path), baseName(path)])).toEqual([
      ["C:\\Windows", "x.exe"],
      ["/usr/bin", "ls"],
      [undefined, "x"],
      ["C:\\", "x"],
      ["/", "x"],
    ]);
    expect(["a.TAR.GZ", ".bashrc", "x.", "x"].map(extensionOf)).toEqual(["gz", undefined, undefined, undefined]);
  });

  it("of users are parted from their domain", () => {
    expect(["LAB\\john", "john", "john@lab.test", "LAB\\\\john", "\\john", "LAB\\", "-", ""].map(account)).toEqual([
      { name: "john", domain: "LAB" },
      { name: "john", domain: undefined },
      { name: "john@lab.test", domain: undefined },
      { name: "john", domain: "LAB" },
      { name: "john", domain: undefined },
      { name: "LAB\\", domain: undefined },
      undefined,
      undefined,
    ]);
  });

  it("become one word, whatever their script", () => {
    expect(["LDAP Search Detected", "Brute force attack - Mass Account Lockout", "Détecté!", "--"].map(slug)).toEqual(["ldap-search-detected", "brute-force-attack-mass-account-lockout", "détecté", undefined]);
  });

  it("of hashes are lower case", () => {
    expect([hash("18F76BC1F02A161EBDEDF3142273C186"), hash("short"), hash(null)]).toEqual(["18f76bc1f02a161ebdedf3142273c186", undefined, undefined]);
  });
});

it("what is no object has no fields", () => {
  expect([object(null), object([1]), object("x"), object({ a: 1 })]).toEqual([{}, {}, {}, { a: 1 }]);
});
