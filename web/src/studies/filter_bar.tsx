import { useTexts } from "../i18n";
import { PRESENCES, REVIEW_STATES } from "../api/types";
import { ConceptBox } from "../ui/concept_box";
import { PresenceSign } from "../ui/presence";
import { changed, MODALITIES, NO_FILTER, PAIRINGS, READERS, SIDES, WARNINGS, writeFilter, type Filter } from "./filter";

interface Given {
  filter: Filter;
  onChange: (filter: Filter) => void;
}

interface Choice {
  label: string;
  value: string | undefined;
  choices: readonly string[];
  onChoose: (value: string | undefined) => void;
}

function Select({ label, value, choices, onChoose }: Choice) {
  const t = useTexts();
  return (
    <label class="field">
      <span>{label}</span>
      <select value={value ?? ""} onChange={(event) => onChoose(event.currentTarget.value || undefined)}>
        <option value="">{t("any")}</option>
        {value !== undefined && !choices.includes(value) && <option value={value}>{value}</option>}
        {choices.map((one) => <option key={one} value={one}>{t.word(one)}</option>)}
      </select>
    </label>
  );
}

/** What is asked of findings: the same fields for lists, reviews and cohorts. */
export function FindingFields({ filter, onChange, isFirst = false }: Given & { isFirst?: boolean }) {
  const t = useTexts();
  const set = (change: Parameters<typeof changed>[1]): void => onChange(changed(filter, change));
  return (
    <>
      <ConceptBox label={t("finding")} hint={t("findingHint")} code={filter.finding} onChoose={(finding) => set({ finding })} isFirst={isFirst} />
      <fieldset class="field presences">
        <legend>{t("presence")}</legend>
        {PRESENCES.map((each) => (
          <label key={each} class="check">
            <input
              type="checkbox" checked={filter.presence.includes(each)}
              onChange={(event) => set({ presence: PRESENCES.filter((one) => (one === each ? event.currentTarget.checked : filter.presence.includes(one))) })}
            />
            <PresenceSign presence={each} /> {t(each)}
          </label>
        ))}
      </fieldset>
      <ConceptBox label={t("place")} hint={t("placeHint")} code={filter.place} onChoose={(place) => set({ place })} />
      <Select label={t("side")} value={filter.side} choices={SIDES} onChoose={(side) => set({ side: SIDES.find((one) => one === side) })} />
    </>
  );
}

export function FilterBar({ filter, onChange }: Given) {
  const t = useTexts();
  const set = (change: Parameters<typeof changed>[1]): void => onChange(changed(filter, change));
  const more = [filter.modality, filter.reader, filter.review, filter.pairing, filter.warning].filter(Boolean).length;
  return (
    <form class="filters" aria-label={t("filters")} onSubmit={(event) => event.preventDefault()}>
      <div class="fields">
        <FindingFields filter={filter} onChange={onChange} isFirst />
        <label class="field"><span>{t("from")}</span><input type="date" value={filter.from ?? ""} onChange={(event) => set({ from: event.currentTarget.value })} /></label>
        <label class="field"><span>{t("until")}</span><input type="date" value={filter.until ?? ""} onChange={(event) => set({ until: event.currentTarget.value })} /></label>
        <label class="check alone"><input type="checkbox" checked={filter.disputed} onChange={(event) => set({ disputed: event.currentTarget.checked })} /> {t("disputedOnly")}</label>
      </div>
      <details open={more > 0}>
        <summary>{t("moreFilters")}{more > 0 ? ` (${more})` : ""}</summary>
        <div class="fields">
          <Select label={t("modality")} value={filter.modality} choices={MODALITIES} onChoose={(modality) => set({ modality })} />
          <Select label={t("reader")} value={filter.reader} choices={READERS} onChoose={(reader) => set({ reader: READERS.find((one) => one === reader) })} />
          <Select label={t("reviewState")} value={filter.review} choices={REVIEW_STATES} onChoose={(review) => set({ review: REVIEW_STATES.find((one) => one === review) })} />
          <Select label={t("pairing")} value={filter.pairing} choices={PAIRINGS} onChoose={(pairing) => set({ pairing })} />
          <Select label={t("warning")} value={filter.warning} choices={WARNINGS} onChoose={(warning) => set({ warning })} />
        </div>
      </details>
      {writeFilter(filter) && <button type="button" class="quiet" onClick={() => onChange(NO_FILTER)}>{t("clear")}</button>}
    </form>
  );
}
