import { afterEach, describe, expect, it } from "vitest";
import { CA } from "../../../test/support/certificates.ts";
import { startSmtp, type SmtpReceiver } from "../../../test/support/receivers/smtp.ts";
import { parseAllowedHosts } from "../../net/policy.ts";
import { systemClock } from "../../kernel/clock.ts";
import type { Message } from "../../kernel/message.ts";
import type { Delivery, Destination, Receipt } from "../destination.ts";
import { MINE, outgoing } from "../test-bench.ts";
import { emailKind } from "./email.ts";

const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing.close();
});

async function server(options: Parameters<typeof startSmtp>[0] = {}): Promise<SmtpReceiver> {
  const receiver = await startSmtp(options);
  open.push(receiver);
  return receiver;
}

function mailer(receiver: SmtpReceiver, more: Readonly<Record<string, unknown>> = {}, hosts = receiver.host): Destination {
  const kind = emailKind({ clock: systemClock, env: {}, allowedHosts: parseAllowedHosts(hosts), userAgent: "vedette/test", answerWithinMs: 2_000, resolve: async () => [{ address: "127.0.0.1", family: 4 }] });
  const config = { server: `smtp://${receiver.host}`, from: "Vedette Büro <vedette@example.com>", to: ["soc@example.com"], cc: ["boss@example.com"], ca: CA, username: receiver.user, password: receiver.password, ...more };
  const destination = kind.open(kind.admit(config, MINE).settings, MINE);
  open.push(destination);
  return destination;
}

const MESSAGE: Message = { title: "New case", lead: null, sections: [], more: null, foot: null, thread: null };

function notification(message: Partial<Message>, more: Parameters<typeof outgoing>[0] = {}): Delivery {
  return outgoing({ id: "dlv_7", kind: "notifications.case", body: JSON.stringify({ message: { ...MESSAGE, ...message } }), ...more });
}

async function sent(destination: Destination, delivery = notification({})): Promise<Receipt | undefined> {
  return (await destination.send([delivery], AbortSignal.timeout(10_000)))[0];
}

describe("a mail", () => {
  it("goes to all it is meant for, over STARTTLS, as text and as HTML, its delivery's id as its own", async () => {
    const receiver = await server();
    const message = notification({ title: "Neuer Fall: Schädling auf „Zürich“ 🛰", lead: "High.", thread: "cas_1", sections: [{ heading: "Cases", items: [{ title: "Mimikatz", severity: "high", lines: ["on HOST-1"], url: "https://usea1-011.sentinelone.net/x?a=1&b=2" }] }] });

    expect(await sent(mailer(receiver), message)).toEqual({ outcome: "accepted" });

    const [mail] = receiver.mails;
    expect(mail).toMatchObject({ from: "vedette@example.com", recipients: ["soc@example.com", "boss@example.com"], secure: true });
    expect(mail?.headers.get("subject")).toBe("Neuer Fall: Schädling auf „Zürich“ 🛰");
    expect(mail?.headers.get("from")).toBe("Vedette Büro <vedette@example.com>");
    expect([mail?.headers.get("message-id"), mail?.headers.get("auto-submitted"), mail?.headers.get("date")]).toEqual(["<dlv_7@example.com>", "auto-generated", "Fri, 20 Nov 2026 00:00:00 +0000"]);
    expect(mail?.headers.get("references")).toMatch(/^<thread\.[0-9a-f]{32}@example\.com>$/);
    expect(mail?.text).toContain("[high] Mimikatz\r\n  on HOST-1\r\n  https://usea1-011.sentinelone.net/x?a=1&b=2");
    expect(mail?.html).toContain('<a href="https://usea1-011.sentinelone.net/x?a=1&amp;b=2"');
  });

  it("stays one mail with the headers it has, whatever its texts hold", async () => {
    const receiver = await server();
    const hostile = "x\r\nBcc: victim@example.com\r\n\r\n<script>alert(1)</script>\u0000\u2028\u202e\ud800\"><img src=x onerror=y>";
    const item = { title: hostile, severity: "critical" as const, lines: [hostile], url: "javascript:alert(1)" };
    const harmless = mailer(receiver);
    await sent(harmless, notification({ title: "plain", thread: "t" }));

    expect(await sent(harmless, notification({ title: hostile, lead: hostile, sections: [{ heading: hostile, items: [item] }], more: hostile, foot: hostile, thread: hostile }))).toEqual({ outcome: "accepted" });

    const [plain, mail] = receiver.mails;
    expect(mail?.recipients).toEqual(["soc@example.com", "boss@example.com"]);
    const names = (one: typeof mail): readonly string[] => (one?.headerLines ?? []).map((each) => each.slice(0, each.indexOf(":")));
    expect(names(mail)).toEqual(names(plain));
    expect(mail?.html).not.toMatch(/<script|<img|javascript:/i);
    expect(mail?.headers.get("subject")).not.toMatch(/[\p{Cc}\p{Zl}\u202e]/u);
  });

  it("is the same to the last byte in every attempt", async () => {
    const receiver = await server();
    const destination = mailer(receiver);
    await sent(destination);
    await sent(destination);

    expect(receiver.mails).toHaveLength(2);
    expect(new Set(receiver.mails.map(({ raw }) => raw)).size).toBe(1);
  });

  it("goes over TLS from the first byte too, and without signing in where nobody has to", async () => {
    const receiver = await server({ secure: true, auth: false });
    const destination = mailer(receiver, { server: `smtps://${receiver.host}`, username: undefined, password: undefined });

    expect(await sent(destination)).toEqual({ outcome: "accepted" });
    expect(receiver.mails[0]?.secure).toBe(true);
  });
});

