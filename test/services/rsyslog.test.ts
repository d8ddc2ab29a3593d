/**
 * A real rsyslog, over TCP and over TLS with certificates on both sides: what it writes is what was sent, and a restart in the middle loses
 * nothing. SKIPPED where rsyslog is not installed (Debian: rsyslog and rsyslog-gnutls).
 */
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import type { Delivery, Destination } from "../../src/delivery/destination.ts";
import { outgoing } from "../../src/delivery/test-bench.ts";
import { kindOf, TENANT } from "../contract/destination-harnesses.ts";
import { CA, CLIENT, SERVER } from "../support/certificates.ts";

const RSYSLOGD = ["/usr/sbin/rsyslogd", "/usr/local/sbin/rsyslogd"].find((file) => existsSync(file));
const TLS_DRIVER = ["/usr/lib/x86_64-linux-gnu/rsyslog/lmnsd_gtls.so", "/usr/lib/aarch64-linux-gnu/rsyslog/lmnsd_gtls.so", "/usr/lib64/rsyslog/lmnsd_gtls.so"].some((file) => existsSync(file));
if (RSYSLOGD === undefined) process.stderr.write("SKIPPED: rsyslog is not installed here.\n");

interface Received {
  readonly priority: string;
  readonly msgid: string;
  readonly data: string;
  readonly message: string;
}

const started: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  for (const thing of started.splice(0)) await thing.stop();
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function startRsyslog(tls: boolean) {
  const folder = mkdtempSync(join(tmpdir(), "vedette-rsyslog-"));
  const port = await freePort();
  const file = (name: string): string => join(folder, name);
  writeFileSync(file("ca.pem"), CA);
  writeFileSync(file("cert.pem"), SERVER.cert);
  writeFileSync(file("key.pem"), SERVER.key, { mode: 0o600 });
  const stream = tls ? ' StreamDriver.Name="gtls" StreamDriver.Mode="1" StreamDriver.AuthMode="x509/certvalid"' : "";
  writeFileSync(
    file("rsyslog.conf"),
    [
      `global(maxMessageSize="64k" workDirectory="${folder}" parser.escapeControlCharactersOnReceive="off"${tls ? ` DefaultNetstreamDriverCAFile="${file("ca.pem")}" DefaultNetstreamDriverCertFile="${file("cert.pem")}" DefaultNetstreamDriverKeyFile="${file("key.pem")}"` : ""})`,
      `module(load="imtcp"${stream})`,
      'template(name="all" type="list") { constant(value="{") property(name="pri" format="jsonf" outname="priority") constant(value=",") property(name="msgid" format="jsonf" outname="msgid") constant(value=",") property(name="structured-data" format="jsonf" outname="data") constant(value=",") property(name="msg" format="jsonf" outname="message") constant(value="}\\n") }',
      'ruleset(name="in") { action(type="omfile" file="' + file("out.log") + '" template="all") }',
      `input(type="imtcp" address="127.0.0.1" port="${String(port)}" ruleset="in")`,
      "",
    ].join("\n"),
  );
  let child: ChildProcess | undefined;
  const start = async (): Promise<void> => {
    child = spawn(RSYSLOGD ?? "", ["-n", "-f", file("rsyslog.conf"), "-i", file("pid")], { stdio: ["ignore", "ignore", "pipe"] });
    await expect.poll(() => answers(port), { timeout: 10_000 }).toBe(true);
  };
  const stop = async (): Promise<void> => {
    if (child === undefined || child.exitCode !== null) return;
    const gone = once(child, "exit");
    child.kill("SIGTERM");
    await gone;
  };
  await start();
  started.push({
    async stop() {
      await stop();
      rmSync(folder, { recursive: true, force: true });
    },
  });
  return { address: `${tls ? "tls" : "tcp"}://127.0.0.1:${String(port)}`, host: `127.0.0.1:${String(port)}`, start, stop, received: (): readonly Received[] => (existsSync(file("out.log")) ? readFileSync(file("out.log"), "utf8").split("\n").filter((line) => line !== "").map((line) => JSON.parse(line) as Received) : []) };
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port }, () => {
      socket.destroy();
      resolve(true);
    });
    socket.on("error", () => resolve(false));
  });
}

function opened(host: string, config: Readonly<Record<string, unknown>>): Destination {
  const kind = kindOf("syslog", [host]);
  const destination = kind.open(kind.admit(config, TENANT).settings, TENANT);
  started.unshift({ stop: () => destination.close() });
  return destination;
}

const HOSTILE = JSON.stringify({ text: "x\r\n<34>1 2026-01-01T00:00:00Z evil app - ID - forged\u001b[2J\u202e\u2028é 中 \u0000", fill: "y".repeat(20_000) });
const batch = (from: number, count: number): readonly Delivery[] => Array.from({ length: count }, (_unused, at) => outgoing({ id: `dlv_${String(from + at)}`, kind: "alerts.new", key: `k"]\\${String(from + at)}`, record: { stream: "alerts", severity: "high", console: null, raw: HOSTILE } }));
const idsOf = (received: readonly Received[]): readonly string[] => received.map(({ data }) => / id="([^"]+)"/.exec(data)?.[1] ?? data);

describe.skipIf(RSYSLOGD === undefined || spawnSync(RSYSLOGD, ["-v"]).status !== 0)("rsyslog", () => {
  it.for([["TCP", false], ["TLS", true]] as const)("over %s writes every message whole, with its priority and data, and nothing that was not sent", async ([, tls], context) => {
    if (tls && !TLS_DRIVER) context.skip("SKIPPED: rsyslog has no TLS driver here (rsyslog-gnutls)");
    const server = await startRsyslog(tls);
    const destination = opened(server.host, { address: server.address, ...(tls ? { ca: CA, ...CLIENT } : {}) });
    await destination.check(AbortSignal.timeout(10_000));
    const receipts = await destination.send(batch(0, 100), AbortSignal.timeout(20_000));
    expect(receipts.every(({ outcome }) => outcome === "accepted"), JSON.stringify(receipts[0])).toBe(true);
    await expect.poll(() => server.received().length, { timeout: 10_000 }).toBe(100);
    const received = server.received();
    expect(idsOf(received)).toEqual(batch(0, 100).map(({ id }) => id));
    for (const one of received) {
      expect([one.priority, one.msgid]).toEqual([String(16 * 8 + 3), "alerts.new"]);
      expect((JSON.parse(one.message.trim()) as { data: { record: unknown } }).data.record).toEqual(JSON.parse(HOSTILE));
    }
  });

  it("restarted again and again while messages come: what was not accepted is sent again, and nothing that was accepted is missing", async () => {
    const server = await startRsyslog(false);
    const destination = opened(server.host, { address: server.address });
    const accepted = new Set<string>();
    for (let round = 0; round < 12; round += 1) {
      const some = batch(round * 50, 50);
      const sending = destination.send(some, AbortSignal.timeout(20_000));
      if (round % 3 === 1) {
        await server.stop();
        await server.start();
      }
      for (const [place, receipt] of (await sending).entries()) if (receipt.outcome === "accepted") accepted.add(some[place]?.id ?? "");
    }
    await server.stop();
    const written = new Set(idsOf(server.received()));
    expect(accepted.size).toBeGreaterThan(300);
    expect([...accepted].filter((id) => !written.has(id))).toEqual([]);
  });
});
