import type { Finding, Mention, Study } from "../api/types";
import { useTexts } from "../i18n";
import { PresenceSign, ReviewBadge } from "../ui/presence";
import { sentenceAt } from "./marking";

/** Where one fact comes from: its sentence, report version, reader, checkpoint, score and reviews. */
export function Provenance({ mention, finding, study }: { mention: Mention; finding: Finding | undefined; study: Study }) {
  const t = useTexts();
  const report = study.reports.find((one) => one.reportKey === mention.reportKey);
  const reading = study.extraction;
  const sentence = report?.text != null && mention.span ? sentenceAt(report.text, mention.span.start, mention.span.end) : null;
  const concept = finding?.concept ?? mention.concept;
  return (
    <aside class="provenance" aria-label={t("provenance")} aria-live="polite">
      <h3>
        {mention.presence && <><PresenceSign presence={mention.presence} />{t(mention.presence)}: </>}
        {mention.kind === "ANATOMY" && <>{t("place_")}: </>}{mention.text}
      </h3>
      <dl>
        {sentence && <><dt>{t("sentence")}</dt><dd><q>{sentence}</q></dd></>}
        {report
          ? <><dt>{t("report")}</dt><dd>{t("version")} {report.version}, {t.word(`status${report.status}`)}; {t("section")}: {mention.span?.section}</dd></>
          : <><dt>{t("film")}</dt><dd>{t("onlyFilm")}</dd></>}
        {concept && <><dt>{t("concept")}</dt><dd>{concept.name} <code>{concept.code}</code></dd></>}
        <dt>{t("readBy")}</dt><dd>{t(mention.witness)}{mention.witness === "BOTH" && !mention.disputed ? `. ${t("agreementNote")}` : ""}</dd>
        {mention.disputed && (
          <><dt>{t("disputed")}</dt><dd>{t("disputedNote")} {mention.otherPresence && mention.presence ? `${t("modelSays")}: ${t(mention.otherPresence)}; ${t("rulesSay")}: ${t(mention.presence)}.` : ""}</dd></>
        )}
        <dt>{t("score")}</dt><dd>{mention.score === null ? t("noScore") : mention.score.toFixed(3)}</dd>
        {reading && (
          <>
            <dt>{t("engine")}</dt><dd>{reading.engine} <code>{reading.engineDigest.slice(0, 12)}</code></dd>
            {reading.checkpoint && <><dt>{t("checkpoint")}</dt><dd>{reading.checkpoint} <code>{reading.checkpointDigest?.slice(0, 12)}</code></dd></>}
            <dt>{t("inputs")}</dt><dd>{reading.modalities.map((one) => t.word(one)).join(", ")}</dd>
            <dt>{t("readAt")}</dt><dd>{t.time(reading.createdAt)}</dd>
          </>
        )}
        {finding && (
          <>
            <dt>{t("reviewState")}</dt>
            <dd>
              <ReviewBadge state={finding.review} />
              {finding.reviews.map((one) => <div key={one.reviewer}>{one.reviewer}: {t(one.verdict)}{one.presence ? ` → ${t(one.presence)}` : ""} <span class="dim">{t.time(one.at)}</span>{one.note ? <q>{one.note}</q> : ""}</div>)}
            </dd>
          </>
        )}
      </dl>
    </aside>
  );
}
