import { expect, test } from "vitest";
import { de } from "../src/i18n/de";
import { en } from "../src/i18n/en";
import { textsOf } from "../src/i18n";
import { differences } from "../src/study/differences";
import { REVIEW_QUEUE } from "../src/api/queries";
import { queueWhere, shuffled } from "../src/review/queue";

test("both languages have every text, and no empty one", () => {
  expect(Object.keys(de).sort()).toEqual(Object.keys(en).sort());
  expect([...Object.values(de), ...Object.values(en)].filter((text) => text.trim() === "")).toEqual([]);
});

test("the three presences have words of their own in each language", () => {
  for (const texts of [en, de]) expect(new Set([texts.PRESENT, texts.UNCERTAIN, texts.ABSENT]).size).toBe(3);
});

test("codes that the dictionary lacks are shown as they are", () => {
  expect(textsOf("de").word("paired")).toBe("zugeordnet");
  expect(textsOf("de").word("some_code")).toBe("some_code");
  expect(textsOf("en").day(null)).toBe("no date");
});

test("differences give both texts back", () => {
  const [before, after] = ["FINDINGS: Small left effusion.\nNo mass.", "FINDINGS: Large left effusion.\nNo new mass."];
  const found = differences(before, after);
  expect(found.filter((one) => one.kind !== "added").map((one) => one.text).join("")).toBe(before);
  expect(found.filter((one) => one.kind !== "removed").map((one) => one.text).join("")).toBe(after);
  expect(found.filter((one) => one.kind === "removed").map((one) => one.text)).toEqual(["Small"]);
  expect(differences("same", "same")).toEqual([{ kind: "same", text: "same" }]);
});

test("a queue asks for what nobody has judged, denied findings included", () => {
  for (const queue of ["qDisputed", "qUnsure", "qAny"] as const) {
    expect(queueWhere(queue)).toMatchObject({ presence: ["PRESENT", "UNCERTAIN", "ABSENT"], review: ["UNREVIEWED"] });
  }
});

test("a second reader is asked about what others have judged, and does not learn how", () => {
  expect(queueWhere("qSecond")["review"]).toEqual(["CONFIRMED", "REJECTED", "CONTESTED", "UNDECIDED"]);
  expect(REVIEW_QUEUE).toContain("reviewedByMe");
  expect(REVIEW_QUEUE).not.toMatch(/\breviews?\b/);
});

test("mixing keeps every row and is the same at every visit", () => {
  const rows = Array.from({ length: 40 }, (_, number) => ({ id: `Finding:${number}` }));
  const mixed = shuffled(rows);
  expect(mixed).not.toEqual(rows);
  expect([...mixed].sort((one, other) => rows.indexOf(one) - rows.indexOf(other))).toEqual(rows);
  expect(shuffled([...rows].reverse())).toEqual(mixed);
});
