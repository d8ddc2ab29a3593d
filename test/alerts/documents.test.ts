/** An alert's record in each of its forms, and alerts as files: what the hub answers is what destinations and lists give. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ROLES } from "../../src/kernel/permissions.ts";
import { openWorld, type World } from "../support/world.ts";

interface Item {
  readonly id: string;
  readonly stream: string;
  readonly name: string | null;
}

let world: World;

beforeAll(async () => {
  world = await openWorld({ estate: { agents: 20, alerts: 30, threats: 12, risks: 10, activities: 20, users: 4 } });
  await world.sync({ streams: ["alerts", "threats", "activities"] });
});
afterAll(() => world?.close());

async function ask(url: string): Promise<{ readonly status: number; readonly body: string; readonly type: string }> {
  const { statusCode: status, body, headers } = await world.hub.app.inject({ url, headers: { authorization: `Bearer ${world.hub.credential.reveal()}` } });
  return { status, body, type: String(headers["content-type"]) };
}

async function list(query = ""): Promise<readonly Item[]> {
  return (JSON.parse((await ask(`/api/v1/alerts?limit=1000${query}`)).body) as { readonly items: readonly Item[] }).items;
}

describe("an alert's record", () => {
  it.each(["alerts", "threats"])("is given as it came, as ECS and as OCSF (%s)", async (stream) => {
    const [{ id } = { id: "" }] = await list(`&stream=${stream}`);
    const [raw, ecs, ocsf, sekoia] = await Promise.all(["record?", "document?as=ecs&", "document?as=ocsf&", "document?as=sekoia&"].map(async (form) => ask(`/api/v1/alerts/${id}/${form}stream=${stream}`)));

    expect([raw, ecs, ocsf].map((answer) => [answer?.status, answer?.type])).toEqual(Array.from({ length: 3 }, () => [200, "application/x-ndjson"]));
    expect(JSON.parse(raw?.body ?? "")).toMatchObject({ id });
    expect(JSON.parse(ecs?.body ?? "")).toMatchObject({ ecs: { version: "9.4.0" }, event: { original: (raw?.body ?? "").trim() } });
    expect(JSON.parse(ocsf?.body ?? "")).toMatchObject({ category_uid: 2, class_uid: 2004 });
    expect([200, 422]).toContain(sekoia?.status);
  });

  it("is said not to be there, or not to be one of the forms", async () => {
    expect((await ask("/api/v1/alerts/nothing/document?as=ecs")).status).toBe(404);
    const [{ id } = { id: "" }] = await list();
    expect((await ask(`/api/v1/alerts/${id}/document?as=cef`)).status).toBe(400);
    expect(ROLES.viewer).toContain("alerts.read");
  });
});

describe("alerts as a file", () => {
  it("has every alert of the list in its order, under the same filters", async () => {
    for (const query of ["", "&severity=high", "&stream=activities"]) {
      const items = await list(query);
      const { body, type } = await ask(`/api/v1/alerts/export?format=ndjson${query}`);
      expect(type).toContain("x-ndjson");
      expect(body.trim().split("\n").map((line) => (JSON.parse(line) as Item).id)).toEqual(items.map(({ id }) => id));
    }
    const csv = await ask("/api/v1/alerts/export?format=csv");
    expect(csv.body.split("\r\n")[0]).toMatch(/^id,stream,connection,tenant,at,/u);
    expect((await ask("/api/v1/alerts/export?format=csv&stream=activities&status=new")).status).toBe(400);
  });
});
