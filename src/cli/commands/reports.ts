/** `reports`: a month of one tenant, to print or to reckon with. */
import { resolve } from "node:path";
import { InvalidArgumentError, Option, type Command } from "commander";
import { Fault } from "../../kernel/fault.ts";
import { REPORT_FORMATS, type ReportFormat } from "../../kernel/report-api.ts";
import { finish, type CliCommand, type CliContext, type JsonOption } from "../command.ts";
import { receiveExport } from "../export-file.ts";
import { EXIT_OK } from "../faults.ts";
import { bytes } from "../format.ts";
import type { ApiClient } from "../ports.ts";
import { clean } from "../terminal.ts";

interface CreateOptions extends JsonOption {
  readonly tenant?: string;
  readonly month: string;
  readonly timeZone?: string;
  readonly format: ReportFormat;
  readonly output?: string;
}

export const reportsCommand: CliCommand = {
  id: "reports",
  register(program: Command, context: CliContext) {
    const group = program.command("reports").description("Monthly reports: cases, times, agents that are not well, open exposure");
    finish(
      group
        .command("create")
        .description("A month of one tenant, as a page to print or as a table")
        .requiredOption("--month <month>", "like 2026-11", monthName)
        .option("--tenant <tenant>", "whose (name or id); not needed where there is one")
        .option("--time-zone <zone>", "where the month begins and ends, like Europe/Berlin (default: UTC)")
        .addOption(new Option("--format <format>", "a page, or one figure a row").choices(REPORT_FORMATS).default("html"))
        .option("--output <file>", "where to (-: standard output; default: vedette-MONTH.FORMAT here)")
        .action(context.ask((api, options: CreateOptions) => create(context, api, options))),
      ["vedette reports create --tenant orchard --month 2026-11 --time-zone Europe/Berlin", "vedette reports create --month 2026-11 --format csv --output -"],
      "print JSON (stable) of the file that was written",
    );
  },
};

function monthName(text: string): string {
  if (!/^\d{4}-(0[1-9]|1[0-2])$/.test(text)) throw new InvalidArgumentError("Expected a month like 2026-11.");
  return text;
}

async function create(context: CliContext, api: ApiClient, { json, output, ...query }: CreateOptions): Promise<number> {
  const file = output === "-" ? null : resolve(output ?? `vedette-${query.month}.${query.format}`);
  if (json === true && file === null) throw new Fault("CONFIG_INVALID", "--json tells of the file that was written, and there is none.", { cure: "Give --output FILE." });
  const size = await receiveExport(context, file, (signal) => api.stream("GET", "/api/v1/reports/monthly", { query, signal }));
  if (file === null) return EXIT_OK;
  if (json === true) context.out.json({ file, format: query.format, bytes: size });
  else context.out.line(clean(`${file}: ${bytes(size)}`));
  return EXIT_OK;
}
