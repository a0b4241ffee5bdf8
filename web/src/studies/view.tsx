import { Component } from "preact";
import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { STUDIES, STUDY_COUNT } from "../api/queries";
import type { FindingRow, Page, Patient, StudyRow } from "../api/types";
import { useTexts } from "../i18n";
import { go, isTyping, onRow, usePlace } from "../routing";
import { Failure, usePages, useQuery, Waiting } from "../ui/loading";
import { FindingLabel } from "../ui/presence";
import { byWeight, groupsOf, shownOf } from "../ui/same_finding";
import { inOrder, Warning } from "../ui/warnings";
import { Block, blocksOf } from "./blocks";
import { FilterBar } from "./filter_bar";
import { readFilter, readOrder, studyWhere, withOrder, writeFilter, type Order } from "./filter";

const SHOWN = 6;
/** The row index of the first study, as screen readers count: the heading is row 1. */
const FIRST_INDEX = 2;

export function StudiesView() {
  const t = useTexts();
  const place = usePlace();
  const filter = useMemo(() => readFilter(place.search), [place.search]);
  const where = studyWhere(filter);
  const order = readOrder(place.search);
  const list = usePages<StudyRow>(STUDIES, { where, order }, "studies");
  const total = useQuery<{ studies: { totalCount: number } }>(STUDY_COUNT, { where });
  const at = useRef(-1);
  const seen = useCallback((number: number) => { at.current = number; }, []);
  const table = useRef<HTMLTableElement>(null);

  const [wanted, setWanted] = useState({ row: -1 });

  useEffect(() => seen(-1), [place.search, seen]);
  // A row that is far from the window is drawn first, and gets the focus then.
  useLayoutEffect(() => {
    table.current?.querySelector<HTMLElement>(`[aria-rowindex="${wanted.row + FIRST_INDEX}"] th a`)?.focus();
  }, [wanted]);
  useLayoutEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (isTyping(event)) return;
      const step = event.key === "j" ? 1 : event.key === "k" ? -1 : 0;
      if (step === 0) return;
      const next = Math.max(0, Math.min(at.current + step, list.rows.length - 1));
      setWanted({ row: next });
      if (next > list.rows.length - 8) list.more();
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, [list]);

  return (
    <section class="studies">
      <header class="bar">
        <h1>{t("studies")}</h1>
        <Waiting busy={list.busy && list.rows.length === 0}>
          {total.data ? `${t.number(total.data.studies.totalCount)} ${t(total.data.studies.totalCount === 1 ? "study_" : "results")}` : ""}
        </Waiting>
        <CopyLink />
      </header>
      <FilterBar filter={filter} onChange={(next) => go(withOrder(`/studies${writeFilter(next)}`, order), true)} />
      {list.error && <Failure error={list.error} retry={list.reload} />}
      {list.rows.length > 0 && (
        <table class="rows studies-list" ref={table} aria-rowcount={total.data ? total.data.studies.totalCount + 1 : -1}>
          <thead>
            <tr aria-rowindex={1}><DateHeading order={order} sort={(next) => go(withOrder(`/studies${writeFilter(filter)}`, next), true)} /><th scope="col">{t("study")}</th><th scope="col">{t("patientCol")}</th><th scope="col">{t("findings")}</th><th scope="col">{t("notes")}</th></tr>
          </thead>
          {blocksOf(list.rows).map(({ first, rows }) => (
            <Block key={rows[0]?.studyKey} columns={5} kept={wanted.row >= first && wanted.row < first + rows.length}>
              {() => rows.map((study, number) => <StudyLine key={study.studyKey} study={study} number={first + number} seen={seen} />)}
            </Block>
          ))}
        </table>
      )}
      {!list.busy && !list.error && list.rows.length === 0 && <p class="empty">{t("nothing")}. {writeFilter(filter) && t("nothingHelp")}</p>}
      {list.hasMore && <MoreButton busy={list.busy} more={list.more} />}
    </section>
  );
}

interface LineGiven {
  study: StudyRow;
  number: number;
  seen: (number: number) => void;
}

/**
 * One row, drawn again only if it is another one. `useMemo` would not do: what it keeps refers to the list as it was, so
 * rows that are no longer drawn were never freed.
 */
