import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { ApiError, ask } from "../api/client";
import { AGREEMENT, REVIEW, REVIEW_QUEUE } from "../api/queries";
import { PRESENCES, type Caller, type Finding, type Page, type Presence, type Verdict } from "../api/types";
import { useTexts } from "../i18n";
import { go, isTyping, usePlace } from "../routing";
import { Failure, useQuery, Waiting } from "../ui/loading";
import { PresenceSign, ReviewBadge } from "../ui/presence";
import { MissedMarker } from "./missed";
import { QUEUES, queueWhere, shuffled, type Queue } from "./queue";

interface Queued extends Omit<Finding, "review" | "reviews"> {
  reviewedByMe: boolean;
  study: { studyKey: string; modality: string | null; startedAt: string | null };
}

/** Enter goes on: nobody has to look for the button. */
const focused = (button: HTMLButtonElement | null): void => button?.focus();

interface Given {
  verdict: Verdict;
  after: Finding | null;
}

export function ReviewView({ caller }: { caller: Caller }) {
  const t = useTexts();
  const place = usePlace();
  const queue: Queue = QUEUES.find((one) => one.slice(1).toLowerCase() === place.search.get("queue")) ?? "qDisputed";
  const texts = caller.rights.includes("REPORT_TEXT");
  const where = useMemo(() => queueWhere(queue), [queue]);
  const second = queue === "qSecond";
  // A second reader goes on from page to page: what was judged stays in this list.
  const [after, setAfter] = useState<string | null>(null);
  useEffect(() => setAfter(null), [queue]);
  const answer = useQuery<{ findings: Page<Queued> }>(REVIEW_QUEUE, { where, texts, after });
  const info = answer.data?.findings.pageInfo;
  const more = second && info?.hasNextPage ? () => setAfter(info.endCursor) : answer.reload;
  return (
    <section class="review">
      <header class="bar">
        <h1>{t("review")}</h1>
        <div class="tabs" role="group" aria-label={t("queue")}>
          {QUEUES.map((one) => (
            <button key={one} type="button" aria-pressed={one === queue} onClick={() => go(`/review?queue=${one.slice(1).toLowerCase()}`)}>{t(one)}</button>
          ))}
        </div>
        {answer.data && !second && <span class="dim">{t.number(answer.data.findings.totalCount ?? 0)} {t("left")}</span>}
      </header>
      {answer.error && <Failure error={answer.error} retry={answer.reload} />}
      {answer.data
        ? <Samples key={`${queue}/${answer.data.findings.pageInfo.endCursor ?? ""}`} page={answer.data.findings} mixed={queue === "qAny" || second} texts={texts} caller={caller.name} reload={more} />
        : !answer.error && <Waiting busy={answer.busy} />}
      <Agreement />
    </section>
  );
}

