import { describe, expect, test } from "vitest";
import { neighboursOf, sentenceAt, stretchesOf } from "../src/study/marking";
import { mention } from "./mentions";

const TEXT = "FINDINGS: Small 𝛼 effusion. No pneumothorax.\nHeart 1.5 cm larger.";

describe("a marked text", () => {
  test("is the text again, whatever stands in it", () => {
    const marks = [mention(TEXT, "pneumothorax"), mention(TEXT, "effusion"), mention(TEXT, "Small")];
    const parts = stretchesOf(TEXT, marks);
    expect(parts.map((part) => part.text).join("")).toBe(TEXT);
    expect(parts.filter((part) => part.mention).map((part) => [part.text, part.mention?.mentionId])).toEqual([
      ["Small", "Small"], ["effusion", "effusion"], ["pneumothorax", "pneumothorax"],
    ]);
  });
  test("shows no letter twice where mentions overlap", () => {
    const parts = stretchesOf(TEXT, [mention(TEXT, "Small 𝛼"), mention(TEXT, "𝛼 effusion"), mention(TEXT, "Small")]);
    expect(parts.map((part) => part.text).join("")).toBe(TEXT);
  });
  test("without mentions is one stretch", () => {
    expect(stretchesOf(TEXT, [])).toEqual([{ text: TEXT, mention: null, aside: null }]);
    expect(stretchesOf("", [])).toEqual([]);
  });
});

test("what was set aside is cut out with its reason, by code points, around mentions", () => {
  const text = "𝛼 HISTORY: cough. FINDINGS: effusion. Dr. X";
  const asides = [{ start: 38, end: 43, reason: "sign_off" }, { start: 2, end: 18, reason: "history" }];
  const parts = stretchesOf(text, [mention(text, "effusion")], asides);
  expect(parts.map((part) => part.text).join("")).toBe(text);
  expect(parts.filter((part) => part.aside).map((part) => [part.text, part.aside])).toEqual([["HISTORY: cough. ", "history"], ["Dr. X", "sign_off"]]);
  expect(parts.filter((part) => part.mention).map((part) => part.text)).toEqual(["effusion"]);
});

test.each([
  ["effusion", "FINDINGS: Small 𝛼 effusion."],
  ["pneumothorax", "No pneumothorax."],
  ["larger", "Heart 1.5 cm larger."],
])("the sentence of %s", (words, sentence) => {
  const { span } = mention(TEXT, words);
  expect(sentenceAt(TEXT, span?.start ?? 0, span?.end ?? 0)).toBe(sentence);
});

test("a mention is lit with what it leads to and what leads to it", () => {
  const words = "small effusion pleural lung";
  const all = [mention(words, "small", { to: [["MODIFY", "effusion"]] }), mention(words, "effusion", { to: [["LOCATED_AT", "pleural"]] }), mention(words, "pleural", { kind: "ANATOMY" }), mention(words, "lung", { kind: "ANATOMY" })];
  expect([...neighboursOf("effusion", all)].sort()).toEqual(["effusion", "pleural", "small"]);
});
