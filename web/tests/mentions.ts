import type { Mention, Presence, Relation } from "../src/api/types";

/** A mention of words in a text, for tests. */
export function mention(text: string, words: string, given: { presence?: Presence; kind?: Mention["kind"]; to?: [Relation["type"], string][] } = {}): Mention {
  const start = Array.from(text.slice(0, text.indexOf(words))).length;
  const relations = (given.to ?? []).map(([type, target]) => ({ type, target, score: null, witness: "RULES" as const }));
  return {
    mentionId: words, kind: given.kind ?? "OBSERVATION", text: words, presence: given.kind === "ANATOMY" ? null : (given.presence ?? "PRESENT"),
    isFinding: !relations.some((one) => one.type === "MODIFY"), score: null, witness: "RULES", disputed: false, otherPresence: null,
    reportKey: "r", span: { start, end: start + Array.from(words).length, section: "findings" }, concept: null, relations,
  };
}