function Samples({ page, mixed, texts, caller, reload }: { page: Page<Queued>; mixed: boolean; texts: boolean; caller: string; reload: () => void }) {
  const t = useTexts();
  const rows = useMemo(() => { const all = page.edges.map((edge) => edge.node).filter((one) => !one.reviewedByMe); return mixed ? shuffled(all) : all; }, [page, mixed]);
  const [at, setAt] = useState(0);
  const [given, setGiven] = useState<ReadonlyMap<string, Given>>(new Map());
  const [asking, setAsking] = useState(false);
  const [marking, setMarking] = useState(false);
  const [failure, setFailure] = useState<ApiError | null>(null);
  const busy = useRef(false);
  const finding = rows[at];
  const done = [...given.values()].filter((one) => one.verdict !== "WITHDRAWN").length;

  const step = useCallback((by: number) => { setAsking(false); setMarking(false); setAt((old) => Math.max(0, Math.min(old + by, rows.length))); }, [rows]);
  const judge = useCallback(async (id: string, verdict: Verdict, presence: Presence | null, by: number) => {
    if (busy.current) return;
    busy.current = true;
    try {
      const answer = await ask<{ reviewFinding: { finding: Finding | null } | null }>(REVIEW, { id, verdict, presence, note: null, texts });
      setGiven((old) => new Map(old).set(id, { verdict, after: answer.reviewFinding?.finding ?? null }));
      setFailure(null);
      step(by);
    } catch (error) {
      setFailure(error instanceof ApiError ? error : new ApiError("INTERNAL_ERROR", String(error)));
    } finally {
      busy.current = false;
    }
  }, [step, texts]);

  const last = rows[at - 1];
  const lastGiven = last && given.get(last.id);
  const takeBack = useCallback(() => { if (last) void judge(last.id, "WITHDRAWN", null, -1); }, [judge, last]);

  // Before the next key can come: an effect after the paint would judge the finding before once more.
  useLayoutEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (isTyping(event) || marking) return;
      if (asking && finding && ["1", "2", "3", "4"].includes(event.key)) {
        void judge(finding.id, "WRONG", PRESENCES[Number(event.key) - 1] ?? null, 1);
      } else if (event.key === "Escape") setAsking(false);
      else if (event.key === "c" && finding) void judge(finding.id, "CORRECT", null, 1);
      else if (event.key === "w" && finding) setAsking(true);
      else if (event.key === "t" && finding) void judge(finding.id, "CANNOT_TELL", null, 1);
      else if (event.key === "m" && finding?.report?.text) setMarking(true);
      else if (event.key === "s" && finding) step(1);
      else if (event.key === "b") step(-1);
      else if (event.key === "u" && lastGiven) takeBack();
      else return;
      event.preventDefault();
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, [asking, finding, judge, lastGiven, marking, step, takeBack]);

  return (
    <>
      <p role="status" class="dim">
        {t("ofThese")}: <b data-done={done}>{done}</b>. {last && lastGiven && <>{last.concept?.name ?? last.text}: {t(lastGiven.verdict)} {lastGiven.after && <ReviewBadge state={lastGiven.after.review} />}</>}
      </p>
      {failure && <Failure error={failure} retry={() => setFailure(null)} />}
      {finding
        ? (
          <article class="sample pane" aria-label={`${at + 1} / ${rows.length}`}>
            <header>
              <h2>
                <PresenceSign presence={finding.presence} /><span class={`claim ${finding.presence.toLowerCase()}`}>{t(finding.presence)}</span>: {finding.laterality ? `${t(finding.laterality)} ` : ""}{finding.concept?.name ?? finding.text}
              </h2>
              <span class="dim">{at + 1} / {rows.length} · {finding.study.modality} · {t.day(finding.study.startedAt)} · <a href={`/studies/${finding.study.studyKey}`}>{t("openStudy")}</a></span>
            </header>
            {finding.disputed && <p class="badge alarm">{t("disputedNote")} {finding.otherPresence ? `${t("modelSays")}: ${t(finding.otherPresence)}; ${t("rulesSay")}: ${t(finding.presence)}.` : ""}</p>}
            <Passage finding={finding} />
            <div class="verdicts">
              <button type="button" onClick={() => void judge(finding.id, "CORRECT", null, 1)}><kbd>c</kbd> {t("correct")}</button>
              <button type="button" aria-expanded={asking} onClick={() => setAsking(true)}><kbd>w</kbd> {t("wrong")}…</button>
              <button type="button" onClick={() => void judge(finding.id, "CANNOT_TELL", null, 1)}><kbd>t</kbd> {t("cannotTell")}</button>
              {finding.report?.text && <button type="button" class="quiet" aria-expanded={marking} onClick={() => setMarking(true)}><kbd>m</kbd> {t("markMissed")}</button>}
              <button type="button" class="quiet" onClick={() => step(1)}><kbd>s</kbd> {t("skipOne")}</button>
              <button type="button" class="quiet" onClick={() => step(-1)} disabled={at === 0}><kbd>b</kbd> {t("back")}</button>
              <button type="button" class="quiet" onClick={takeBack} disabled={!lastGiven || lastGiven.verdict === "WITHDRAWN"}><kbd>u</kbd> {t("undo")}</button>
            </div>
            {asking && (
              <div class="verdicts" role="group" aria-label={t("shouldBe")}>
                <span>{t("shouldBe")}:</span>
                {PRESENCES.map((each, number) => (
                  <button key={each} type="button" disabled={each === finding.presence} onClick={() => void judge(finding.id, "WRONG", each, 1)}><kbd>{number + 1}</kbd> <PresenceSign presence={each} />{t(each)}</button>
                ))}
                <button type="button" onClick={() => void judge(finding.id, "WRONG", null, 1)}><kbd>4</kbd> {t("notThere")}</button>
              </div>
            )}
            {marking && finding.report?.text && <MissedMarker studyKey={finding.study.studyKey} report={{ reportKey: finding.report.reportKey, text: finding.report.text }} caller={caller} close={() => setMarking(false)} />}
            {given.has(finding.id)
              ? <ul>{given.get(finding.id)?.after?.reviews.map((one) => <li key={one.reviewer}>{one.reviewer}: {t(one.verdict)}</li>)}</ul>
              : <p class="dim">{t("blinded")}</p>}
          </article>
        )
        : <p class="empty">{rows.length === 0 ? t("reviewEnd") : `${done} / ${rows.length}`} <button type="button" ref={focused} onClick={reload}>{t("more")}</button></p>}
    </>
  );
}

