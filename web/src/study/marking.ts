import type { Mention, SetAside } from "../api/types";

/** A stretch of a report's text, with the mention it belongs to, if any. */
export interface Stretch {
  text: string;
  mention: Mention | null;
  /** Why it was not read, if it was set aside. */
  aside: string | null;
}

/**
 * A text cut at its mentions and at what was set aside. Offsets are code points, as the API gives them; JavaScript's own
 * are not. Mentions do not overlap; if two did, the second would begin where the first ends.
 */
export function stretchesOf(text: string, mentions: readonly Mention[], setAside: readonly SetAside[] = []): Stretch[] {
  const points = Array.from(text);
  const found: Stretch[] = [];
  const asides = [...setAside].sort((one, other) => one.start - other.start);
  let at = 0;
  const add = (end: number, aside: string | null) => {
    if (end > at) found.push({ text: points.slice(at, end).join(""), mention: null, aside });
    at = Math.max(at, end);
  };
  const addUntil = (end: number) => {
    for (const aside of asides) {
      if (aside.end <= at || aside.start >= end) continue;
      add(aside.start, null);
      add(Math.min(aside.end, end), aside.reason);
    }
    add(end, null);
  };
  const inOrder = mentions.filter((each) => each.span !== null).sort((one, other) => (one.span?.start ?? 0) - (other.span?.start ?? 0));
  for (const mention of inOrder) {
    if (!mention.span || mention.span.end <= at) continue;
    const start = Math.max(mention.span.start, at);
    addUntil(start);
    found.push({ text: points.slice(start, mention.span.end).join(""), mention, aside: null });
    at = mention.span.end;
  }
  addUntil(points.length);
  return found;
}

const END = /[.!?]\s|\n/u;

/** The sentence around a position, in code points: from the last full stop or line break to the next. */
export function sentenceAt(text: string, start: number, end: number): string {
  const points = Array.from(text);
  let from = start;
  while (from > 0 && !END.test(points.slice(from - 1, from + 1).join("")) && points[from - 1] !== "\n") from -= 1;
  let to = end;
  while (to < points.length && points[to] !== "\n" && !END.test(points.slice(to, to + 2).join(""))) to += 1;
  return points.slice(from, Math.min(to + 1, points.length)).join("").trim();
}

/** A mention and all that its relations reach, in either direction: what is lit up with it. */
export function neighboursOf(id: string, mentions: readonly Mention[]): Set<string> {
  const near = new Set([id]);
  for (const mention of mentions) {
    for (const relation of mention.relations) {
      if (mention.mentionId === id) near.add(relation.target);
      if (relation.target === id) near.add(mention.mentionId);
    }
  }
  return near;
}
