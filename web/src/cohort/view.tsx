import { useMemo, useState } from "preact/hooks";
import { ApiError, download } from "../api/client";
import { COHORT, COHORT_CYPHER } from "../api/queries";
import type { Caller } from "../api/types";
import { useTexts } from "../i18n";
import { go, usePlace } from "../routing";
import { FindingFields } from "../studies/filter_bar";
import { NO_FILTER, type Filter } from "../studies/filter";
import { Failure, useQuery, Waiting } from "../ui/loading";
import { save } from "./save";
import { asGraphql, cohortWhere, readQuestion, writeQuestion, type Question } from "./question";

interface Count {
  count: number | null;
  suppressed: boolean;
}

interface Cell {
  key: string;
  name: string | null;
  patients: Count;
  studies: Count;
}

interface Counts {
  patients: Count;
  studies: Count;
  byConcept: Cell[];
  byLocation: Cell[];
  byMonth: Cell[];
}

export function CohortView({ caller }: { caller: Caller }) {
  const t = useTexts();
  const place = usePlace();
  const question = useMemo(() => readQuestion(place.search), [place.search]);
  const answer = useQuery<{ cohort: Counts }>(COHORT, { where: cohortWhere(question) });
  const set = (change: Partial<Question>): void => go(`/cohort${writeQuestion({ ...question, ...change })}`, true);
  const setAny = (number: number, filter: Filter): void => set({ any: question.any.map((one, at) => (at === number ? filter : one)) });
  const counts = answer.data?.cohort;
  return (
    <section class="cohort">
      <header class="bar"><h1>{t("cohort")}</h1></header>
      <form class="filters" aria-label={t("filters")} onSubmit={(event) => event.preventDefault()}>
        {question.any.map((filter, number) => (
          <fieldset key={number} class="way">
            <legend>{number === 0 ? t("patientsWith") : t("or")}</legend>
            <div class="fields"><FindingFields filter={filter} onChange={(next) => setAny(number, next)} isFirst={number === 0} />
              {question.any.length > 1 && <button type="button" class="quiet" onClick={() => set({ any: question.any.filter((_, at) => at !== number) })}>{t("remove")}</button>}
            </div>
          </fieldset>
        ))}
        {(["not", "later"] as const).map((name) => {
          const filter = question[name];
          const title = t(name === "not" ? "not" : "laterNot");
          return filter
            ? <fieldset key={name} class="way"><legend>{title}</legend><div class="fields"><FindingFields filter={filter} onChange={(next) => set({ [name]: next })} /><button type="button" class="quiet" onClick={() => set({ [name]: null })}>{t("remove")}</button></div></fieldset>
            : <button key={name} type="button" class="quiet" onClick={() => set({ [name]: NO_FILTER })}>+ {title} …</button>;
        })}
        <button type="button" class="quiet" onClick={() => set({ any: [...question.any, NO_FILTER] })}>+ {t("addOr")}</button>
        <div class="fields">
          <label class="field"><span>{t("from")}</span><input type="date" value={question.from ?? ""} onChange={(event) => set({ from: event.currentTarget.value || undefined })} /></label>
          <label class="field"><span>{t("until")}</span><input type="date" value={question.until ?? ""} onChange={(event) => set({ until: event.currentTarget.value || undefined })} /></label>
        </div>
      </form>
      {answer.error && <Failure error={answer.error} retry={answer.reload} />}
      {!counts && !answer.error && <Waiting busy={answer.busy} />}
      {counts && (
        <div aria-busy={answer.busy}>
          <p class="totals" role="status">
            <b><Number_ of={counts.patients} /></b> {t("patients")} <b><Number_ of={counts.studies} /></b> {t("results")}
          </p>
          <p class="dim">{t("suppressedHelp")} {caller.rights.includes("IDENTIFIERS") ? "" : t("rounding")}</p>
          <div class="breakdowns">
            <Bars title={t("byConcept")} cells={counts.byConcept} />
            <Bars title={t("byLocation")} cells={counts.byLocation} />
            <Bars title={t("byMonth")} cells={[...counts.byMonth].sort((one, other) => one.key.localeCompare(other.key))} />
          </div>
        </div>
      )}
      <Downloads question={question} texts={caller.rights.includes("REPORT_TEXT")} />
      <AsText question={question} />
    </section>
  );
}

