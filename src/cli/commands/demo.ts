/** `demo`: a simulated console, connected and synced before your eyes, that then stays up and keeps moving. */
import type { Command } from "commander";
import type { ConnectionView } from "../../kernel/api.ts";
import { finish, integer, type CliCommand, type CliContext, type JsonOption } from "../command.ts";
import { furnish, schedule, work } from "../demo-content.ts";
import { estateOf, estateOptions, type EstateFlags } from "../estate-options.ts";
import { EXIT_OK, reportFault } from "../faults.ts";
import { firstSync } from "../first-sync.ts";
import { gather, listItems } from "../lists.ts";
import type { RunningDemo } from "../ports.ts";
import { sayReady, stayUntilStopped } from "../service.ts";
import { clean } from "../terminal.ts";
import { printVerify } from "../verify-lines.ts";
import { saveConnection } from "./connect.ts";

interface DemoFlags extends EstateFlags, JsonOption {
  readonly port?: number;
}

export const demoCommand: CliCommand = {
  id: "demo",
  register(program: Command, context: CliContext) {
    const command = program.command("demo").description("Start a simulated console, connect it, watch it arrive, and keep it syncing").option("--port <port>", "the hub's port, 0 for any free one (default: 8420)", integer(0, 65_535));
    estateOptions(command).action(context.run((options: DemoFlags) => demo(context, options)));
    finish(command, "vedette demo --agents 2000", "when the hub is ready, print one line of JSON: {\"ready\":true,\"url\":…,\"open\":…}; the sync goes on quietly");
  },
};

async function demo(context: CliContext, options: DemoFlags): Promise<number> {
  const json = options.json === true;
  const running = await context.ports.demo({ port: options.port, estate: estateOf(options) });
  sayReady(context, json, { url: running.url, console: running.console.url, open: running.link.reveal() }, [["open", `${running.link.reveal()} (signs you in once)`], ["hub", running.url], ["console", `${running.console.url} (simulated)`]]);
  const stay = stayUntilStopped(context, running);
  const stopped = Promise.withResolvers<"stopped">();
  stay.then(
    () => {
      stopped.resolve("stopped");
    },
    (error: unknown) => {
      stopped.reject(error);
    },
  );
  await Promise.race([fill(context, running, json), stopped.promise]);
  return stay;
}

/** Connects and reads as any user would; a fault here is told, and the demo stays up to be looked at. */
async function fill(context: CliContext, running: RunningDemo, json: boolean): Promise<void> {
  const { out } = context;
  try {
    const { connection, empty } = await connected(context, running, json);
    // Before the first reading ends: rules meet every device as it arrives, and destinations are told of what is read.
    if (empty) await furnish(running.api, running.receiver);
    const { exitCode } = await firstSync(context, running.api, connection, { quiet: json });
    if (empty && exitCode === EXIT_OK) {
      await work(running.api);
      await schedule(running.api, connection.id);
    }
    if (json) return;
    out.line();
    out.line(exitCode === EXIT_OK ? "The mirror is filled and goes on following the simulated console. In another terminal:" : "The mirror follows the simulated console. In another terminal:");
    if (!running.findable) out.line(clean(`  export VEDETTE_DATA=${shellWord(running.dataFolder)}`));
    out.line("  npm run -s vedette -- status");
    out.line("  npm run -s vedette -- cases list");
    out.line("  npm run -s vedette -- vulnerabilities fix-first");
    out.line('  npm run -s vedette -- sql "select os_type, count(*) from agents group by 1"');
    out.line(`The web console: ${clean(running.link.reveal())} (the link signs one browser in, once). Ctrl-C stops it.`);
  } catch (error) {
    reportFault(out, error, json);
  }
}

/** As a shell reads it back, whatever it holds. */
function shellWord(text: string): string {
  return /^[\w./~-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** `empty`: the hub had no connection before. */
async function connected(context: CliContext, running: RunningDemo, json: boolean): Promise<{ readonly connection: ConnectionView; readonly empty: boolean }> {
  const connections = await gather(listItems<ConnectionView>(running.api, "/api/v1/connections"));
  const earlier = connections.find((connection) => connection.url === running.console.url);
  if (earlier !== undefined) return { connection: earlier, empty: false };
  const saved = await saveConnection(context, running.api, { url: running.console.url, token: running.console.token, json, draft: { name: "demo", description: "Simulated console", sync: true } });
  if (!json) {
    context.out.line();
    printVerify(context.out, saved.verify);
    context.out.line();
  }
  return { connection: saved.connection, empty: connections.length === 0 };
}
