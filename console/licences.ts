/** What is shipped with Vedette and under which licence: the packages of the lock file that are no tools of development. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Plugin } from "vite";

const ROOT = join(import.meta.dirname, "..");

interface Shipped {
  readonly name: string;
  readonly version: string;
  readonly licence: string;
}

interface Locked {
  readonly version?: string;
  readonly license?: string;
  readonly dev?: boolean;
  readonly link?: boolean;
}

function locked(): readonly (Shipped & { readonly folder: string })[] {
  const { packages } = JSON.parse(readFileSync(join(ROOT, "package-lock.json"), "utf8")) as { readonly packages: Readonly<Record<string, Locked>> };
  return Object.entries(packages)
    .filter(([folder, { dev, link }]) => folder.includes("node_modules/") && dev !== true && link !== true)
    .map(([folder, { version = "", license = "see its text" }]) => ({ folder, name: folder.slice(folder.lastIndexOf("node_modules/") + "node_modules/".length), version, licence: license }))
    .toSorted((left, right) => (left.name < right.name ? -1 : 1));
}

/** Each once, though it may lie in several places. */
function shipped(): readonly Shipped[] {
  return [...new Map(locked().map(({ name, version, licence }) => [`${name} ${version}`, { name, version, licence }])).values()];
}

/** Of a platform's own package, which is not here, nothing can be read: its licence is in the list all the same. */
function textOf(folder: string): string {
  try {
    const name = readdirSync(join(ROOT, folder)).find((file) => /^(?:licen[cs]e|copying)/iu.test(file));
    return name === undefined ? "" : readFileSync(join(ROOT, folder, name), "utf8").trim();
  } catch {
    return "";
  }
}

/** The list as a constant of the page that shows it, the texts as a file beside the console. */
export function licences(): Plugin {
  return {
    name: "licences",
    config: () => ({ define: { SHIPPED: JSON.stringify(shipped()) } }),
    generateBundle() {
      const parts = locked().map(({ folder, name, version, licence }) => `${name} ${version} (${licence})\n\n${textOf(folder)}\n`);
      this.emitFile({ type: "asset", fileName: "licences.txt", source: `Vedette ships these packages.\n\n${parts.join(`\n${"-".repeat(80)}\n\n`)}` });
    },
  };
}
