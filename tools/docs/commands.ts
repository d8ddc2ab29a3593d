/** docs/commands.md: the help of every command, as it is printed. */
import type { Command } from "commander";
import { buildProgram } from "../../src/cli/program.ts";
import { Terminal } from "../../src/cli/terminal.ts";
import { fakeApi, fakePorts, fakeTerminal } from "../../src/cli/test-support.ts";
import { GENERATED_NOTE } from "./table.ts";

export function commandsDocument(): string {
  const { io } = fakeTerminal();
  const nothing = () => async () => undefined;
  const program = buildProgram({ ports: fakePorts(fakeApi({}), io), out: new Terminal(io), run: nothing, ask: nothing });
  return `${GENERATED_NOTE}

# Commands

The same text as \`vedette COMMAND --help\`. Exit codes are those of [faults.md](faults.md).

${[program, ...leaves(program)].map(section).join("\n\n")}
`;
}

function leaves(command: Command): readonly Command[] {
  return command.commands.flatMap((inner) => (inner.commands.length === 0 ? [inner] : leaves(inner)));
}

function path(command: Command): string {
  return command.parent === null ? command.name() : `${path(command.parent)} ${command.name()}`;
}

/** `helpInformation` leaves out what follows the help, the example among it: outputHelp has it all. */
function section(command: Command): string {
  let text = "";
  command.configureOutput({
    writeOut: (part) => {
      text += part;
    },
    getOutHelpWidth: () => 110,
    getOutHasColors: () => false,
  });
  command.outputHelp();
  return `## ${path(command)}\n\n\`\`\`text\n${text.trimEnd()}\n\`\`\``;
}
