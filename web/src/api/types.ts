/** The parts of the schema that the page asks for. */

export type Presence = "PRESENT" | "UNCERTAIN" | "ABSENT";
export type Witness = "MODEL" | "RULES" | "BOTH";
export type ReviewState = "UNREVIEWED" | "CONFIRMED" | "REJECTED" | "CONTESTED" | "UNDECIDED";
export type Verdict = "CORRECT" | "WRONG" | "CANNOT_TELL" | "WITHDRAWN";
export type Side = "LEFT" | "RIGHT" | "BILATERAL";

export const PRESENCES: readonly Presence[] = ["PRESENT", "UNCERTAIN", "ABSENT"];
export const REVIEW_STATES: readonly ReviewState[] = [
  "UNREVIEWED",
  "CONFIRMED",
  "REJECTED",
  "CONTESTED",
  "UNDECIDED",
];

export interface Caller {
  name: string;
  role: "VIEWER" | "RESEARCHER" | "OPERATOR" | "ADMIN";
  rights: string[];
}

export interface Concept {
  code: string;
  name: string;
  system?: string;
}

export interface Page<T> {
  edges: { node: T }[];
  totalCount?: number;
  pageInfo: { hasNextPage: boolean; endCursor: string | null };
}

export interface Span {
  start: number;
  end: number;
  section: string;
}

export interface Patient {
  patientId: string;
  sex: string | null;
  birthYear: number | null;
}

export interface FindingRow {
  id: string;
  text: string;
  presence: Presence;
  concept: Concept | null;
  laterality: Side | null;
  disputed: boolean;
}

export interface StudyRow {
  studyKey: string;
  modality: string | null;
  bodyPart: string | null;
  startedAt: string | null;
  pairing: string;
  patient: Patient;
  extraction: { warnings: string[]; outOfDomain: boolean } | null;
  findings: Page<FindingRow>;
}

export interface Review {
  reviewer: string;
  at: string;
  verdict: Verdict;
  presence: Presence | null;
  note?: string | null;
  mayRead: boolean;
  holds: boolean;
}

export interface Finding extends FindingRow {
  severity: string | null;
  score: number | null;
  witness: Witness;
  otherPresence: Presence | null;
  review: ReviewState;
  reviews: Review[];
  span: Span | null;
  report: { reportKey: string; version?: number; status?: string; text?: string | null } | null;
}

export interface Relation {
  type: "MODIFY" | "LOCATED_AT" | "SUGGESTIVE_OF";
  target: string;
  score: number | null;
  witness: Witness;
}

export interface Mention {
  mentionId: string;
  kind: "OBSERVATION" | "ANATOMY";
  text: string;
  presence: Presence | null;
  isFinding: boolean;
  score: number | null;
  witness: Witness;
  disputed: boolean;
  otherPresence: Presence | null;
  reportKey: string | null;
  span: Span | null;
  concept: Concept | null;
  relations: Relation[];
}

/** Words that a person marked as missed by the reading. */
export interface Missed {
  missedId: string;
  reviewer: string;
  at: string;
  reportKey: string;
  start: number;
  end: number;
  text: string;
  presence: Presence;
  conceptCode: string | null;
  conceptName: string | null;
  relation: { type: Relation["type"]; start: number; end: number; text: string } | null;
  note: string | null;
}

export interface Report {
  reportKey: string;
  reportId: string;
  version: number;
  status: string;
  current: boolean;
  issuedAt: string | null;
  text?: string | null;
  /** What was not read; null if the reading in use did not read this version. */
  setAside?: SetAside[] | null;
}

/** A stretch of a report that was not read. Offsets are code points. */
export interface SetAside {
  start: number;
  end: number;
  reason: string;
}

export interface FilmInfo {
  sopInstanceUid?: string | null;
  view: string | null;
  rows: number | null;
  columns: number | null;
}

export interface Extraction {
  engine: string;
  checkpoint: string | null;
  checkpointDigest: string | null;
  engineDigest: string;
  modalities: string[];
  warnings: string[];
  outOfDomain: boolean;
  createdAt: string;
  agreement: { mentionsBoth: number; mentionsModel: number; mentionsRules: number; disputed: number } | null;
}

export interface Study {
  studyKey: string;
  studyUid?: string | null;
  accession: string | null;
  modality: string | null;
  bodyPart: string | null;
  startedAt: string | null;
  pairing: string;
  patient: Patient;
  reports: Report[];
  images: FilmInfo[];
  extraction: Extraction | null;
  mentions: Mention[];
  findings: Page<Finding>;
}
