import { useTexts } from "../i18n";
import { isRoutine } from "./routine_warnings";

/** A warning's code. One that asks nobody to do anything is quiet. */
export function Warning({ code }: { code: string }) {
  const t = useTexts();
  const routine = isRoutine(code);
  return <code class={routine ? "badge" : "badge alarm"} title={t(routine ? "routineWarning" : "seriousWarning")}>{code}</code>;
}

/** Those that ask for something first. */
export const inOrder = (codes: readonly string[]): string[] => [...new Set(codes)].sort((one, other) => Number(isRoutine(one)) - Number(isRoutine(other)));