function Number_({ of }: { of: Count }) {
  const t = useTexts();
  return of.suppressed ? <span class="suppressed" title={t("suppressedHelp")}>{t("suppressed")}</span> : <>{t.number(of.count ?? 0)}</>;
}

const MOST_BARS = 20;

function Bars({ title, cells }: { title: string; cells: Cell[] }) {
  const t = useTexts();
  const shown = cells.slice(0, MOST_BARS);
  const most = Math.max(1, ...shown.map((cell) => cell.patients.count ?? 0));
  return (
    <section class="pane">
      <h2>{title}</h2>
      <table class="bars">
        <thead class="said"><tr><th scope="col">{title}</th><th scope="col">{t("patients")}</th></tr></thead>
        <tbody>
          {shown.map((cell) => (
            <tr key={cell.key}>
              <th scope="row">{cell.name ?? cell.key}</th>
              <td>
                <svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
                  {cell.patients.suppressed ? <rect class="hidden-bar" width="4" height="10" /> : <rect width={(100 * (cell.patients.count ?? 0)) / most} height="10" />}
                </svg>
                <span><Number_ of={cell.patients} /></span>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {cells.length > MOST_BARS && <p class="dim">+{cells.length - MOST_BARS} {t("moreFindings")}</p>}
      {cells.length === 0 && <p class="dim">{t("nothing")}</p>}
    </section>
  );
}

const FILES = ["findings.csv", "fhir.json", "radgraph.json"] as const;

/** All findings of the question as a file, streamed by the API. RadGraph holds the words of reports. */
function Downloads({ question, texts }: { question: Question; texts: boolean }) {
  const t = useTexts();
  const [busy, setBusy] = useState<{ name: string; bytes: number; stop: AbortController } | null>(null);
  const [error, setError] = useState<{ name: string; error: ApiError } | null>(null);
  const run = async (name: string): Promise<void> => {
    const stop = new AbortController();
    setError(null);
    setBusy({ name, bytes: 0, stop });
    try {
      save(name, await download(name, cohortWhere(question), (bytes) => setBusy({ name, bytes, stop }), stop.signal));
    } catch (failure) {
      if (!stop.signal.aborted) setError({ name, error: failure instanceof ApiError ? failure : new ApiError("INTERNAL_ERROR", String(failure)) });
    }
    setBusy(null);
  };
  return (
    <section class="downloads" aria-label={t("downloads")}>
      <span class="dim">{t("downloads")}:</span>
      {FILES.filter((name) => texts || name !== "radgraph.json").map((name) => <button key={name} type="button" disabled={busy !== null} onClick={() => void run(name)}>{t(name)}</button>)}
      {busy && <><span role="status">{t.number(Math.ceil(busy.bytes / 1024))} KiB</span><button type="button" class="quiet" onClick={() => busy.stop.abort()}>{t("cancel")}</button></>}
      {error && <Failure error={error.error} retry={() => void run(error.name)} />}
    </section>
  );
}

/** The question as programs ask it: in GraphQL, and in Cypher for Neo4j Browser. */
function AsText({ question }: { question: Question }) {
  const t = useTexts();
  const [open, setOpen] = useState(false);
  const cypher = useQuery<{ cohortCypher: string }>(open ? COHORT_CYPHER : null, { where: cohortWhere(question) });
  return (
    <details class="pane" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{t("query")}</summary>
      <Copied text={asGraphql(question)} label={t("copyQuery")} />
      {cypher.error && <Failure error={cypher.error} retry={cypher.reload} />}
      {cypher.data && <><Copied text={cypher.data.cohortCypher} label={t("copyCypher")} /><p class="dim">{t("cypherNote")}</p></>}
    </details>
  );
}

function Copied({ text, label }: { text: string; label: string }) {
  const t = useTexts();
  const [copied, setCopied] = useState(false);
  return (
    <>
      <pre tabIndex={0}>{text}</pre>
      <button type="button" onBlur={() => setCopied(false)} onClick={() => void navigator.clipboard.writeText(text).then(() => setCopied(true))}>{copied ? t("copied") : label}</button>
    </>
  );
}
