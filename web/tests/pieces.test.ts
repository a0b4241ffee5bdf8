import { expect, test } from "vitest";
import { piecesOf, type Part } from "../src/feed/pieces";

const part = (name: string, start: number | null, end: number | null): Part => ({ name, value: "", start, end, problem: false });

test("the text is cut at its parts and nothing is lost", () => {
  const text = "MSH|a|b";
  const pieces = piecesOf(text, [part("MSH-2", 4, 5), part("MSH-3", 6, 7)]);
  expect(pieces).toEqual([
    { text: "MSH|", part: null }, { text: "a", part: 0 }, { text: "|", part: null }, { text: "b", part: 1 },
  ]);
});

test("offsets are code points, not UTF-16 units", () => {
  const pieces = piecesOf("😀x", [part("x", 1, 2)]);
  expect(pieces.map((piece) => piece.text)).toEqual(["😀", "x"]);
});

test("a missing part has no stretch, and one within another is not shown twice", () => {
  const text = "abcdef";
  const pieces = piecesOf(text, [part("gone", null, null), part("outer", 1, 4), part("inner", 2, 3)]);
  expect(pieces.map((piece) => piece.part)).toEqual([null, 1, null]);
  expect(pieces.map((piece) => piece.text).join("")).toBe(text);
});
