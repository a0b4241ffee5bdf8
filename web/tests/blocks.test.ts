import { expect, test } from "vitest";
import { BLOCK, blocksOf } from "../src/studies/blocks";

test("blocks hold each row once, in order", () => {
  const rows = Array.from({ length: 2 * BLOCK + 3 }, (_, number) => number);
  const blocks = blocksOf(rows);
  expect(blocks.map((block) => block.first)).toEqual([0, BLOCK, 2 * BLOCK]);
  expect(blocks.flatMap((block) => block.rows)).toEqual(rows);
  expect(blocksOf([])).toEqual([]);
});
