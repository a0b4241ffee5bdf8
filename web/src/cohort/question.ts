import { dayAfter, findingWhere, NO_FILTER, readFilter, writeFilter, type Filter } from "../studies/filter";

/** A cohort: patients with one of some findings, in a time, and without others. */
export interface Question {
  any: Filter[];
  not: Filter | null;
  later: Filter | null;
  from: string | undefined;
  until: string | undefined;
}

const fields = (filter: Filter): string => writeFilter(filter).slice(1);
const parsed = (written: string | null): Filter | null => (written === null ? null : readFilter(new URLSearchParams(written)));

export function readQuestion(search: URLSearchParams): Question {
  const { from, until } = readFilter(search);
  const any = search.getAll("any").map((one) => readFilter(new URLSearchParams(one)));
  return { any: any.length ? any : [NO_FILTER], not: parsed(search.get("not")), later: parsed(search.get("later")), from, until };
}

export function writeQuestion(question: Question): string {
  const search = new URLSearchParams();
  for (const filter of question.any) search.append("any", fields(filter));
  if (question.not) search.set("not", fields(question.not));
  if (question.later) search.set("later", fields(question.later));
  if (question.from) search.set("from", question.from);
  if (question.until) search.set("until", question.until);
  return `?${search.toString()}`;
}

type Where = Record<string, unknown>;

/** The findings that are counted. */
export function findingOf(question: Question): Where {
  const ways = question.any.flatMap((filter) => findingWhere(filter) ?? []);
  const where: Where = ways.length > 1 ? { or: ways } : Object.assign({}, ways[0]);
  if (question.from) where["studiedAfter"] = `${question.from}T00:00:00Z`;
  if (question.until) where["studiedBefore"] = dayAfter(question.until);
  return where;
}

/** The CohortWhere of a question. `not` and `later` are about the patient: one who has such a finding is left out. */
export function cohortWhere(question: Question): Where {
  const finding = findingOf(question);
  const not = question.not && findingWhere(question.not);
  const later = question.later && findingWhere(question.later);
  const conditions: Where[] = [];
  if (not) conditions.push({ not: { hasFinding: not } });
  if (later) conditions.push({ hasFinding: finding, noLaterFinding: later });
  const where: Where = { finding };
  if (conditions.length) where["patient"] = conditions.length > 1 ? { and: conditions } : conditions[0];
  return where;
}

/** A value as GraphQL writes it: names without quotes, and words of an enumeration too. */
export function literal(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(literal).join(", ")}]`;
  if (value !== null && typeof value === "object") {
    const entries = Object.entries(value).map(([name, one]) => `${name}: ${ENUMS.has(name) ? bare(one) : literal(one)}`);
    return `{${entries.join(", ")}}`;
  }
  return JSON.stringify(value);
}

const ENUMS = new Set(["presence", "laterality", "witness", "review"]);
const bare = (value: unknown): string => (Array.isArray(value) ? `[${value.join(", ")}]` : String(value));

/** The whole operation with its values in it, to be pasted into GraphiQL or a program. */
export const asGraphql = (question: Question): string => `query Cohort {
  cohort(where: ${literal(cohortWhere(question))}) {
    patients { count suppressed }
    studies { count suppressed }
    byConcept { key name patients { count suppressed } studies { count suppressed } }
    byLocation { key name patients { count suppressed } studies { count suppressed } }
    byMonth { key patients { count suppressed } studies { count suppressed } }
  }
}
`;
