import { PRESENCES, REVIEW_STATES, type Presence, type ReviewState, type Side, type Witness } from "../api/types";

/** What a list is filtered by. It stands in the address in full, so that a link shows the same list. */
export interface Filter {
  finding?: string;
  presence: Presence[];
  side?: Side;
  place?: string;
  from?: string;
  until?: string;
  modality?: string;
  reader?: Witness;
  disputed: boolean;
  review?: ReviewState;
  pairing?: string;
  warning?: string;
}

export const SIDES: readonly Side[] = ["LEFT", "RIGHT", "BILATERAL"];
export const READERS: readonly Witness[] = ["RULES", "MODEL", "BOTH"];
export const PAIRINGS = ["waiting_for_report", "waiting_for_image", "paired", "report_only", "image_only"] as const;
export const MODALITIES = ["CR", "DX", "CT", "MR"] as const;
export const WARNINGS = [
  "presence_conflict", "kind_conflict", "role_conflict", "concept_conflict", "unsure", "model_alone", "set_aside",
  "laterality_clash", "presence_clash", "truncated", "text_set_aside", "nothing_read", "language", "image_unreadable",
  "image_lost",
] as const;

export const NO_FILTER: Filter = { presence: [], disputed: false };

const DAY = /^\d{4}-\d{2}-\d{2}$/;

const oneOf = <T extends string>(allowed: readonly T[], given: string | null): T | undefined =>
  allowed.find((each) => each.toLowerCase() === given?.toLowerCase());

/** The filter of an address. What the page does not know is left out. */
export function readFilter(search: URLSearchParams): Filter {
  const words = (name: string): string | undefined => search.get(name)?.trim() || undefined;
  const day = (name: string): string | undefined => (DAY.test(search.get(name) ?? "") ? (search.get(name) ?? undefined) : undefined);
  const presence = (search.get("presence") ?? "").split(",").flatMap((one) => oneOf(PRESENCES, one) ?? []);
  return present({
    finding: words("finding"),
    presence: PRESENCES.filter((each) => presence.includes(each)),
    side: oneOf(SIDES, search.get("side")),
    place: words("place"),
    from: day("from"),
    until: day("until"),
    modality: words("modality")?.toUpperCase(),
    reader: oneOf(READERS, search.get("reader")),
    disputed: search.get("disputed") === "1",
    review: oneOf(REVIEW_STATES, search.get("review")),
    pairing: oneOf(PAIRINGS, search.get("pairing")),
    warning: words("warning"),
  });
}

/** The search part of an address, with its `?`, or "" where nothing is filtered. */
export function writeFilter(filter: Filter): string {
  const search = new URLSearchParams();
  for (const name of ["finding", "place", "from", "until", "modality", "pairing", "warning"] as const) {
    const value = filter[name];
    if (value) search.set(name, value);
  }
  for (const name of ["side", "reader", "review"] as const) {
    const value = filter[name];
    if (value) search.set(name, value.toLowerCase());
  }
  if (filter.presence.length) search.set("presence", filter.presence.join(",").toLowerCase());
  if (filter.disputed) search.set("disputed", "1");
  const written = search.toString().replaceAll("%2C", ",");
  return written && `?${written}`;
}

export type Order = "NEWEST_FIRST" | "OLDEST_FIRST";

/** The order of an address: the newest first, unless it says otherwise. */
export const readOrder = (search: URLSearchParams): Order => (search.get("sort") === "oldest" ? "OLDEST_FIRST" : "NEWEST_FIRST");

/** An address with its order. The usual one is left out. */
export const withOrder = (address: string, order: Order): string =>
  order === "NEWEST_FIRST" ? address : `${address}${address.includes("?") ? "&" : "?"}sort=oldest`;

/** One change of a filter; `undefined` takes a value away. */
export const changed = (filter: Filter, change: { [K in keyof Filter]?: Filter[K] | undefined }): Filter =>
  present({ ...filter, ...change });

type Where = Record<string, unknown>;

/** The FindingWhere of a filter, or null where it asks nothing of findings. */
export function findingWhere(filter: Filter): Where | null {
  const where: Where = {};
  if (filter.finding) where["concept"] = { code: filter.finding };
  if (filter.side) where["laterality"] = [filter.side];
  if (filter.place) where["location"] = { code: filter.place };
  if (filter.reader) where["witness"] = [filter.reader];
  if (filter.disputed) where["disputed"] = true;
  if (filter.review) where["review"] = [filter.review];
  if (filter.presence.length) where["presence"] = filter.presence;
  // A dispute is often about a denial: without this the default of the API would leave those out.
  else if (filter.disputed) where["presence"] = [...PRESENCES];
  return Object.keys(where).length ? where : null;
}

/** The StudyWhere of a filter, or null where it asks nothing. */
export function studyWhere(filter: Filter): Where | null {
  const where: Where = {};
  if (filter.from) where["startedAfter"] = `${filter.from}T00:00:00Z`;
  if (filter.until) where["startedBefore"] = dayAfter(filter.until);
  if (filter.modality) where["modality"] = [filter.modality];
  if (filter.pairing) where["pairing"] = [filter.pairing];
  if (filter.warning) where["warning"] = [filter.warning];
  const finding = findingWhere(filter);
  if (finding) where["hasFinding"] = finding;
  return Object.keys(where).length ? where : null;
}

/** The start of the next day: the last day of a filter is included. */
export const dayAfter = (day: string): string => {
  const next = new Date(`${day}T00:00:00Z`);
  next.setUTCDate(next.getUTCDate() + 1);
  return next.toISOString().replace(".000", "");
};

function present(filter: { [K in keyof Filter]: Filter[K] | undefined }): Filter {
  const entries = Object.entries(filter).filter(([, value]) => value !== undefined && value !== "");
  return Object.fromEntries(entries) as unknown as Filter;
}
