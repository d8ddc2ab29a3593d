import { describe, expect, it } from "vitest";
import { proxyFor } from "./proxy.ts";

const console_ = new URL("https://usea1-011.sentinelone.net");

describe("the proxy of the environment", () => {
  it("is chosen by the target's scheme, lower-case names first", () => {
    expect(proxyFor(console_, { HTTPS_PROXY: "http://p:1", HTTP_PROXY: "http://q:2" })).toBe("http://p:1");
    expect(proxyFor(console_, { https_proxy: "low:1", HTTPS_PROXY: "http://p:1" })).toBe("http://low:1");
    expect(proxyFor(console_, { HTTP_PROXY: "http://q:2" })).toBeNull();
    expect(proxyFor(console_, { ALL_PROXY: "http://a:3" })).toBe("http://a:3");
    expect(proxyFor(console_, {})).toBeNull();
  });

  it.each(["*", "sentinelone.net", ".sentinelone.net", "*.sentinelone.net", "other.test, usea1-011.sentinelone.net:443"])("is left aside for NO_PROXY=%s", (list) => {
    expect(proxyFor(console_, { HTTPS_PROXY: "http://p:1", NO_PROXY: list })).toBeNull();
  });

  it.each(["one.net", "evil-sentinelone.net", "usea1-011.sentinelone.net:8443", ""])("is used in spite of NO_PROXY=%s", (list) => {
    expect(proxyFor(console_, { HTTPS_PROXY: "http://p:1", NO_PROXY: list })).toBe("http://p:1");
  });

  it.each(["http://127.0.0.1:8080", "http://localhost:1", "http://[::1]:2"])("never stands before loopback: %s", (origin) => {
    expect(proxyFor(new URL(origin), { HTTP_PROXY: "http://p:1", HTTPS_PROXY: "http://p:1" })).toBeNull();
  });

  it("a proxy that is no http address is refused by name", () => {
    expect(() => proxyFor(console_, { HTTPS_PROXY: "socks5://p:1" })).toThrow(/proxy/);
  });
});