interface Compared {
  statements: number;
  twice: number;
  reviewers: { name: string; statements: number }[];
  pairs: { one: string; other: string; both: number; agreed: number; kappa: number | null }[];
}

/** How far reviewers agree, once it is opened. */
function Agreement() {
  const t = useTexts();
  const [open, setOpen] = useState(false);
  const answer = useQuery<{ reviewAgreement: Compared }>(open ? AGREEMENT : null);
  const found = answer.data?.reviewAgreement;
  return (
    <details class="pane agreement" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{t("agreement")}</summary>
      {answer.error && <Failure error={answer.error} retry={answer.reload} />}
      {found && (
        <>
          <p>{t("judgedStatements")}: <b>{t.number(found.statements)}</b> · {t("judgedTwice")}: <b>{t.number(found.twice)}</b> · {found.reviewers.map((one) => `${one.name}: ${t.number(one.statements)}`).join(", ")}</p>
          {found.pairs.length > 0 && (
            <table class="rows">
              <thead><tr><th scope="col">{t("reviewers")}</th><th scope="col">{t("judgedByBoth")}</th><th scope="col">{t("sameVerdict")}</th><th scope="col">{t("kappa")}</th></tr></thead>
              <tbody>
                {found.pairs.map((pair) => (
                  <tr key={`${pair.one}/${pair.other}`}><th scope="row">{pair.one}, {pair.other}</th><td>{t.number(pair.both)}</td><td>{t.number(pair.agreed)} ({Math.round((100 * pair.agreed) / pair.both)} %)</td><td>{pair.kappa === null ? "—" : pair.kappa.toFixed(2)}</td></tr>
                ))}
              </tbody>
            </table>
          )}
          <p class="dim">{t("kappaHelp")}</p>
        </>
      )}
    </details>
  );
}

const AROUND = 400;

/** The words of the finding within what stands around them. */
function Passage({ finding }: { finding: Queued }) {
  const t = useTexts();
  const text = finding.report?.text;
  if (text == null || !finding.span) return <p class="report-text"><mark>{finding.text}</mark> <span class="dim">{finding.report ? t("textHidden") : t("onlyFilm")}</span></p>;
  const points = Array.from(text);
  const { start, end } = finding.span;
  const from = Math.max(0, start - AROUND);
  return (
    <p class="report-text">
      {from > 0 ? "…" : ""}{points.slice(from, start).join("")}<mark>{points.slice(start, end).join("")}</mark>{points.slice(end, end + AROUND).join("")}{end + AROUND < points.length ? "…" : ""}
    </p>
  );
}
