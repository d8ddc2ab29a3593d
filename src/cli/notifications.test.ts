import { describe, expect, it } from "vitest";
import { NOTIFICATION_ROUTES, notificationRule } from "./test-notification-views.ts";
import { destination } from "./test-views.ts";
import { vedette } from "./test-support.ts";

const ROUTES = { ...NOTIFICATION_ROUTES, "GET /api/v1/destinations": { items: [destination], next: null }, "GET /api/v1/tenants": { items: [{ id: "ten_1", name: "Orchard", createdAt: "2026-01-01T00:00:00.000Z", leavingSince: null, purgeAfter: null }], next: null } };

async function sent(...argv: readonly string[]): Promise<unknown> {
  const { code, stderr, api } = await vedette(["notifications", ...argv], ROUTES);
  expect(code, stderr).toBe(0);
  return api.calls.at(-1)?.body;
}

describe("notifications add and edit", () => {
  it.each<readonly [readonly string[], object]>([
    [["add", "soc", "--to", "access"], { name: "soc", destination: "dst_1" }],
    [["add", "soc", "--to", "access", "--tenant", "Orchard", "--tells", "opened", "--tells", "unanswered", "--unanswered-after", "30", "--type", "malware"], { name: "soc", destination: "dst_1", tenant: "ten_1", tells: ["opened", "unanswered"], unansweredMinutes: 30, types: ["malware"] }],
    [["add", "m", "--to", "access", "--pace", "daily", "--at", "07:30", "--time-zone", "Europe/Berlin", "--through", "none", "--all-tenants"], { name: "m", destination: "dst_1", pace: "daily", at: "07:30", timeZone: "Europe/Berlin", through: null, tenants: ["*"] }],
    [["add", "m", "--to", "access", "--quiet-day", "sat"], { name: "m", destination: "dst_1", quiet: { from: "00:00", to: "00:00", days: ["sat"] } }],
    [["edit", "soc", "--quiet", "21:00-06:00", "--quiet-day", "sat", "--rename", "night"], { quiet: { from: "21:00", to: "06:00", days: ["sat"] }, name: "night" }],
    [["edit", "soc", "--quiet-day", "sat"], { quiet: { from: "22:00", to: "07:00", days: ["sat"] } }],
    [["edit", "soc", "--no-quiet", "--disable"], { quiet: null, enabled: false }],
  ])("%j", async (argv, body) => {
    expect(await sent(...argv)).toEqual(body);
  });

  it.each<readonly [readonly string[], RegExp]>([
    [["add", "soc"], /--to and the name of a destination/],
    [["add", "soc", "--to", "nowhere"], /no destination "nowhere"/],
    [["add", "soc", "--to", "access", "--quiet", "22-7"], /22:00-07:00/],
    [["add", "soc", "--to", "access", "--tells", "everything"], /opened, escalated/],
    [["add", "soc", "--to", "access", "--at", "25:00"], /08:00/],
    [["edit", "soc"], /nothing to change/],
    [["edit", "soc", "--enable", "--disable"], /mean nothing/],
    [["remove", "soc"], /forgets 2 things that wait/],
  ])("%j is refused, and says what is expected", async (argv, words) => {
    const { code, stderr, api } = await vedette(["notifications", ...argv], ROUTES);
    expect([code === 0, api.calls.filter(({ method }) => method !== "GET")]).toEqual([false, []]);
    expect(stderr).toMatch(words);
  });
});

it("notifications list says in a few words who is told what and when; preview shows hostile names as text", async () => {
  const { stdout } = await vedette(["notifications", "list"], { ...ROUTES, "GET /api/v1/notifications": { items: [notificationRule, { ...notificationRule, name: "off", enabled: false, destinationName: null }], next: null } });
  expect(stdout).toContain("opened, escalated; high or more");
  expect(stdout).toContain("daily at 07:30; quiet 22:00-07:00 sun; critical always; Europe/Berlin");
  expect(stdout).toContain("(removed)");
  const shown = await vedette(["notifications", "preview", "soc"], ROUTES);
  expect(shown.stdout).toContain("[high] x");
  expect(shown.stdout).not.toContain("\u001b[2J");
});
