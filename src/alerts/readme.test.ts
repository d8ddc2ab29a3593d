import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { EVENT_STREAMS } from "../kernel/alert-api.ts";
import { activities } from "../sentinelone/streams/activities.ts";
import { alerts } from "../sentinelone/streams/alerts.ts";
import { cloudDetectionAlerts } from "../sentinelone/streams/cloud-detection-alerts.ts";
import { threats } from "../sentinelone/streams/threats.ts";
import { STATE_FIELDS } from "./project.ts";

const README = readFileSync(new URL("./README.md", import.meta.url), "utf8");
const rows = README.split("\n").filter((line) => line.startsWith("| ")).map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim()));

describe("the README", () => {
  it("names every stream with what it needs, and every value that makes a version, in order", () => {
    const needs = new Map([alerts, threats, cloudDetectionAlerts, activities].map((stream) => [stream.id, stream.needs.map((need) => `\`${need}\``).join(" ")]));
    for (const stream of EVENT_STREAMS) {
      const [first, second] = rows.filter(([name]) => name === `\`${stream}\``);
      expect([first?.[2], second?.[1]], stream).toEqual([needs.get(stream), STATE_FIELDS[stream].map(({ name }) => `\`${name}\``).join(" ")]);
    }
  });
});
