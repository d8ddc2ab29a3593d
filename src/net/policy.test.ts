import { describe, expect, it } from "vitest";
import { Fault } from "../kernel/fault.ts";
import { createAddressPolicy, forbiddenRange, isAllowedHost, parseAllowedHosts, type Address } from "./policy.ts";

/** Every special block's edges and middles, and the IPv6 forms that carry an IPv4 address. */
const FORBIDDEN = [
  "0.0.0.0", "0.0.0.1", "0.255.255.255", "10.0.0.0", "10.0.0.1", "10.255.255.255", "100.64.0.0", "100.64.0.1", "100.100.100.200", "100.127.255.255",
  "127.0.0.1", "127.0.0.0", "127.1.2.3", "127.255.255.255", "168.63.129.16", "169.254.0.1", "169.254.169.254", "169.254.170.2", "169.254.255.255",
  "172.16.0.0", "172.16.0.1", "172.31.255.255", "172.20.10.1", "192.0.0.0", "192.0.0.1", "192.0.0.170", "192.0.0.192", "192.0.2.1", "192.0.2.255", "192.31.196.1",
  "192.52.193.1", "192.88.99.1", "192.88.99.2", "192.168.0.1", "192.168.255.255", "192.175.48.1", "198.18.0.0", "198.18.0.1", "198.19.255.255", "198.51.100.7",
  "203.0.113.5", "203.0.113.255", "224.0.0.1", "224.0.0.251", "239.255.255.250", "240.0.0.1", "250.1.2.3", "255.255.255.254", "255.255.255.255",
  "::", "::1", "::2", "::127.0.0.1", "::10.0.0.1", "::a9fe:a9fe", "::8.8.8.8", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::ffff:8.8.8.8", "::ffff:0:127.0.0.1",
  "::ffff:7f00:1", "0:0:0:0:0:ffff:7f00:0001", "64:ff9b::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a00:1", "64:ff9b::a9fe:a9fe", "64:ff9b::8.8.8.8", "64:ff9b:1::1",
  "64:ff9b:1:ffff:ffff:ffff:ffff:ffff", "64:ff9b:2::1", "100::1", "100:0:0:1::1", "2001::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:2::1", "2001:10::1", "2001:20::1",
  "2001:db8::1", "2001:db8:ffff::1", "2002::1", "2002:7f00:1::1", "2002:a00:1::", "2002:a9fe:a9fe::1", "2002:c0a8:101::1", "2620:4f:8000::1", "3fff::1", "3fff:fff::1", "4000::1", "5f00::1", "8000::1",
  "fc00::1", "fd00::1", "fd00:ec2::254", "fdff:ffff::1", "fe00::1", "fe80::1", "fe80::a9fe:a9fe", "febf::1", "fec0::1", "feff::1", "ff00::1", "ff02::1", "ff02::fb", "ff0e::1",
] as const;

const NOT_ADDRESSES = ["", "localhost", "2130706433", "0x7f000001", "0177.0.0.1", "127.1", "1.2.3", "1.2.3.4.5", "::g", "127.0.0.1:80", "[::1]", "usea1-011.sentinelone.net", "１２７.0.0.1"] as const;
const PUBLIC = ["1.1.1.1", "8.8.8.8", "52.86.25.124", "100.63.255.255", "100.128.0.0", "172.15.255.255", "172.32.0.1", "192.167.255.255", "223.255.255.255", "2606:4700:4700::1111", "2a00:1450:4001:831::200e", "2600:1f18::1"] as const;

describe("which addresses may be reached", () => {
  it("has more than a hundred forbidden forms in its table", () => {
    expect(FORBIDDEN.length + NOT_ADDRESSES.length).toBeGreaterThanOrEqual(100);
  });

  it.each(FORBIDDEN)("refuses %s", (address) => {
    expect(forbiddenRange(address)).not.toBeNull();
  });

  it.each(NOT_ADDRESSES)("refuses what is no canonical address: %j", (address) => {
    expect(forbiddenRange(address)).toBe("not an address");
  });

  it.each(PUBLIC)("lets %s through", (address) => {
    expect(forbiddenRange(address)).toBeNull();
  });
});

describe("names", () => {
  const resolveTo = (...addresses: readonly string[]) => async (): Promise<readonly Address[]> => addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 }));

  it("one forbidden address among public ones refuses the name", async () => {
    const policy = createAddressPolicy({ allowedHosts: [], resolve: resolveTo("8.8.8.8", "10.0.0.1") });

    await expect(policy.resolve("usea1.sentinelone.net", 443)).rejects.toMatchObject({ code: "OUTBOUND_ADDRESS_REFUSED" });
  });

  it("a name without an address is unreachable, not allowed", async () => {
    const policy = createAddressPolicy({ allowedHosts: [], resolve: resolveTo() });

    await expect(policy.resolve("usea1.sentinelone.net", 443)).rejects.toMatchObject({ code: "S1_UNREACHABLE" });
  });

  it("gives back the checked addresses, so that no second look-up is needed", async () => {
    const policy = createAddressPolicy({ allowedHosts: [], resolve: resolveTo("8.8.8.8") });

    await expect(policy.resolve("usea1.sentinelone.net", 443)).resolves.toEqual([{ address: "8.8.8.8", family: 4 }]);
  });

  it("an operator's host may lead anywhere, on its own port only", async () => {
    const policy = createAddressPolicy({ allowedHosts: parseAllowedHosts("console.internal:8443"), resolve: resolveTo("10.0.0.1") });

    await expect(policy.resolve("console.internal", 8443)).resolves.toHaveLength(1);
    await expect(policy.resolve("console.internal", 443)).rejects.toBeInstanceOf(Fault);
    await expect(policy.resolve("other.internal", 8443)).rejects.toBeInstanceOf(Fault);
  });

  it("an address written out is checked without a look-up", async () => {
    const policy = createAddressPolicy({ allowedHosts: [], resolve: async () => Promise.reject(new Error("must not be asked")) });

    await expect(policy.resolve("127.0.0.1", 80)).rejects.toMatchObject({ code: "OUTBOUND_ADDRESS_REFUSED" });
    await expect(policy.resolve("[::1]", 80)).rejects.toMatchObject({ code: "OUTBOUND_ADDRESS_REFUSED" });
  });
});

describe("the operator's list", () => {
  it("reads hosts, ports, brackets and blanks", () => {
    expect(parseAllowedHosts(" 127.0.0.1:8080, Console.Example.org ,[::1]:9, ")).toEqual([
      { host: "127.0.0.1", port: 8080 },
      { host: "console.example.org", port: null },
      { host: "::1", port: 9 },
    ]);
    expect(parseAllowedHosts(undefined)).toEqual([]);
  });

  it.each(["https://x", "x/y", "x:0", "x:70000", "a b", "user@x", "::1"])("refuses %j with a reason", (entry) => {
    expect(() => parseAllowedHosts(entry)).toThrow(/host\[:port\]/);
  });

  it("compares whole names: neither a suffix nor a prefix is enough", () => {
    const allowed = parseAllowedHosts("example.org");

    expect(isAllowedHost(allowed, "EXAMPLE.org.", 1234)).toBe(true);
    expect(isAllowedHost(allowed, "evil-example.org", 443)).toBe(false);
    expect(isAllowedHost(allowed, "example.org.evil.test", 443)).toBe(false);
    expect(isAllowedHost(allowed, "sub.example.org", 443)).toBe(false);
  });
});
