/** Which records and groups of a page come together, and which records of a group no longer do. Pure. */
import { reachOf } from "./links.ts";

/** A record under one of its keys. */
export interface Point<Node> {
  readonly key: string;
  readonly at: number;
  readonly node: Node;
}

/** Sets that grow together; each is known by one of its nodes. */
export class Sets<Node> {
  readonly #parent = new Map<Node, Node>();

  find(node: Node): Node {
    let top = node;
    for (let next = this.#parent.get(top); next !== undefined && next !== top; next = this.#parent.get(top)) top = next;
    // The way is made short for whoever comes next.
    for (let at = node; at !== top; ) {
      const next = this.#parent.get(at) ?? top;
      this.#parent.set(at, top);
      at = next;
    }
    return top;
  }

  join(one: Node, other: Node): void {
    const [left, right] = [this.find(one), this.find(other)];
    if (left !== right) this.#parent.set(right, left);
  }
}

/**
 * Joins what is next to each other under a key within its reach. Of points that are known to be together already only the neighbours of the others need be given: between
 * two of them nothing is decided here (`settled`).
 */
export function connect<Node>(points: readonly Point<Node>[], sets: Sets<Node>, settled: (node: Node) => boolean = () => false, joined: (key: string, one: Node, other: Node) => void = () => {}): void {
  for (const [key, of] of Map.groupBy(points, (point) => point.key)) {
    const reach = reachOf(key);
    const sorted = of.toSorted((left, right) => left.at - right.at);
    for (const [place, point] of sorted.entries()) {
      const before = sorted[place - 1];
      if (before === undefined || point.at - before.at > reach || (settled(before.node) && settled(point.node))) continue;
      joined(key, before.node, point.node);
      sets.join(before.node, point.node);
    }
  }
}

/** The sets that these nodes fall into. */
export function components<Node>(nodes: readonly Node[], sets: Sets<Node>): readonly (readonly Node[])[] {
  return [...Map.groupBy(nodes, (node) => sets.find(node)).values()];
}
