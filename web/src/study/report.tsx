import { useState } from "preact/hooks";
import type { Mention, Report } from "../api/types";
import { useTexts } from "../i18n";
import { SIGN } from "../ui/presence";
import { differences } from "./differences";
import { stretchesOf } from "./marking";

export interface Selection {
  /** The mention that the reader points at or has focused. */
  lit: Set<string>;
  chosen: string | null;
  point: (id: string | null) => void;
  choose: (id: string) => void;
}

export interface Given extends Selection {
  mentions: readonly Mention[];
}

/** How a mention is marked. A finding's sign and line tell its presence; describing words and places are quieter. */
export const markOf = (mention: Mention): string => {
  if (mention.kind === "ANATOMY") return "anatomy";
  return `${(mention.presence ?? "PRESENT").toLowerCase()}${mention.isFinding ? "" : " describing"}`;
};

export function Mark({ mention, lit, chosen, point, choose, text }: Selection & { mention: Mention; text: string }) {
  const t = useTexts();
  const id = mention.mentionId;
  const said = mention.kind === "ANATOMY" ? t("place_") : t((mention.presence ?? "PRESENT").toLowerCase() as "present" | "uncertain" | "absent");
  const classes = ["mark", markOf(mention), lit.has(id) ? "lit" : "", chosen === id ? "chosen" : ""].filter(Boolean).join(" ");
  return (
    <button
      type="button" class={classes} data-mention={id} aria-pressed={chosen === id}
      onMouseEnter={() => point(id)} onMouseLeave={() => point(null)} onFocus={() => point(id)} onBlur={() => point(null)} onClick={() => choose(id)}
    >
      <span class="said">{said}: </span>
      {mention.kind === "OBSERVATION" && mention.isFinding && mention.presence && <span class="sign" aria-hidden="true">{SIGN[mention.presence]}</span>}
      <span class="words">{text}</span>
      {mention.disputed && <><span class="disputed" aria-hidden="true">⚡</span><span class="said"> ({t("disputed")})</span></>}
    </button>
  );
}

/** Headings are set aside too, but nobody expects findings of them: they stay as they are. */
const isQuiet = (reason: string) => reason === "heading";

function Unread({ text, reason }: { text: string; reason: string }) {
  const t = useTexts();
  const said = `${t("notRead")}: ${t.word(`aside_${reason}`)}`;
  return <span class="aside" title={said}><span class="said">({said}) </span>{text}</span>;
}

export function ReportText({ report, mentions, ...selection }: Given & { report: Report }) {
  const own = mentions.filter((each) => each.reportKey === report.reportKey);
  const setAside = (report.setAside ?? []).filter((each) => !isQuiet(each.reason));
  return (
    <p class="report-text">
      {stretchesOf(report.text ?? "", own, setAside).map((part, number) =>
        part.mention ? <Mark key={part.mention.mentionId} mention={part.mention} text={part.text} {...selection} />
        : part.aside ? <Unread key={number} text={part.text} reason={part.aside} />
        : <span key={number}>{part.text}</span>,
      )}
    </p>
  );
}

export function Legend() {
  const t = useTexts();
  return (
    <dl class="legend" aria-label={t("legend")}>
      {(["PRESENT", "UNCERTAIN", "ABSENT"] as const).map((each) => (
        <div key={each}><dt><span class={`mark ${each.toLowerCase()}`}><span class="sign">{SIGN[each]}</span><span class="words">abc</span></span></dt><dd>{t(each)}</dd></div>
      ))}
      <div><dt><span class="mark anatomy"><span class="words">abc</span></span></dt><dd>{t("place_")}</dd></div>
      <div><dt><span class="mark present describing"><span class="words">abc</span></span></dt><dd>{t("modifier")}</dd></div>
      <div><dt><span class="disputed">⚡</span></dt><dd>{t("disputed")}</dd></div>
      <div><dt><span class="aside">abc</span></dt><dd>{t("notRead")}</dd></div>
    </dl>
  );
}

/** All reports of a study: each with its current version marked, and its other versions with what changed. */
export function Reports({ reports, ...given }: Given & { reports: readonly Report[] }) {
  const t = useTexts();
  if (reports.length === 0) return <p class="dim">{t("noReport")}</p>;
  const ids = [...new Set(reports.map((report) => report.reportId))];
  return <>{ids.map((id) => <OneReport key={id} versions={reports.filter((report) => report.reportId === id)} {...given} />)}</>;
}

function OneReport({ versions, ...given }: Given & { versions: Report[] }) {
  const t = useTexts();
  const standing = versions.find((one) => one.current) ?? versions.at(-1);
  const [shownKey, setShown] = useState<string | null>(null);
  const shown = versions.find((one) => one.reportKey === shownKey) ?? standing;
  if (!shown) return null;
  const before = versions.find((one) => one.version === shown.version - 1);
  return (
    <article class="report">
      <div class="versions" role="group" aria-label={t("versions")}>
        {versions.map((one) => (
          <button key={one.reportKey} type="button" aria-pressed={one === shown} onClick={() => setShown(one.reportKey)}>
            {t("version")} {one.version}: {t.word(`status${one.status}`)} <span class="dim">({t(one.current ? "current" : "superseded")})</span>
          </button>
        ))}
        <span class="dim">{shown.issuedAt ? `${t("issued")} ${t.time(shown.issuedAt)}` : ""}</span>
      </div>
      {shown.text == null ? <p class="dim">{t("textHidden")}</p> : <ReportText report={shown} {...given} />}
      {before?.text != null && shown.text != null && (
        <details class="differences">
          <summary>{t("compare")} {before.version}</summary>
          <p class="report-text">
            {differences(before.text, shown.text).map((change, number) =>
              change.kind === "same" ? <span key={number}>{change.text}</span>
              : change.kind === "added" ? <ins key={number}><span class="said">{t("added")}: </span>{change.text}</ins>
              : <del key={number}><span class="said">{t("removed")}: </span>{change.text}</del>,
            )}
          </p>
        </details>
      )}
    </article>
  );
}
