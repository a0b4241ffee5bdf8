export interface Part {
  name: string;
  value: string;
  start: number | null;
  end: number | null;
  problem: boolean;
}

/** A stretch of a message's text: of a part, by its number, or between parts. */
export interface Piece {
  text: string;
  part: number | null;
}

/** The text cut at the parts. Offsets are code points. Of parts that overlap the first one counts. */
export function piecesOf(text: string, parts: readonly Part[]): Piece[] {
  const signs = Array.from(text);
  const words = (start: number, end: number): string => signs.slice(start, end).join("");
  const placed = parts.flatMap((part, number) => (part.start === null || part.end === null ? [] : [{ start: part.start, end: part.end, number }]));
  placed.sort((one, other) => one.start - other.start || one.number - other.number);
  const pieces: Piece[] = [];
  let at = 0;
  for (const { start, end, number } of placed) {
    if (start < at || end <= start) continue;
    if (start > at) pieces.push({ text: words(at, start), part: null });
    pieces.push({ text: words(start, end), part: number });
    at = end;
  }
  if (at < signs.length) pieces.push({ text: words(at, signs.length), part: null });
  return pieces;
}
