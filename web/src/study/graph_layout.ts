import type { Mention, Relation } from "../api/types";

/**
 * Where each mention of a study stands: describing words left, then observations, places, and what describes the places
 * right. A row is a finding with all that belongs to it, in the order of the text. So the drawing stays the same at every
 * visit and reads like the report, which a layout by forces does not.
 */
export interface Spot {
  mention: Mention;
  x: number;
  y: number;
}

export interface Link {
  from: Spot;
  to: Spot;
  relation: Relation;
}

export interface Layout {
  spots: Spot[];
  links: Link[];
  width: number;
  height: number;
}

export const NODE_WIDTH = 168;
export const NODE_HEIGHT = 30;
const COLUMN = 232;
const ROW = 38;
const MARGIN = 12;

const inText = (one: Mention, other: Mention): number => (one.span?.start ?? 1e9) - (other.span?.start ?? 1e9);

export function layoutOf(mentions: readonly Mention[]): Layout {
  const byId = new Map(mentions.map((each) => [each.mentionId, each]));
  const describes = new Set(mentions.filter((each) => each.relations.some((one) => one.type === "MODIFY")).map((each) => each.mentionId));
  const column = (mention: Mention): number =>
    mention.kind === "OBSERVATION" ? (describes.has(mention.mentionId) ? 0 : 1) : describes.has(mention.mentionId) ? 3 : 2;
  const spots: Spot[] = [];
  const placed = new Map<string, Spot>();
  let top = 0;
  for (const part of partsOf(mentions, byId)) {
    const next = [top, top, top, top];
    for (const mention of [...part].sort(inText)) {
      const at = column(mention);
      const row = next[at] ?? top;
      const spot = { mention, x: MARGIN + at * COLUMN, y: MARGIN + row * ROW };
      spots.push(spot);
      placed.set(mention.mentionId, spot);
      next[at] = row + 1;
    }
    top = Math.max(...next);
  }
  const links: Link[] = [];
  for (const from of spots) {
    for (const relation of from.mention.relations) {
      const to = placed.get(relation.target);
      if (to) links.push({ from, to, relation });
    }
  }
  return { spots, links, width: 3 * COLUMN + NODE_WIDTH + 2 * MARGIN, height: top * ROW + 2 * MARGIN };
}

/** The mentions in groups that relations connect, in the order of the text. */
function partsOf(mentions: readonly Mention[], byId: Map<string, Mention>): Mention[][] {
  const near = new Map<string, string[]>(mentions.map((each) => [each.mentionId, []]));
  for (const mention of mentions) {
    for (const { target } of mention.relations) {
      near.get(mention.mentionId)?.push(target);
      near.get(target)?.push(mention.mentionId);
    }
  }
  const seen = new Set<string>();
  const parts: Mention[][] = [];
  for (const mention of [...mentions].sort(inText)) {
    if (seen.has(mention.mentionId)) continue;
    const part: Mention[] = [];
    const open = [mention.mentionId];
    seen.add(mention.mentionId);
    for (let id = open.pop(); id !== undefined; id = open.pop()) {
      const found = byId.get(id);
      if (found) part.push(found);
      for (const other of near.get(id) ?? []) {
        if (!seen.has(other)) {
          seen.add(other);
          open.push(other);
        }
      }
    }
    parts.push(part);
  }
  return parts;
}
