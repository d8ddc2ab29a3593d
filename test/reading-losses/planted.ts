/**
 * The hub with one defect in it: a second copy of our own modules, loaded from source with a few of its lines replaced, beside the copy
 * that is well. The switch is here and nowhere in what ships: no setting, argument or variable of the hub can plant anything. A line that
 * is no longer there, or there twice, is an error, so that a defect never quietly stops being planted.
 */
import { readFileSync } from "node:fs";
import { createRequire, registerHooks } from "node:module";
import { DEFECTS, type DefectName, type Edit } from "./defects.ts";
import type { load } from "./native.ts";

const ROOT = new URL("../../", import.meta.url).href;
const MARK = /\?plant=([\w-]+)\.\d+$/;
const native = createRequire(import.meta.url)("./native.ts") as { readonly load: typeof load };

let copies = 0;
let hooked = false;

/** A fresh copy of the module (and of all of ours that it imports) with the defect planted; what it remembers is its own. */
export async function planted(name: DefectName, file: string): Promise<unknown> {
  for (const edit of DEFECTS[name].edits) edited(readFileSync(new URL(edit.file, ROOT), "utf8"), edit);
  hook();
  copies += 1;
  return native.load(`${new URL(file, ROOT).href}?plant=${name}.${String(copies)}`);
}

function hook(): void {
  if (hooked) return;
  hooked = true;
  registerHooks({
    resolve(specifier, context, next) {
      const found = next(specifier, context);
      const mark = MARK.exec(context.parentURL ?? "")?.[0];
      return mark === undefined || !isOurs(found.url) ? found : { ...found, url: `${found.url}${mark}` };
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

function isOurs(url: string): boolean {
  return url.startsWith(ROOT) && !url.includes("/node_modules/");
}

function edited(source: string, { file, find, put }: Edit): string {
  const found = source.split(find).length - 1;
  if (found !== 1) throw new Error(`${file} has ${String(found)} lines "${find}", not one: the defect that replaces it has to follow the code`);
  return source.replace(find, () => put);
}
