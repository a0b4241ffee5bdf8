/** One word of a text, by code points. */
export interface Word {
  text: string;
  start: number;
  end: number;
}

/** The words and single signs of a text, in order; space is left out. Offsets are code points, as the API counts. */
export function wordsOf(text: string): Word[] {
  const found: Word[] = [];
  let units = 0;
  let points = 0;
  for (const match of text.matchAll(/[\p{L}\p{M}\p{N}]+(?:['’-][\p{L}\p{M}\p{N}]+)*|[^\s]/gu)) {
    points += Array.from(text.slice(units, match.index)).length;
    const length = Array.from(match[0]).length;
    found.push({ text: match[0], start: points, end: points + length });
    units = match.index + match[0].length;
    points += length;
  }
  return found;
}

/** The stretch from one word to another, whichever comes first, with its words as the text has them. */
export function stretchOf(text: string, words: readonly Word[], one: number, other: number): Word | null {
  const [first, last] = [words[Math.min(one, other)], words[Math.max(one, other)]];
  if (!first || !last) return null;
  return { start: first.start, end: last.end, text: Array.from(text).slice(first.start, last.end).join("") };
}
