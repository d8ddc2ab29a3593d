import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CHROMIUM, settled } from "./browser.ts";
import { openConsole, setUp, type OpenConsole, type Visit } from "./hub.ts";

if (CHROMIUM === undefined) process.stderr.write("SKIPPED: there is no Chromium to open the console with (VEDETTE_CHROMIUM names one elsewhere).\n");

type Item = Readonly<Record<string, unknown>>;

interface Shown {
  /** As it stands in the address. */
  readonly address: string;
  /** The hub's own list. */
  readonly list: string;
  /** Its filters where they are not those of the address. */
  readonly query?: string;
  /** The column of the file that tells rows apart, and the same of the hub's list. */
  readonly header: string;
  readonly says: (item: Item) => unknown;
}

const text = (value: unknown): string => (typeof value === "string" ? value : "");
const PAGES: readonly Shown[] = [
  { address: "/devices?verdict=none&sort=-seen", list: "/api/v1/posture/fleet", header: "Serial", says: ({ serial }) => text(serial) },
  { address: "/devices?os=windows&sort=-name", list: "/api/v1/posture/fleet", header: "Device", says: ({ name }) => name },
  { address: "/vulnerabilities/findings", list: "/api/v1/vulnerabilities/findings", header: "Weakness", says: ({ cve, name }) => cve ?? name },
  { address: "/vulnerabilities/findings?severity=high&class=open", list: "/api/v1/vulnerabilities/findings", header: "Weakness", says: ({ cve, name }) => cve ?? name },
  { address: "/access/people?text=a", list: "/api/v1/access/principals", header: "E-mail", says: ({ email }) => text(email) },
  { address: "/cases?severity=high&status=any", list: "/api/v1/cases", header: "id", says: ({ id }) => id },
  { address: "/alerts?severity=medium&stream=threats", list: "/api/v1/alerts", header: "id", says: ({ id }) => id },
  { address: "/access/risks?severity=medium", list: "/api/v1/access/risks", header: "id", says: ({ id }) => id },
  { address: "/administration/audit?event=hub", list: "/api/v1/audit", query: "event=hub&newestFirst=true", header: "No.", says: ({ seq }) => String(seq) },
];

describe.skipIf(CHROMIUM === undefined)("a file of what a page shows", () => {
  let hub: OpenConsole;
  let mara: Visit;

  beforeAll(async () => {
    hub = await openConsole({ estate: { agents: 260, users: 160, risks: 1200, threats: 240 } });
    mara = await hub.visit();
    await setUp(hub, mara);
  });
  afterAll(() => hub?.close());

  it.each(PAGES)("holds exactly what the filters of $address leave, whatever is loaded, in the order of the table", async ({ address, list, query, header, says }) => {
    const { page } = mara;
    await page.goto(`${hub.url}${address}`);
    await settled(page);
    const [file] = await Promise.all([page.waitForEvent("download"), page.getByText(/^Export (?:all|as CSV)$/u).click()]);
    const [head = [], ...rows] = csv(await readFile(await file.path(), "utf8"));
    const expected = (await everything(page, `${list}?${query ?? new URL(address, hub.url).searchParams.toString()}`)).map(says);
    const at = head.indexOf(header);

    expect(head).toContain(header);
    expect(expected.length).toBeGreaterThan(0);
    expect(rows).toHaveLength(expected.length);
    // What the hub writes itself comes in its own order.
    if (header === "id") expect(new Set(rows.map((row) => row[at]))).toEqual(new Set(expected));
    else expect(rows.map((row) => row[at])).toEqual(expected);
  });

  it("is as long as the list where that is longer than what a page loads, and says how far it is", async () => {
    const { page } = mara;
    let held: (() => void) | undefined;
    const hold = new Promise<void>((resume) => {
      held = resume;
    });
    await page.goto(`${hub.url}/devices`);
    await settled(page);
    await page.route(/posture\/fleet.*limit=1000/u, async (route) => {
      await hold;
      await route.continue();
    });
    await page.getByRole("button", { name: "Export all" }).click();
    await page.getByText("Exporting, 0 so far").waitFor();
    await page.getByRole("button", { name: "Cancel" }).click();
    const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Export all" }).click().then(() => held?.())]);
    const [, ...rows] = csv(await readFile(await file.path(), "utf8"));

    expect(rows).toHaveLength((await hub.world.ids("agents")).length);
  });
});

/** All pages of a list, as whoever is signed in gets them. */
async function everything(page: Visit["page"], address: string): Promise<readonly Item[]> {
  return page.evaluate(async (from) => {
    const items: Item[] = [];
    for (let after = ""; ; ) {
      const answer = (await (await fetch(`${from}&limit=100${after === "" ? "" : `&after=${encodeURIComponent(after)}`}`)).json()) as { readonly items: readonly Item[]; readonly next: string | number | null };
      items.push(...answer.items);
      if (answer.next === null) return items;
      after = String(answer.next);
    }
  }, address);
}

function csv(file: string): readonly (readonly string[])[] {
  return file.trimEnd().split("\r\n").map((line) => [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/gu)].map(([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? ""));
}
