import { describe, expect, test } from "vitest";
import { changed, findingWhere, NO_FILTER, readFilter, readOrder, studyWhere, withOrder, writeFilter, type Filter } from "../src/studies/filter";

const FULL: Filter = {
  finding: "RID34539", presence: ["PRESENT", "ABSENT"], side: "LEFT", place: "RID1326", from: "2026-01-31", until: "2026-02-28",
  modality: "CR", reader: "BOTH", disputed: true, review: "CONTESTED", pairing: "paired", warning: "unsure",
};

describe("the address", () => {
  test("holds the whole filter", () => {
    expect(readFilter(new URLSearchParams(writeFilter(FULL)))).toEqual(FULL);
    expect(writeFilter(NO_FILTER)).toBe("");
  });
  test.each(Object.keys(FULL) as (keyof Filter)[])("holds %s alone", (name) => {
    const one = { ...NO_FILTER, [name]: FULL[name] };
    expect(readFilter(new URLSearchParams(writeFilter(one)))).toEqual(one);
  });
  test("leaves out what the page does not know", () => {
    const strange = new URLSearchParams("presence=perhaps,absent&side=up&from=yesterday&review=&pairing=x&disputed=yes");
    expect(readFilter(strange)).toEqual({ presence: ["ABSENT"], disputed: false });
  });
  test("loses a value that is taken away", () => {
    expect(changed(FULL, { finding: undefined })).not.toHaveProperty("finding");
    expect(changed(FULL, { from: "" })).not.toHaveProperty("from");
  });
});

describe("the question", () => {
  test("asks nothing without a filter", () => {
    expect([findingWhere(NO_FILTER), studyWhere(NO_FILTER)]).toEqual([null, null]);
  });
  test("leaves presence to the API, so that a denied finding never comes by default", () => {
    expect(findingWhere({ ...NO_FILTER, finding: "RID1" })).toEqual({ concept: { code: "RID1" } });
  });
  test("asks for disputes about denials too", () => {
    expect(findingWhere({ ...NO_FILTER, disputed: true })).toEqual({ disputed: true, presence: ["PRESENT", "UNCERTAIN", "ABSENT"] });
  });
  test("includes the last day", () => {
    expect(studyWhere({ ...NO_FILTER, from: "2026-02-01", until: "2026-02-28" })).toEqual({
      startedAfter: "2026-02-01T00:00:00Z", startedBefore: "2026-03-01T00:00:00Z",
    });
  });
  test("keeps what is asked of studies apart from what is asked of findings", () => {
    expect(studyWhere(FULL)).toEqual({
      startedAfter: "2026-01-31T00:00:00Z", startedBefore: "2026-03-01T00:00:00Z", modality: ["CR"], pairing: ["paired"], warning: ["unsure"],
      hasFinding: {
        concept: { code: "RID34539" }, laterality: ["LEFT"], location: { code: "RID1326" }, witness: ["BOTH"], disputed: true,
        review: ["CONTESTED"], presence: ["PRESENT", "ABSENT"],
      },
    });
  });
});

test("the order is in the address, and the newest come first without it", () => {
  for (const address of ["/studies", "/studies?finding=RID1"]) {
    for (const order of ["NEWEST_FIRST", "OLDEST_FIRST"] as const) {
      expect(readOrder(new URL(withOrder(address, order), "http://x").searchParams)).toBe(order);
    }
    expect(withOrder(address, "NEWEST_FIRST")).toBe(address);
  }
});
