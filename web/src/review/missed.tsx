import { Fragment } from "preact";
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { ApiError, ask } from "../api/client";
import { MARK_MISSED, MARKING, WITHDRAW_MISSED } from "../api/queries";
import { PRESENCES, type Mention, type Missed, type Presence, type Relation } from "../api/types";
import { useTexts } from "../i18n";
import { ConceptBox } from "../ui/concept_box";
import { Failure, useQuery, Waiting } from "../ui/loading";
import { PresenceSign } from "../ui/presence";
import { stretchOf, wordsOf } from "./words";

interface Answer {
  study: { mentions: Pick<Mention, "mentionId" | "text" | "kind" | "reportKey" | "span">[] } | null;
  missedFindings: Missed[];
}

interface Given {
  studyKey: string;
  report: { reportKey: string; text: string };
  caller: string;
  close: () => void;
}

const RELATIONS: readonly Relation["type"][] = ["LOCATED_AT", "MODIFY", "SUGGESTIVE_OF"];

/** Mark words of a report that state what the reading missed: choose the words, then presence, concept and relation. */
export function MissedMarker({ studyKey, report, caller, close }: Given) {
  const t = useTexts();
  const answer = useQuery<Answer>(MARKING, { key: studyKey });
  const words = useMemo(() => wordsOf(report.text), [report.text]);
  const [from, setFrom] = useState(0);
  const [to, setTo] = useState(0);
  const [presence, setPresence] = useState<Presence>("PRESENT");
  const [concept, setConcept] = useState<string | undefined>(undefined);
  const [relation, setRelation] = useState<Relation["type"] | "">("");
  const [target, setTarget] = useState("");
  const [failure, setFailure] = useState<ApiError | null>(null);
  const [told, setTold] = useState("");
  const text = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => { text.current?.focus(); }, []);
  useEffect(() => {
    const onEscape = (event: KeyboardEvent): void => { if (event.key === "Escape") close(); };
    window.addEventListener("keydown", onEscape);
    return () => window.removeEventListener("keydown", onEscape);
  }, [close]);

  const chosen = stretchOf(report.text, words, from, to);
  const targets = (answer.data?.study?.mentions ?? []).filter((one) => one.reportKey === report.reportKey && one.span && chosen && (one.span.end <= chosen.start || one.span.start >= chosen.end));
  const leadsTo = targets.find((one) => one.mentionId === target)?.span;
  const onKey = (event: KeyboardEvent): void => {
    const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    if (step === 0) return;
    event.preventDefault();
    const next = Math.max(0, Math.min(to + step, words.length - 1));
    setTo(next);
    if (!event.shiftKey) setFrom(next);
    document.getElementById(`word-${next}`)?.scrollIntoView({ block: "nearest" });
  };
  const act = async (query: string, variables: Record<string, unknown>, words_: string): Promise<void> => {
    try {
      await ask(query, variables);
      setFailure(null);
      setTold(words_);
      answer.reload();
    } catch (error) {
      setFailure(error instanceof ApiError ? error : new ApiError("INTERNAL_ERROR", String(error)));
    }
  };
  const save = (): void => {
    if (!chosen) return;
    const leading = relation && leadsTo ? { type: relation, start: leadsTo.start, end: leadsTo.end } : null;
    const input = { reportKey: report.reportKey, start: chosen.start, end: chosen.end, presence, conceptCode: concept ?? null, relation: leading };
    void act(MARK_MISSED, { input }, `${t("saved")}: ${chosen.text}`);
  };
  return (
    <section class="pane missed" aria-labelledby="missed-title">
      <h2 id="missed-title">{t("markMissed")}</h2>
      <p class="dim" id="missed-help">{t("missedHelp")}</p>
      <div class="report-text word-picker" ref={text} tabIndex={0} role="group" aria-labelledby="missed-title" aria-describedby="missed-help" onKeyDown={onKey}>
        {words.map((word, at) => {
          const before = words[at - 1];
          const gap = Array.from(report.text).slice(before?.end ?? 0, word.start).join("");
          const inside = at >= Math.min(from, to) && at <= Math.max(from, to);
          return (
            <Fragment key={at}>
              {gap}
              <span
                id={`word-${at}`} class={inside ? "picked" : ""}
                onPointerDown={(event) => { setTo(at); if (!event.shiftKey) setFrom(at); }}
                onPointerEnter={(event) => { if (event.buttons === 1) setTo(at); }}
              >{word.text}</span>
            </Fragment>
          );
        })}
      </div>
      <form class="fields" onSubmit={(event) => { event.preventDefault(); save(); }}>
        <output class="field" aria-live="polite"><span>{t("missedWords")}</span><b data-picked={chosen?.text}>{chosen?.text}</b></output>
        <label class="field"><span>{t("presence")}</span>
          <select value={presence} onChange={(event) => setPresence(PRESENCES.find((one) => one === event.currentTarget.value) ?? "PRESENT")}>
            {PRESENCES.map((one) => <option key={one} value={one}>{t(one)}</option>)}
          </select>
        </label>
        <ConceptBox label={t("concept")} hint={t("findingHint")} code={concept} onChoose={setConcept} />
        <label class="field"><span>{t("relation")}</span>
          <select value={relation} onChange={(event) => setRelation(RELATIONS.find((one) => one === event.currentTarget.value) ?? "")}>
            <option value="">{t("noRelation")}</option>
            {RELATIONS.map((one) => <option key={one} value={one}>{t(one)}</option>)}
          </select>
        </label>
        {relation && (
          <label class="field"><span>{t("relationTo")}</span>
            <select value={target} required onChange={(event) => setTarget(event.currentTarget.value)}>
              <option value="" />
              {targets.map((one) => <option key={one.mentionId} value={one.mentionId}>{one.text}</option>)}
            </select>
          </label>
        )}
        <button type="submit" class="main">{t("saveMissed")}</button>
        <button type="button" class="quiet" onClick={close}>{t("close")} <kbd>Esc</kbd></button>
      </form>
      <p role="status" class="dim">{told}</p>
      {failure && <Failure error={failure} retry={save} />}
      {answer.error && <Failure error={answer.error} retry={answer.reload} />}
      {answer.busy && !answer.data && <Waiting busy />}
      <MissedList marks={answer.data?.missedFindings ?? []} caller={caller} withdraw={(id) => void act(WITHDRAW_MISSED, { id }, t("WITHDRAWN"))} />
    </section>
  );
}

/** What people have marked so far. One's own marks can be withdrawn. */
function MissedList({ marks, caller, withdraw }: { marks: readonly Missed[]; caller: string; withdraw: (id: string) => void }) {
  const t = useTexts();
  if (marks.length === 0) return null;
  return (
    <ul class="missed-list" aria-label={t("missedSoFar")}>
      {marks.map((one) => (
        <li key={one.missedId}>
          <PresenceSign presence={one.presence} /> {t(one.presence)}: <q>{one.text}</q> {one.conceptName ?? ""} {one.relation && <>{t(one.relation.type)} <q>{one.relation.text}</q></>}
          <span class="dim"> {one.reviewer}, {t.time(one.at)}</span>
          {one.reviewer === caller && <button type="button" class="quiet" onClick={() => withdraw(one.missedId)}>{t("undo")}</button>}
        </li>
      ))}
    </ul>
  );
}
