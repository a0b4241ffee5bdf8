import { useCallback, useEffect, useMemo, useState } from "preact/hooks";
import { STUDY } from "../api/queries";
import type { Caller, Finding, Mention, Study } from "../api/types";
import { useTexts } from "../i18n";
import { PatientLink } from "../studies/view";
import { Failure, useQuery, Waiting } from "../ui/loading";
import { FindingLabel, ReviewBadge } from "../ui/presence";
import { groupsOf, shownOf, type Group } from "../ui/same_finding";
import { inOrder, Warning } from "../ui/warnings";
import { MissedMarker } from "../review/missed";
import { Films } from "./film";
import { StudyGraph } from "./graph";
import { neighboursOf } from "./marking";
import { Provenance } from "./provenance";
import { Legend, Reports, type Selection } from "./report";

const MOST_MENTIONS = 500;
interface Answer {
  study: Omit<Study, "mentions" | "findings"> | null;
  read: Pick<Study, "mentions"> | null;
  judged: Pick<Study, "findings"> | null;
}

const joined = (answer: Answer | null): Study | null =>
  answer?.study && answer.read && answer.judged ? { ...answer.study, ...answer.read, ...answer.judged } : null;

const idOf = (finding: Finding): string => finding.id.slice("Finding:".length);

export function StudyView({ studyKey, caller }: { studyKey: string; caller: Caller }) {
  const t = useTexts();
  const texts = caller.rights.includes("REPORT_TEXT");
  const identifiers = caller.rights.includes("IDENTIFIERS");
  const answer = useQuery<Answer>(STUDY, { key: studyKey, texts, identifiers });
  const study = useMemo(() => joined(answer.data), [answer.data]);
  useEffect(() => window.scrollTo(0, 0), [studyKey]);
  if (answer.error) return <Failure error={answer.error} retry={answer.reload} />;
  if (!study) return <Waiting busy={answer.busy}>{t("nothing")}</Waiting>;
  return <OneStudy study={study} identifiers={identifiers} caller={caller} />;
}

function OneStudy({ study, identifiers, caller }: { study: Study; identifiers: boolean; caller: Caller }) {
  const t = useTexts();
  const selection = useSelection(study.mentions);
  const findings = study.findings.edges
    .map((edge) => edge.node)
    .sort((one, other) => (one.span?.start ?? Infinity) - (other.span?.start ?? Infinity));
  const fromFilm = findings.filter((finding) => finding.report === null);
  const chosen = study.mentions.find((mention) => mention.mentionId === selection.chosen);
  const withFilm = study.images.length > 0;
  return (
    <section class="study">
      <header class="bar">
        <h1>{study.modality ?? t("study")} {study.bodyPart?.toLowerCase()} <span class="dim">{t.time(study.startedAt)}</span></h1>
        <PatientLink patient={study.patient} />
        <span class="badge">{t.word(study.pairing)}</span>
        {study.extraction?.outOfDomain && <span class="badge alarm">{t("outOfDomain")}</span>}
        {inOrder(study.extraction?.warnings ?? []).map((code) => <Warning key={code} code={code} />)}
      </header>
      <div class={withFilm ? "panes with-film" : "panes"}>
        {withFilm && <section class="pane" aria-labelledby="film-title"><h2 id="film-title">{t("film")}</h2><Films studyKey={study.studyKey} images={study.images} visible={identifiers} /></section>}
        <section class="pane" aria-labelledby="report-title">
          <h2 id="report-title">{t("report")}</h2>
          <Legend />
          <Reports reports={study.reports} mentions={study.mentions} {...selection} />
          {caller.rights.includes("REVIEW") && <Missed study={study} caller={caller.name} />}
        </section>
        <section class="pane" aria-labelledby="findings-title">
          <h2 id="findings-title">{t("listFindings")}</h2>
          <FindingList findings={findings.filter((finding) => finding.report !== null)} selection={selection} />
          {fromFilm.length > 0 && <><h3>{t("onlyFilm")}</h3><FindingList findings={fromFilm} selection={selection} /></>}
          {chosen && <Provenance mention={chosen} finding={findings.find((finding) => idOf(finding) === chosen.mentionId)} study={study} />}
        </section>
      </div>
      <section class="pane wide" aria-labelledby="graph-title">
        <h2 id="graph-title">{t("graph")}</h2>
        {study.mentions.length === MOST_MENTIONS && <p class="badge alarm">{t("truncatedList")}</p>}
        <StudyGraph mentions={study.mentions} {...selection} />
      </section>
    </section>
  );
}

