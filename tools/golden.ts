/** `npm run golden`: names the golden pairs that differ from what the maps make now; with `--accept` writes them. */
import { acceptGolden, goldenPairs } from "../src/normalize/golden.test-kit.ts";

if (process.argv.includes("--accept")) {
  const written = acceptGolden();
  for (const name of written) console.log(`accepted: ${name}`);
  console.log(`${String(written.length)} written; read them with \`git diff\` before you commit`);
} else {
  const differing = goldenPairs().filter(({ accepted, made }) => accepted !== made);
  for (const { name } of differing) console.log(`differs: ${name}`);
  if (differing.length === 0) console.log("golden pairs: as accepted");
  process.exitCode = differing.length === 0 ? 0 : 1;
}
