import { expect, test } from "vitest";
import { stretchOf, wordsOf } from "../src/review/words";

const TEXTS = [
  "FINDINGS: Small left effusion.",
  "Ähnlich: 𝔸 subtle post-operative lucency,\n the patient’s apex (2.5 cm).",
  "  leading and trailing  ",
  "",
  "👩‍⚕️ signed",
];

test.each(TEXTS)("each word of %j stands where the API counts it", (text) => {
  const points = Array.from(text);
  const words = wordsOf(text);
  for (const word of words) expect(points.slice(word.start, word.end).join("")).toBe(word.text);
  expect(words.map((word) => word.text).join("")).toBe(text.replace(/\s/gu, ""));
});

test("a stretch holds what is between its words, in either direction", () => {
  const text = TEXTS[1] ?? "";
  const words = wordsOf(text);
  const from = words.findIndex((word) => word.text === "𝔸");
  const to = words.findIndex((word) => word.text === "lucency");
  expect(stretchOf(text, words, from, to)?.text).toBe("𝔸 subtle post-operative lucency");
  expect(stretchOf(text, words, to, from)).toEqual(stretchOf(text, words, from, to));
  expect(stretchOf("", [], 0, 0)).toBeNull();
});
