import { describe, expect, it } from "vitest";
import { cookiePlace, readCookies, setCookie } from "./cookies.ts";

const TOKEN = "t".repeat(43);
const HTTPS = "https://hub.example:8443/";

describe("a session's cookie", () => {
  it.each([
    [{ host: "127.0.0.1:8420" }, null, "vedette-8420"],
    [{ host: "localhost" }, null, "vedette-80"],
    [{ host: "[::1]:9000" }, null, "vedette-9000"],
    [{ host: "hub.example:8443" }, HTTPS, "__Host-vedette"],
    [{ host: "127.0.0.1:8420", origin: "https://hub.example:8443" }, HTTPS, "__Host-vedette"],
    [{ host: "127.0.0.1:8420" }, HTTPS, "vedette-8420"],
    [{ host: "10.0.0.5:8420" }, "http://10.0.0.5:8420", "vedette-8420"],
    [{ host: "10.0.0.5:8420" }, null, undefined],
    [{ host: "evil.example" }, HTTPS, undefined],
    [{ host: "hub.example" }, HTTPS, undefined],
    [{}, null, undefined],
  ] as const)("of a request with %j at a hub whose address is %j is named %j", (headers, publicUrl, name) => {
    expect(cookiePlace(headers, publicUrl)?.session).toBe(name);
  });

  it("is Secure wherever it is a __Host- cookie, and never has a domain", () => {
    const place = cookiePlace({ host: "hub.example:8443" }, HTTPS);
    if (place === null) throw new Error("no place");
    expect(setCookie(place, place.session, TOKEN, 60)).toBe(`__Host-vedette=${TOKEN}; Path=/; HttpOnly; SameSite=Strict; Max-Age=60; Secure`);
  });

  it("counts in the form that nobody can plant first, and never in the plain one where https is spoken", () => {
    const both = `vedette-8420=${"p".repeat(43)}; __Host-vedette=${TOKEN}`;
    expect(readCookies({ host: "127.0.0.1:8420", cookie: both }, HTTPS).session).toBe(TOKEN);
    expect(readCookies({ host: "hub.example:8443", cookie: `vedette-8443=${TOKEN}` }, HTTPS).session).toBeNull();
  });

  it.each([`vedette-8420=${TOKEN}; vedette-8420=${TOKEN}`, "vedette-8420=", "vedette-8420", `vedette-8420="${TOKEN}"`, `vedette-8421=${TOKEN}`, `vedette-8420=${"x".repeat(500)}`])("is not read from %j", (cookie) => {
    expect(readCookies({ host: "127.0.0.1:8420", cookie }, null).session).toBeNull();
  });
});
