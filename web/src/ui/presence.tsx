import { useTexts } from "../i18n";
import type { FindingRow, Presence, ReviewState } from "../api/types";
import { isNormal } from "./same_finding";

/** The sign of a presence. With the line below or through the words it says the same without any colour. */
export const SIGN: Record<Presence, string> = { PRESENT: "●", UNCERTAIN: "?", ABSENT: "⊘" };

/** The sign alone, where the word stands beside it. */
export function PresenceSign({ presence }: { presence: Presence }) {
  return <span class={`sign ${presence.toLowerCase()}`} aria-hidden="true">{SIGN[presence]}</span>;
}

/** A finding as one label. A denied one always begins with the word for that. */
export function FindingLabel({ finding }: { finding: FindingRow }) {
  const t = useTexts();
  const name = finding.concept?.name ?? finding.text;
  const side = finding.laterality && !name.includes(t(finding.laterality)) ? `${t(finding.laterality)} ` : "";
  return (
    <span class={`finding ${finding.presence.toLowerCase()}${isNormal(finding) ? " normal" : ""}`}>
      <PresenceSign presence={finding.presence} /><span class="said"> {t(finding.presence)}: </span>
      {finding.presence !== "PRESENT" && <span class="word" aria-hidden="true">{t(finding.presence === "ABSENT" ? "absent" : "uncertain")} </span>}
      <span class="name">{side}{name}</span>
      {finding.disputed && <DisputedSign />}
    </span>
  );
}

export function DisputedSign() {
  const t = useTexts();
  return <span class="disputed" title={t("disputedNote")}><span aria-hidden="true">⚡</span><span class="said"> {t("disputed")}</span></span>;
}

export function ReviewBadge({ state }: { state: ReviewState }) {
  const t = useTexts();
  return <span class={`badge review-${state.toLowerCase()}`}>{t(state)}</span>;
}
