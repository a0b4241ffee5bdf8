import { useMemo, useState } from "preact/hooks";
import { PATIENT_TIMELINE } from "../api/queries";
import type { Caller, Page, Patient } from "../api/types";
import { useTexts } from "../i18n";
import { sentenceAt } from "../study/marking";
import { Failure, useQuery, Waiting } from "../ui/loading";
import { FindingLabel } from "../ui/presence";
import { rowsOf, type Cell, type Change, type Row, type TimedStudy } from "./timeline";

const SIGN: Record<Change, string> = { isNew: "●", unchanged: "●", maybe: "?", denied: "⊘", gone: "·", notMentioned: "" };

interface Shown extends Patient {
  studies: Page<TimedStudy>;
}

export function PatientView({ patientId, caller }: { patientId: string; caller: Caller }) {
  const t = useTexts();
  const texts = caller.rights.includes("REPORT_TEXT");
  const answer = useQuery<{ patient: Shown | null }>(PATIENT_TIMELINE, { id: patientId, texts });
  const patient = answer.data?.patient;
  if (answer.error) return <Failure error={answer.error} retry={answer.reload} />;
  if (!patient) return <Waiting busy={answer.busy}>{t("nothing")}</Waiting>;
  return <Timeline patient={patient} />;
}

function Timeline({ patient }: { patient: Shown }) {
  const t = useTexts();
  const studies = useMemo(() => patient.studies.edges.map((edge) => edge.node), [patient]);
  const rows = useMemo(() => rowsOf(studies), [studies]);
  const [open, setOpen] = useState<{ row: Row; cell: Cell; study: TimedStudy } | null>(null);
  return (
    <section class="patient-view">
      <header class="bar">
        <h1>{t("patient")} <code>{patient.patientId.slice(0, 12)}</code></h1>
        <span class="dim">{patient.sex ? t.word(patient.sex) : ""} {patient.birthYear ? `${t("born")} ${patient.birthYear}` : ""}</span>
      </header>
      {patient.studies.pageInfo.hasNextPage && <p class="badge alarm">{t("cut")}</p>}
      <div class="pane">
        <h2>{t("timeline")}</h2>
        <dl class="legend">
          {(["isNew", "unchanged", "maybe", "denied", "gone"] as const).map((each) => (
            <div key={each}><dt><span class={`cell ${each}`}>{SIGN[each]}</span></dt><dd>{t(each)}</dd></div>
          ))}
        </dl>
        <div class="scroll" tabIndex={0} role="region" aria-label={t("timeline")}>
          <table class="timeline">
            <thead>
              <tr>
                <th scope="col">{t("finding")}</th>
                {studies.map((study) => <th key={study.studyKey} scope="col"><a href={`/studies/${study.studyKey}`}>{t.day(study.startedAt)}</a><br /><span class="dim">{study.modality}</span></th>)}
              </tr>
            </thead>
            <tbody>
              {rows.map((row) => (
                <tr key={row.key}>
                  <th scope="row">{row.side ? `${t(row.side)} ` : ""}{row.name}</th>
                  {row.cells.map((cell, number) => {
                    const study = studies[number];
                    return (
                      <td key={number}>
                        {cell.findings.length > 0 && study
                          ? (
                            <button type="button" class={`cell ${cell.change}`} aria-pressed={open?.cell === cell} onClick={() => setOpen({ row, cell, study })}>
                              <span aria-hidden="true">{SIGN[cell.change]} </span>{t(cell.change)}
                            </button>
                          )
                          : cell.change === "gone" && <span class="cell gone" title={t("gone")}><span aria-hidden="true">{SIGN.gone}</span><span class="said">{t("gone")}</span></span>}
                      </td>
                    );
                  })}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
        {open && (
          <aside class="provenance" aria-live="polite" aria-label={t("provenance")}>
            <h3>{open.row.name}, {t.day(open.study.startedAt)}</h3>
            <ul>
              {open.cell.findings.map((finding) => {
                const text = open.study.reports.find((report) => report.reportKey === finding.report?.reportKey)?.text;
                return (
                  <li key={finding.id}>
                    <FindingLabel finding={finding} /> {text != null && finding.span ? <q>{sentenceAt(text, finding.span.start, finding.span.end)}</q> : <q>{finding.text}</q>}
                  </li>
                );
              })}
            </ul>
            <a href={`/studies/${open.study.studyKey}`}>{t("openStudy")}</a>
          </aside>
        )}
      </div>
      <div class="pane">
        <h2>{t("studiesOf")}</h2>
        <ul class="study-list">
          {studies.map((study) => (
            <li key={study.studyKey}>
              <a href={`/studies/${study.studyKey}`}>{t.day(study.startedAt)} {study.modality} {study.bodyPart?.toLowerCase()}</a>{" "}
              <span class="dim">{study.reports.map((report) => `${t("version")} ${report.version} ${t.word(`status${report.status}`)}`).join(", ")}</span>
            </li>
          ))}
        </ul>
      </div>
    </section>
  );
}
