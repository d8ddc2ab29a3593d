/**
 * The hub with one defect in it: a second copy of those of our modules that the defect is in or that import it, loaded from source with a few lines replaced, beside the copy
 * that is well; the modules below it are the same for both. The switch is here and nowhere in what ships: no setting, argument or variable of the hub can plant anything. A
 * line that is no longer there, or there twice, is an error, so that a defect never quietly stops being planted.
 */
import { readFileSync } from "node:fs";
import { createRequire, registerHooks } from "node:module";
import { DEFECTS, type DefectName, type Edit } from "./defects.ts";
import type { load } from "./native.ts";

const ROOT = new URL("../../", import.meta.url).href;
const MARK = /\?plant=([\w-]+)\.\d+$/;
const IMPORTED = /\b(?:from|import) ?\(?"(\.{1,2}\/[^"]+\.ts)"/g;
const native = createRequire(import.meta.url)("./native.ts") as { readonly load: typeof load };

let copies = 0;
let hooked = false;
/** For each defect, the addresses of the modules that are loaded anew. */
const anew = new Map<string, ReadonlySet<string>>();

/** A fresh copy of the module with the defect planted; what the copied modules remember is their own. */
export async function planted(name: DefectName, file: string): Promise<unknown> {
  const { edits } = DEFECTS[name];
  for (const edit of edits) edited(readFileSync(new URL(edit.file, ROOT), "utf8"), edit);
  const entry = new URL(file, ROOT).href;
  const known = anew.get(name) ?? importersOf(new Set(edits.map((edit) => new URL(edit.file, ROOT).href)), entry);
  if (!known.has(entry)) throw new Error(`${file} imports nothing that ${name} is planted in`);
  anew.set(name, known);
  hook();
  copies += 1;
  return native.load(`${entry}?plant=${name}.${String(copies)}`);
}

/** Those of the files that `entry` is made of which are one of these, or import one of them over however many steps. */
function importersOf(changed: ReadonlySet<string>, entry: string): ReadonlySet<string> {
  const importers = new Map<string, string[]>();
  const seen = new Set([entry]);
  for (const file of seen) {
    for (const [, specifier = ""] of readFileSync(new URL(file), "utf8").matchAll(IMPORTED)) {
      const imported = new URL(specifier, file).href;
      importers.set(imported, [...(importers.get(imported) ?? []), file]);
      seen.add(imported);
    }
  }
  const found = new Set(changed);
  for (const file of found) for (const importer of importers.get(file) ?? []) found.add(importer);
  return found;
}

function hook(): void {
  if (hooked) return;
  hooked = true;
  registerHooks({
    resolve(specifier, context, next) {
      const found = next(specifier, context);
      const mark = MARK.exec(context.parentURL ?? "");
      return mark === null || anew.get(mark[1] ?? "")?.has(found.url) !== true ? found : { ...found, url: `${found.url}${mark[0]}` };
    },
    load(url, context, next) {
      const loaded = next(url, context);
      const name = MARK.exec(url)?.[1];
      if (name === undefined) return loaded;
      const file = url.slice(ROOT.length).replace(MARK, "");
      const edits = DEFECTS[name as DefectName].edits.filter((edit) => edit.file === file);
      return edits.length === 0 ? loaded : { ...loaded, source: edits.reduce(edited, readFileSync(new URL(file, ROOT), "utf8")) };
    },
  });
}

function edited(source: string, { file, find, put }: Edit): string {
  const found = source.split(find).length - 1;
  if (found !== 1) throw new Error(`${file} has ${String(found)} lines "${find}", not one: the defect that replaces it has to follow the code`);
  return source.replace(find, () => put);
}
