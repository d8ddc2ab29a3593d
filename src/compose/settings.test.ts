import { describe, expect, it } from "vitest";
import { Fault } from "../kernel/fault.ts";
import { parseBytes, readSettings } from "./settings.ts";

describe("settings", () => {
  it("works with nothing set, and keeps the key outside the data folder", () => {
    const settings = readSettings({});
    expect(settings.keyFile.startsWith(settings.dataFolder)).toBe(false);
    expect(settings).toMatchObject({ databaseUrl: null, diskBudget: null, requestShare: 0.8, logLevel: "info", allowedHosts: [], retentionDays: {}, caseLookBackDays: 30 });
  });

  it("reads every variable", () => {
    const settings = readSettings({
      VEDETTE_DATA: "/srv/vedette",
      VEDETTE_DATABASE_URL: "postgresql://hub:hunter2@db/vedette",
      VEDETTE_PUBLIC_URL: "https://vedette.example.com",
      VEDETTE_ALLOW_CONSOLE_HOSTS: " 127.0.0.1:8080 , Console.Example.com ",
      VEDETTE_DISK_BUDGET: "20GB",
      VEDETTE_RETENTION: "activities=365, threats=730",
      VEDETTE_CASES_LOOK_BACK: "0",
      VEDETTE_REQUEST_SHARE: "off",
      VEDETTE_LOG_LEVEL: "debug",
    });
    expect(settings).toMatchObject({ dataFolder: "/srv/vedette", allowedHosts: [{ host: "127.0.0.1", port: 8080 }, { host: "console.example.com" }], diskBudget: 20e9, retentionDays: { activities: 365, threats: 730 }, requestShare: "off", caseLookBackDays: 0 });
    expect(JSON.stringify(settings)).not.toContain("hunter2");
  });

  it.each([
    ["VEDETTE_ALLOW_DESTINATION_HOSTS", "http://hooks.internal"],
    ["VEDETTE_DISK_BUDGET", "lots"],
    ["VEDETTE_DISK_BUDGET", "-1GB"],
    ["VEDETTE_RETENTION", "activity=3"],
    ["VEDETTE_RETENTION", "activities=0"],
    ["VEDETTE_CASES_LOOK_BACK", "-1"],
    ["VEDETTE_REQUEST_SHARE", "2"],
    ["VEDETTE_LOG_LEVEL", "loud"],
    ["VEDETTE_PUBLIC_URL", "ftp://x"],
    ["VEDETTE_PUBLIC_URL", "https://me:secret@x"],
    ["VEDETTE_DATABASE_URL", "mysql://root:hunter2@db"],
  ])("refuses %s=%s with a message that names the variable", (name, value) => {
    const attempt = (): unknown => readSettings({ [name]: value });
    expect(attempt).toThrow(Fault);
    expect(attempt).toThrow(name);
    expect(attempt).not.toThrow("hunter2");
  });

  it("understands sizes as people write them", () => {
    expect([parseBytes("1000"), parseBytes("1.5 GB"), parseBytes("2GiB"), parseBytes("3 furlongs")]).toEqual([1000, 1.5e9, 2 * 1024 ** 3, null]);
  });
});
