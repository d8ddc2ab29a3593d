/** `serve`: the hub. Reads, answers the HTTP API and stays until it is asked to stop. */
import type { Command } from "commander";
import { finish, integer, type CliCommand, type CliContext, type JsonOption } from "../command.ts";
import { sayReady, stayUntilStopped } from "../service.ts";

interface ServeFlags extends JsonOption {
  readonly port?: number;
  readonly host?: string;
}

export const serveCommand: CliCommand = {
  id: "serve",
  register(program: Command, context: CliContext) {
    const command = program
      .command("serve")
      .description("Run the hub: keep the mirror fresh and answer the HTTP API")
      .option("--port <port>", "port to listen on, 0 for any free one (default: 8420)", integer(0, 65_535))
      .option("--host <address>", "address to listen on (default: loopback only)")
      .action(context.run((options: ServeFlags) => serve(context, options)));
    finish(command, "vedette serve --port 8420", "when ready, print one line of JSON: {\"ready\":true,\"url\":…}, with the set-up code while nobody has an account");
  },
};

async function serve(context: CliContext, options: ServeFlags): Promise<number> {
  const service = await context.ports.serve({ port: options.port, host: options.host });
  // Shown on purpose: whoever reads this terminal is who sets the hub up.
  const code = service.setupCode?.reveal();
  sayReady(context, options.json === true, { url: service.url, ...(code === undefined ? {} : { setupCode: code }) }, [["hub", service.url], ...(code === undefined ? [] : [["set-up", `open ${service.url} and give the code ${code}`] as const]), ["API", `${service.url}/api/openapi.json`], ["stop", "Ctrl-C"]]);
  return stayUntilStopped(context, service);
}