/** The way to mark what was missed in a current report. */
function Missed({ study, caller }: { study: Study; caller: string }) {
  const t = useTexts();
  const [marked, setMarked] = useState<string | null>(null);
  const shown = study.reports.find((report) => report.reportKey === marked);
  if (shown?.text != null) return <MissedMarker studyKey={study.studyKey} report={{ reportKey: shown.reportKey, text: shown.text }} caller={caller} close={() => setMarked(null)} />;
  return <>{study.reports.filter((one) => one.current && one.text).map((one) => <button key={one.reportKey} type="button" class="quiet" onClick={() => setMarked(one.reportKey)}>{t("markMissed")}</button>)}</>;
}

function FindingList({ findings, selection }: { findings: Finding[]; selection: Selection }) {
  const t = useTexts();
  if (findings.length === 0) return <p class="dim">{t("noFindings")}</p>;
  return <ul class="finding-list">{groupsOf(findings).map((group) => <FindingEntry key={group.key} group={group} selection={selection} />)}</ul>;
}

/** One statement of the report. Where several words say it, each further choice goes on to the next ones. */
function FindingEntry({ group, selection }: { group: Group<Finding>; selection: Selection }) {
  const t = useTexts();
  const { first: finding, all } = group;
  const ids = all.map(idOf);
  const at = ids.indexOf(selection.chosen ?? "");
  const next = ids[at + 1] ?? ids[at] ?? idOf(finding);
  const states = [...new Set(all.map((one) => one.review))].filter((state) => state !== "UNREVIEWED");
  const sections = [...new Set(all.map((one) => one.span?.section))].filter((name) => name !== undefined);
  const pointed = ids[Math.max(at, 0)] ?? next;
  return (
    <li class={all.every((one) => one.review === "REJECTED") ? "rejected" : ""}>
      <button
        type="button" data-mention={pointed} aria-pressed={at >= 0} class={ids.some((id) => selection.lit.has(id)) ? "lit" : ""}
        onMouseEnter={() => selection.point(pointed)} onMouseLeave={() => selection.point(null)} onFocus={() => selection.point(pointed)} onBlur={() => selection.point(null)}
        onClick={() => { selection.point(null); selection.choose(next); }}
      >
        <FindingLabel finding={shownOf(group)} />
        <span class="dim" title={`${t("readBy")}: ${t(finding.witness)}${finding.score === null ? "" : `. ${t("score")}: ${finding.score.toFixed(3)}`}`}> {[finding.severity, finding.witness === "BOTH" ? "" : `${t("only")} ${t(finding.witness)}`].filter(Boolean).join(", ")}</span>
        {all.length > 1 && <span class="badge" title={sections.join(", ")}>{at >= 0 ? `${at + 1} / ` : ""}{all.length}×<span class="said"> {t("mentioned")}</span></span>}
        {states.map((state) => <ReviewBadge key={state} state={state} />)}
      </button>
    </li>
  );
}

/** What is pointed at and what is chosen: report, list and graph show the same. */
function useSelection(mentions: readonly Mention[]): Selection {
  const [pointed, setPointed] = useState<string | null>(null);
  const [chosen, setChosen] = useState<string | null>(null);
  const from = pointed ?? chosen;
  const lit = useMemo(() => (from === null ? new Set<string>() : neighboursOf(from, mentions)), [from, mentions]);
  const choose = useCallback((id: string) => setChosen((old) => (old === id ? null : id)), []);
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => { if (event.key === "Escape") setChosen(null); };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, []);
  return { lit, chosen, point: setPointed, choose };
}
