/** Tactics and techniques of MITRE ATT&CK as ECS has them: ids always, sub-techniques apart, references to the public catalogue. */
import type { Json, JsonObject } from "../../kernel/json.ts";
import { TECHNIQUE_NAMES } from "../attack-names.ts";
import { tacticId, tacticIdByName, tacticName } from "../tactics.ts";
import { list, object, text } from "../values.ts";
import { put, putList, putObject, type Fields } from "./document.ts";

const TECHNIQUE = /\bT(\d{4})(?:[./](\d{3}))?(?!\d)/i;

export class Attack {
  /** By id, or by name where there is no id. */
  readonly #tactics = new Map<string, { readonly id: string | undefined; readonly name: string | undefined }>();
  readonly #techniques = new Map<string, string | undefined>();
  readonly #subtechniques = new Map<string, string | undefined>();

  tactic(uid: Json | undefined, name: Json | undefined): void {
    const said = text(name);
    // Some write the id where the name belongs.
    const id = tacticId(uid) ?? tacticId(name) ?? (said === undefined ? undefined : tacticIdByName(said));
    const key = id ?? said;
    if (key === undefined || this.#tactics.get(key)?.name !== undefined) return;
    // `LATERAL_MOVEMENT` is a name in other letters.
    const canonical = id !== undefined && said !== undefined && tacticIdByName(said) === id;
    this.#tactics.set(key, { id, name: tacticId(name) === undefined && said !== undefined && !canonical ? said : tacticName(key) });
  }

  /** `uid` or, where there is none, the id that stands in the name or the link. */
  technique(uid: Json | undefined, name: Json | undefined, link?: Json): void {
    const said = text(name);
    const match = TECHNIQUE.exec(text(uid) ?? "") ?? TECHNIQUE.exec(said ?? "") ?? TECHNIQUE.exec(text(link) ?? "");
    if (match === null) return;
    const id = `T${match[1] ?? ""}`;
    // A name that is the id again says nothing.
    const words = said === undefined || said.length - match[0].length < 3 ? undefined : said;
    if (match[2] === undefined) {
      if (words !== undefined || !this.#techniques.has(id)) this.#techniques.set(id, this.#techniques.get(id) ?? words);
      return;
    }
    const sub = `${id}.${match[2]}`;
    if (!this.#techniques.has(id)) this.#techniques.set(id, undefined);
    this.#subtechniques.set(sub, this.#subtechniques.get(sub) ?? words);
  }

  /** An entry of OCSF's: `tactics` or one `tactic`, a technique and perhaps a sub-technique, each with `uid` and `name`. */
  ocsf(attack: JsonObject): void {
    for (const one of list(attack["tactics"])) this.tactic(object(one)["uid"], object(one)["name"]);
    const tactic = object(attack["tactic"]);
    this.tactic(tactic["uid"], tactic["name"]);
    for (const field of ["technique", "sub_technique", "subTechnique"]) {
      const technique = object(attack[field]);
      this.technique(technique["uid"], technique["name"]);
    }
  }

  get hasTechnique(): boolean {
    return this.#techniques.size > 0;
  }

  /** Whether nothing more exact than this technique was named. */
  namesOnly(technique: string): boolean {
    return this.#techniques.size === 1 && this.#techniques.has(technique) && this.#subtechniques.size === 0;
  }

  /** `threat.framework`, `.tactic` and `.technique`. */
  write(threat: Fields): void {
    if (this.#tactics.size === 0 && this.#techniques.size === 0) return;
    threat["framework"] = "MITRE ATT&CK";
    const tactics = [...this.#tactics.values()];
    const tactic: Fields = {};
    const tacticIds = tactics.flatMap(({ id }) => id ?? []);
    putList(tactic, "id", tacticIds);
    putList(tactic, "name", tactics.flatMap(({ name }) => name ?? []));
    putList(tactic, "reference", tacticIds.map((id) => `https://attack.mitre.org/tactics/${id}/`));
    putObject(threat, "tactic", tactic);
    const technique = techniques(this.#techniques);
    if (this.#subtechniques.size > 0) put(technique, "subtechnique", techniques(this.#subtechniques));
    putObject(threat, "technique", technique);
  }
}

function techniques(found: ReadonlyMap<string, string | undefined>): Fields {
  const fields: Fields = {};
  const ids = [...found.keys()];
  putList(fields, "id", ids);
  // One name for each id, in the same order: the id itself where no name is known.
  putList(fields, "name", [...found].map(([id, name]) => name ?? TECHNIQUE_NAMES.get(id) ?? id));
  putList(fields, "reference", ids.map((id) => `https://attack.mitre.org/techniques/${id.replace(".", "/")}/`));
  return fields;
}
