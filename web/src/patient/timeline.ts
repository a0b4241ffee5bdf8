import type { FindingRow, Page, Presence, Report, Side, Span } from "../api/types";

export interface TimedFinding extends FindingRow {
  span: Span | null;
  report: { reportKey: string } | null;
}

export interface TimedStudy {
  studyKey: string;
  modality: string | null;
  bodyPart: string | null;
  startedAt: string | null;
  pairing: string;
  reports: Report[];
  findings: Page<TimedFinding>;
}

/** What a study says of a finding, beside what the studies before it said. */
export type Change = "isNew" | "unchanged" | "maybe" | "denied" | "gone" | "notMentioned";

export interface Cell {
  change: Change;
  findings: TimedFinding[];
}

export interface Row {
  key: string;
  name: string;
  side: Side | null;
  cells: Cell[];
}

const STRENGTH: Record<Presence, number> = { PRESENT: 2, UNCERTAIN: 1, ABSENT: 0 };

/**
 * One row for each concept and side, one cell for each study. A study that is silent says nothing: only the words of a
 * report deny. `studies` are in the order of time. Findings that were ever present come first.
 */
export function rowsOf(studies: readonly TimedStudy[]): Row[] {
  const rows = new Map<string, Row & { best: number }>();
  for (const study of studies) {
    for (const { node } of study.findings.edges) {
      const name = node.concept?.name ?? node.text;
      const key = `${node.concept?.code ?? name}/${node.laterality ?? ""}`;
      const row = rows.get(key) ?? { key, name, side: node.laterality, cells: [], best: 0 };
      row.best = Math.max(row.best, STRENGTH[node.presence]);
      rows.set(key, row);
    }
  }
  for (const row of rows.values()) {
    let before: Presence | null = null;
    for (const study of studies) {
      const findings = study.findings.edges
        .map((edge) => edge.node)
        .filter((node) => `${node.concept?.code ?? node.concept?.name ?? node.text}/${node.laterality ?? ""}` === row.key)
        .sort((one, other) => STRENGTH[other.presence] - STRENGTH[one.presence] || (one.span?.start ?? 0) - (other.span?.start ?? 0));
      const said = findings[0]?.presence ?? null;
      row.cells.push({ change: changeOf(said, before), findings });
      before = said ?? before;
    }
  }
  return [...rows.values()].sort((one, other) => other.best - one.best || one.name.localeCompare(other.name));
}

function changeOf(said: Presence | null, before: Presence | null): Change {
  if (said === "ABSENT") return "denied";
  if (said === "UNCERTAIN") return "maybe";
  if (said === "PRESENT") return before === "PRESENT" ? "unchanged" : "isNew";
  return before === "PRESENT" ? "gone" : "notMentioned";
}