describe("what a mail server says", () => {
  it.each<readonly [string, Parameters<SmtpReceiver["strike"]>, object]>([
    ["it is busy", ["connect", 421], { outcome: "again-after", blame: "destination" }],
    ["it does not let this sender send", ["mail", 550], { outcome: "again-after", blame: "destination" }],
    ["nobody of that name is there", ["recipient", 550], { outcome: "refused", code: "DESTINATION_REFUSED" }],
    ["come back later (greylisting)", ["recipient", 450], { outcome: "again-after", blame: "delivery" }],
    ["the mail is spam", ["data", 554], { outcome: "refused", code: "DESTINATION_REFUSED" }],
    ["the mail is too large", ["data", 552], { outcome: "refused", code: "DELIVERY_TOO_LARGE" }],
    ["its disk is full", ["data", 452], { outcome: "again-after", blame: "delivery" }],
  ])("%s", async (_what, trouble, receipt) => {
    const receiver = await server();
    receiver.strike(...trouble);

    const answered = await sent(mailer(receiver));
    expect(answered).toMatchObject(receipt);
    expect(JSON.stringify(answered)).not.toContain("script");
    expect(receiver.mails).toEqual([]);
  });

  it("a wrong password stops the whole of it, and is not repeated", async () => {
    const receiver = await server();
    const answered = await sent(mailer(receiver, { password: "hunter2hunter2" }));

    expect(answered).toMatchObject({ outcome: "again-after", blame: "destination", reason: "The mail server does not take user name and password (535)." });
    expect(JSON.stringify(answered)).not.toContain("hunter2");
  });

  it("without STARTTLS nothing is sent, least of all the password", async () => {
    const receiver = await server({ starttls: false });

    expect(await sent(mailer(receiver))).toMatchObject({ outcome: "again-after", blame: "destination" });
    expect(receiver.mails).toEqual([]);
  });

  it("a certificate of an unknown authority is not believed", async () => {
    const receiver = await server();

    expect(await sent(mailer(receiver, { ca: undefined }))).toMatchObject({ outcome: "again-after", blame: "destination", code: "DESTINATION_UNREACHABLE" });
  });
});

describe("where mails may go", () => {
  it("a name that leads into the network is not connected to, unless the operator lists it", async () => {
    const receiver = await server();
    const port = receiver.host.split(":")[1] ?? "";
    const inside = { server: `smtp://mail.example.com:${port}` };

    expect(await sent(mailer(receiver, inside))).toMatchObject({ outcome: "again-after", blame: "destination", code: "OUTBOUND_ADDRESS_REFUSED" });
    await expect(mailer(receiver, inside).check(AbortSignal.timeout(5_000))).rejects.toMatchObject({ code: "OUTBOUND_ADDRESS_REFUSED" });
    expect(receiver.mails).toEqual([]);
  });

  it("a check signs in and sends nothing", async () => {
    const receiver = await server();

    await mailer(receiver).check(AbortSignal.timeout(5_000));
    await expect(mailer(receiver, { password: "wrong password" }).check(AbortSignal.timeout(5_000))).rejects.toThrow("user name and password");
    expect(receiver.mails).toEqual([]);
  });

  it("plain SMTP is for the hosts the operator lists", async () => {
    const receiver = await server({ starttls: false, auth: false });
    const destination = mailer(receiver, { server: `smtp+plain://${receiver.host}`, username: undefined, password: undefined, ca: undefined });

    expect(await sent(destination)).toEqual({ outcome: "accepted" });
  });
});
