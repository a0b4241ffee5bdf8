import { expect, test } from "vitest";
import type { Presence } from "../src/api/types";
import { rowsOf, type TimedStudy } from "../src/patient/timeline";

const study = (key: string, ...said: [string, Presence][]): TimedStudy => ({
  studyKey: key, modality: "CR", bodyPart: null, startedAt: null, pairing: "report_only", reports: [],
  findings: {
    pageInfo: { hasNextPage: false, endCursor: null },
    edges: said.map(([name, presence], number) => ({
      node: { id: `${key}${number}`, text: name, presence, concept: { code: name, name }, laterality: null, disputed: false, span: null, report: null },
    })),
  },
});
const changes = (studies: TimedStudy[], name: string) => rowsOf(studies).find((row) => row.name === name)?.cells.map((cell) => cell.change);

test("silence is no denial", () => {
  const studies = [study("a", ["effusion", "PRESENT"]), study("b"), study("c", ["effusion", "ABSENT"]), study("d"), study("e", ["effusion", "PRESENT"])];
  expect(changes(studies, "effusion")).toEqual(["isNew", "gone", "denied", "notMentioned", "isNew"]);
});

test("what was there before is not new, nor after a study that is silent", () => {
  const studies = [study("a", ["mass", "PRESENT"]), study("b"), study("c", ["mass", "PRESENT"]), study("d", ["mass", "UNCERTAIN"])];
  expect(changes(studies, "mass")).toEqual(["isNew", "gone", "unchanged", "maybe"]);
});

test("of two statements in one study the stronger counts, and both are kept", () => {
  const [row] = rowsOf([study("a", ["opacity", "ABSENT"], ["opacity", "PRESENT"])]);
  expect(row?.cells[0]?.change).toBe("isNew");
  expect(row?.cells[0]?.findings.map((one) => one.presence)).toEqual(["PRESENT", "ABSENT"]);
});

test("what was ever present comes before what was only denied", () => {
  expect(rowsOf([study("a", ["air", "ABSENT"], ["zoster", "PRESENT"], ["mass", "UNCERTAIN"])]).map((row) => row.name)).toEqual(["zoster", "mass", "air"]);
});
