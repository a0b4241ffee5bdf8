import { PRESENCES, REVIEW_STATES } from "../api/types";

export const QUEUES = ["qDisputed", "qUnsure", "qAny", "qSecond"] as const;
export type Queue = (typeof QUEUES)[number];

/** The FindingWhere of a queue, denied findings included: what nobody has judged yet, or for a second reader the rest. */
export function queueWhere(queue: Queue): Record<string, unknown> {
  const unreviewed = { presence: [...PRESENCES], review: ["UNREVIEWED"] };
  if (queue === "qDisputed") return { ...unreviewed, disputed: true };
  // Somebody has judged these. By whom and how is not asked for.
  if (queue === "qSecond") return { ...unreviewed, review: REVIEW_STATES.filter((state) => state !== "UNREVIEWED") };
  // A finding without a score always fits `minScore`, so its negation leaves only low scores.
  if (queue === "qUnsure") return { ...unreviewed, not: { minScore: 0.9 } };
  return unreviewed;
}

/** A number from 0 to 1 that depends on nothing but the words: the same order for the same key at every visit. */
const shade = (words: string): number => {
  let hash = 2166136261;
  for (const letter of words) hash = Math.imul(hash ^ (letter.codePointAt(0) ?? 0), 16777619);
  return (hash >>> 0) / 2 ** 32;
};

/** The rows in an order that has nothing to do with their time. */
export const shuffled = <T extends { id: string }>(rows: readonly T[]): T[] => [...rows].sort((one, other) => shade(one.id) - shade(other.id));
