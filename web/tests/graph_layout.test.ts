import { expect, test } from "vitest";
import { layoutOf, NODE_HEIGHT } from "../src/study/graph_layout";
import { mention } from "./mentions";

const WORDS = "small left pleural effusion opacity pneumonia pneumothorax";
const ALL = [
  mention(WORDS, "small", { to: [["MODIFY", "effusion"]] }),
  mention(WORDS, "left", { kind: "ANATOMY", to: [["MODIFY", "pleural"]] }),
  mention(WORDS, "pleural", { kind: "ANATOMY" }),
  mention(WORDS, "effusion", { to: [["LOCATED_AT", "pleural"]] }),
  mention(WORDS, "opacity", { to: [["SUGGESTIVE_OF", "pneumonia"]] }),
  mention(WORDS, "pneumonia", { presence: "UNCERTAIN" }),
  mention(WORDS, "pneumothorax", { presence: "ABSENT" }),
];

test("every mention has a place of its own, and every relation is drawn", () => {
  const { spots, links, width, height } = layoutOf(ALL);
  expect(spots.map((spot) => spot.mention.mentionId).sort()).toEqual(ALL.map((one) => one.mentionId).sort());
  expect(new Set(spots.map((spot) => `${spot.x}/${spot.y}`)).size).toBe(ALL.length);
  expect(links.map((link) => `${link.from.mention.text} ${link.relation.type} ${link.to.mention.text}`).sort()).toEqual([
    "effusion LOCATED_AT pleural", "left MODIFY pleural", "opacity SUGGESTIVE_OF pneumonia", "small MODIFY effusion",
  ]);
  expect(Math.max(...spots.map((spot) => spot.y)) + NODE_HEIGHT).toBeLessThan(height);
  expect(Math.max(...spots.map((spot) => spot.x))).toBeLessThan(width);
});

test("columns go from what describes to the places, and each finding has rows of its own", () => {
  const at = new Map(layoutOf(ALL).spots.map((spot) => [spot.mention.text, spot]));
  const xs = ["small", "effusion", "pleural", "left"].map((text) => at.get(text)?.x ?? -1);
  expect(xs).toEqual([...xs].sort((one, other) => one - other));
  expect(at.get("opacity")?.y).toBeGreaterThan(at.get("effusion")?.y ?? Infinity);
  expect(at.get("pneumothorax")?.y).toBeGreaterThan(at.get("pneumonia")?.y ?? Infinity);
});

test("a relation to a mention that is not there is left out, and no mentions are no drawing", () => {
  expect(layoutOf([mention("a", "a", { to: [["SUGGESTIVE_OF", "gone"]] })]).links).toEqual([]);
  expect(layoutOf([]).spots).toEqual([]);
});