class StudyLine extends Component<LineGiven> {
  override shouldComponentUpdate(next: LineGiven): boolean {
    return next.study !== this.props.study || next.number !== this.props.number || next.seen !== this.props.seen;
  }

  render() {
    return <Line {...this.props} />;
  }
}

function Line({ study, number, seen }: LineGiven) {
  const t = useTexts();
  return (
    <tr aria-rowindex={number + FIRST_INDEX} onClick={onRow(() => go(`/studies/${study.studyKey}`))}>
      <th scope="row"><a href={`/studies/${study.studyKey}`} onFocus={() => seen(number)}>{t.day(study.startedAt)}</a></th>
      <td>{study.modality ?? "—"} <span class="dim">{study.bodyPart?.toLowerCase()}</span></td>
      <td><PatientLink patient={study.patient} /></td>
      <td><Findings findings={study.findings} /></td>
      <td><Notes study={study} /></td>
    </tr>
  );
}

/** The heading of the dates, which turns the order round. */
function DateHeading({ order, sort }: { order: Order; sort: (order: Order) => void }) {
  const t = useTexts();
  const newest = order === "NEWEST_FIRST";
  return (
    <th scope="col" aria-sort={newest ? "descending" : "ascending"}>
      <button type="button" class="quiet" title={t(newest ? "newestFirst" : "oldestFirst")} onClick={() => sort(newest ? "OLDEST_FIRST" : "NEWEST_FIRST")}>
        {t("date")} <span aria-hidden="true">{newest ? "↓" : "↑"}</span><span class="said"> {t(newest ? "newestFirst" : "oldestFirst")}</span>
      </button>
    </th>
  );
}

/** The next page comes when the button comes near the window; a press works too. */
function MoreButton({ busy, more }: { busy: boolean; more: () => void }) {
  const t = useTexts();
  const button = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    const seen = new IntersectionObserver((entries) => { if (entries.some((entry) => entry.isIntersecting)) more(); }, { rootMargin: "600px" });
    if (button.current) seen.observe(button.current);
    return () => seen.disconnect();
  }, [more]);
  return <button type="button" class="more" ref={button} onClick={more} aria-busy={busy}>{busy ? `${t("loading")}…` : t("more")}</button>;
}

export function PatientLink({ patient }: { patient: Patient }) {
  const t = useTexts();
  const sex = patient.sex ? t.word(patient.sex) : "";
  const born = patient.birthYear ? `${t("born")} ${patient.birthYear}` : "";
  return (
    <a class="patient" href={`/patients/${patient.patientId}`}>
      <code>{patient.patientId.slice(0, 8)}</code> <span class="dim">{[sex, born].filter(Boolean).join(", ")}</span>
    </a>
  );
}

/** The first findings, each once: present ones before uncertain ones, denied ones last and never without their word. */
function Findings({ findings }: { findings: Page<FindingRow> }) {
  const t = useTexts();
  const rows = groupsOf(findings.edges.map((edge) => edge.node)).map(shownOf).sort(byWeight);
  if (rows.length === 0) return <span class="dim">{t("noFindings")}</span>;
  const left = rows.length - SHOWN;
  return (
    <ul class="chips">
      {rows.slice(0, SHOWN).map((finding) => <li key={finding.id}><FindingLabel finding={finding} /></li>)}
      {left > 0 && <li class="dim">+{left}{findings.pageInfo.hasNextPage ? "…" : ""} {t("moreFindings")}</li>}
    </ul>
  );
}

function Notes({ study }: { study: StudyRow }) {
  const t = useTexts();
  return (
    <ul class="notes">
      {study.findings.edges.some((edge) => edge.node.disputed) && <li class="badge alarm">{t("disputed")}</li>}
      {study.pairing !== "report_only" && <li class="badge">{t.word(study.pairing)}</li>}
      {study.extraction?.outOfDomain && <li class="badge alarm">{t("outOfDomain")}</li>}
      {inOrder(study.extraction?.warnings ?? []).map((code) => <li key={code}><Warning code={code} /></li>)}
    </ul>
  );
}

function CopyLink() {
  const t = useTexts();
  const [copied, setCopied] = useState(false);
  const copy = (): void => void navigator.clipboard.writeText(window.location.href).then(() => setCopied(true));
  return <button type="button" class="quiet" onClick={copy} onBlur={() => setCopied(false)}>{copied ? t("copied") : t("copyLink")}</button>;
}
