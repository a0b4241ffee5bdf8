import { describe, expect, test } from "vitest";
import { asGraphql, cohortWhere, findingOf, readQuestion, writeQuestion, type Question } from "../src/cohort/question";
import { NO_FILTER } from "../src/studies/filter";

const EFFUSION = { ...NO_FILTER, finding: "RID34539" };
const MASS = { ...NO_FILTER, finding: "RID3874", side: "LEFT" as const, presence: ["ABSENT" as const] };
const FULL: Question = { any: [EFFUSION, MASS], not: MASS, later: EFFUSION, from: "2026-01-01", until: "2026-12-31" };

describe("a question", () => {
  test("is whole in the address", () => {
    expect(readQuestion(new URLSearchParams(writeQuestion(FULL)))).toEqual(FULL);
    expect(readQuestion(new URLSearchParams())).toEqual({ any: [NO_FILTER], not: null, later: null, from: undefined, until: undefined });
  });
  test("joins alternatives, and asks of the patient what is about the patient", () => {
    const mass = { concept: { code: "RID3874" }, laterality: ["LEFT"], presence: ["ABSENT"] };
    const finding = { or: [{ concept: { code: "RID34539" } }, mass], studiedAfter: "2026-01-01T00:00:00Z", studiedBefore: "2027-01-01T00:00:00Z" };
    expect(findingOf(FULL)).toEqual(finding);
    expect(cohortWhere(FULL)).toEqual({
      finding,
      patient: { and: [{ not: { hasFinding: mass } }, { hasFinding: finding, noLaterFinding: { concept: { code: "RID34539" } } }] },
    });
  });
  test("without conditions counts everything", () => {
    expect(cohortWhere({ any: [NO_FILTER], not: null, later: null, from: undefined, until: undefined })).toEqual({ finding: {} });
  });
  test("is written as GraphQL, with words of enumerations bare", () => {
    const written = asGraphql({ ...FULL, any: [MASS], not: null, later: null });
    expect(written).toContain('cohort(where: {finding: {concept: {code: "RID3874"}, laterality: [LEFT], presence: [ABSENT], studiedAfter: "2026-01-01T00:00:00Z"');
  });
});
