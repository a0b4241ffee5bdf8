import { expect, test } from "vitest";
import codes from "../../docs/codes.md?raw";
import type { FindingRow, Presence } from "../src/api/types";
import { isRoutine } from "../src/ui/routine_warnings";
import { byWeight, groupsOf, isNormal, shownOf } from "../src/ui/same_finding";

const row = (name: string, presence: Presence = "PRESENT", more: Partial<FindingRow> = {}): FindingRow => ({
  id: `Finding:${name}${presence}${more.text ?? ""}`, text: name, presence, concept: { code: name, name }, laterality: null, disputed: false, ...more,
});

test("findings and impression that say the same are one group, disputed if one mention is; another side or presence is another", () => {
  const opacity = row("opacity", "PRESENT", { laterality: "RIGHT" });
  const again = row("opacity", "PRESENT", { laterality: "RIGHT", text: "density", disputed: true });
  const others = [row("opacity"), row("opacity", "ABSENT")];
  const groups = groupsOf([opacity, ...others, again]);
  expect(groups.map((group) => group.all.length)).toEqual([2, 1, 1]);
  expect(groups.map((group) => shownOf(group).disputed)).toEqual([true, false, false]);
  expect(groups[0]?.all).toEqual([opacity, again]);
});

test("what is normal comes after what is not, and before what is denied", () => {
  const rows = [row("pneumothorax", "ABSENT"), row("normal"), row("pneumonia", "UNCERTAIN"), row("effusion")];
  expect([...rows].sort(byWeight).map((one) => one.text)).toEqual(["effusion", "pneumonia", "normal", "pneumothorax"]);
  expect(isNormal(row("normal", "ABSENT"))).toBe(false);
});

test("a warning is routine where docs/codes.md asks for nothing, and only there", () => {
  const told = codes.split("\n").flatMap((line) => {
    const [names, , action] = line.split("|").slice(1).map((cell) => cell.trim());
    return (names?.match(/`[a-z_]+`/g) ?? []).map((name) => ({ name: name.slice(1, -1), nothing: /^nothing\b/.test(action ?? "") }));
  }).filter(({ name }) => !["wrong_processing_id"].includes(name));
  expect(told.length).toBeGreaterThan(100);
  expect(told.filter(({ name, nothing }) => isRoutine(name) !== nothing).map(({ name }) => name)).toEqual([]);
});
