/** From the console to a mail: an alert at a simulated console, the whole hub, and a real mail server that takes what comes of it. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { CA } from "./support/certificates.ts";
import { startSmtp, type SmtpReceiver } from "./support/receivers/smtp.ts";
import { openWorld, type World } from "./support/world.ts";

let smtp: SmtpReceiver;
let world: World;
beforeAll(async () => {
  smtp = await startSmtp();
  world = await openWorld({ estate: { agents: 12, alerts: 4, risks: 1, threats: 4, activities: 1 }, env: { VEDETTE_ALLOW_DESTINATION_HOSTS: smtp.host } });
});
afterAll(async () => {
  await world.close();
  await smtp.close();
});

async function ask<T>(method: "GET" | "POST" | "PATCH", path: string, payload?: object): Promise<T> {
  const answer = await world.hub.app.inject({ method, url: `/api/v1${path}`, headers: { host: "127.0.0.1", authorization: `Bearer ${world.hub.credential.reveal()}` }, ...(payload === undefined ? {} : { payload }) });
  expect(answer.statusCode, answer.body).toBe(200);
  return answer.json<T>();
}

it("an alert at the console is a mail that a real server has taken within one poll and two seconds, once, and one more after a restart is another", async () => {
  await ask("POST", "/destinations", { name: "soc", kind: "email", config: { server: `smtp://${smtp.host}`, from: "vedette@example.com", to: ["soc@example.com"], username: smtp.user, password: smtp.password, ca: CA } });
  await ask("POST", "/notifications", { name: "soc", destination: "soc", severity: "unknown" });
  expect(await ask("POST", "/notifications/soc/test")).toMatchObject({ outcome: "accepted" });
  expect(smtp.mails.at(-1)?.headers.get("subject")).toBe('Test of the notification rule "soc"');
  await world.sync();
  // What was there when the console was first read waits a minute to be told together: it is not what is looked at here.
  const before = smtp.mails.length;
  world.hub.notifier.start();
  world.hub.deliverer.start();

  world.simulator.mutate({ stream: "threats", action: "add", count: 1 });
  await world.sync({ streams: ["threats"] });
  const read = Date.now();
  await expect.poll(() => smtp.mails.length, { timeout: 10_000 }).toBe(before + 1);

  const mail = smtp.mails.at(-1);
  expect((mail?.at ?? Number.POSITIVE_INFINITY) - read).toBeLessThan(2_000);
  expect(mail).toMatchObject({ recipients: ["soc@example.com"], secure: true });
  expect(mail?.headers.get("subject")).toMatch(/^\[\w+\] New case: /);
  expect(mail?.text).toContain("vedette cases show cas_");

  world = await world.reopen();
  world.hub.notifier.start();
  world.hub.deliverer.start();
  world.simulator.mutate({ stream: "threats", action: "add", count: 1 });
  await world.sync({ streams: ["threats"] });
  await expect.poll(() => smtp.mails.length, { timeout: 10_000 }).toBe(before + 2);
  const ids = smtp.mails.map(({ headers }) => headers.get("message-id"));
  expect(new Set(ids).size).toBe(ids.length);
  expect(await ask("GET", "/notifications/soc")).toMatchObject({ sent: 2, destinationName: "soc" });
});
