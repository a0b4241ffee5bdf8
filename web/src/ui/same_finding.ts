import type { FindingRow, Presence } from "../api/types";

/** Findings that say the same of one study, though its report may say it twice: concept, side and presence. */
export interface Group<T extends FindingRow> {
  key: string;
  first: T;
  all: T[];
}

const sameAs = (finding: FindingRow): string =>
  [finding.concept?.code ?? finding.text, finding.laterality, finding.presence].join("/");

/** A group as one finding: disputed if one of its mentions is. */
export const shownOf = <T extends FindingRow>(group: Group<T>): T => ({ ...group.first, disputed: group.all.some((one) => one.disputed) });

/** One group for each statement, in the order of first mentions. */
export function groupsOf<T extends FindingRow>(findings: readonly T[]): Group<T>[] {
  const groups = new Map<string, Group<T>>();
  for (const finding of findings) {
    const key = sameAs(finding);
    const known = groups.get(key);
    if (known) known.all.push(finding);
    else groups.set(key, { key, first: finding, all: [finding] });
  }
  return [...groups.values()];
}

const NORMAL = new Set(["normal", "clear", "intact", "unremarkable", "within normal limits", "midline", "patent"]);

/** Whether it only says that something is as it should be: true, but not what a reader looks for first. */
export const isNormal = (finding: FindingRow): boolean =>
  finding.presence === "PRESENT" && NORMAL.has((finding.concept?.name ?? finding.text).toLowerCase());

const RANK: Record<Presence, number> = { PRESENT: 0, UNCERTAIN: 1, ABSENT: 3 };
const rank = (finding: FindingRow): number => (isNormal(finding) ? 2 : RANK[finding.presence]);

/** Present before uncertain, then what is normal, denied ones last. Equals keep their order. */
export const byWeight = (one: FindingRow, other: FindingRow): number => rank(one) - rank(other);
