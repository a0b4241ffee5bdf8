import { expect, test } from "vitest";
import { dragged, previewFilter, shownWindow, wholeWindow, type Levels } from "../src/study/window";

const LEVELS: Levels = { least: 0, greatest: 4000, windowCenter: 1000, windowWidth: 500, inverted: false };

test("the whole window holds every grey value", () => {
  expect(wholeWindow(LEVELS)).toEqual({ center: 2000, width: 4000 });
  expect(wholeWindow({ ...LEVELS, greatest: 0 })).toEqual({ center: 0, width: 1 });
});

test("a film with a look-up table has no window of its own", () => {
  expect(shownWindow({ ...LEVELS, windowCenter: null, windowWidth: null })).toBeNull();
  expect(shownWindow(LEVELS)).toEqual({ center: 1000, width: 500 });
});

test("downwards is darker, whatever the polarity, and the window stays within the film", () => {
  const from = { center: 1000, width: 500 };
  expect(dragged(from, LEVELS, 0, 0.1)).toEqual({ center: 1400, width: 500 });
  expect(dragged(from, { ...LEVELS, inverted: true }, 0, 0.1)).toEqual({ center: 600, width: 500 });
  expect(dragged(from, LEVELS, 0.25, 0)).toEqual({ center: 1000, width: 1500 });
  expect(dragged(from, LEVELS, -9, -9)).toEqual({ center: 0, width: 1 });
});

/** What a filter makes of a grey value, before it is cut to 0 to 1. */
const applied = (filter: string, grey: number): number => {
  const found = /brightness\(([\d.]+)\) contrast\(([\d.]+)\)/.exec(filter);
  if (!found) throw new Error(filter);
  return grey * Number(found[1]) * Number(found[2]) + 0.5 * (1 - Number(found[2]));
};

test("the preview is the wanted window where the shown one cuts nothing off", () => {
  const [shown, wanted] = [{ center: 2000, width: 4000 }, { center: 1500, width: 3000 }];
  for (const inverted of [false, true]) {
    const filter = previewFilter(shown, wanted, inverted);
    for (const value of [1000, 1500, 2500]) {
      const drawn = (window: { center: number; width: number }): number => {
        const grey = (value - window.center) / window.width + 0.5;
        return inverted ? 1 - grey : grey;
      };
      expect(applied(filter, drawn(shown))).toBeCloseTo(drawn(wanted), 2);
    }
  }
  expect(previewFilter(shown, shown, false)).toBe("");
});
