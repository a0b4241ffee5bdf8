import { Fragment } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { ApiError, ask } from "../api/client";
import { follow } from "../api/live";
import { EVENT_COUNTS, EVENTS, FEED, REJECTIONS, REPLAY } from "../api/queries";
import type { Caller } from "../api/types";
import { useTexts } from "../i18n";
import { go, onRow, usePlace } from "../routing";
import { Failure, usePages, useQuery, Waiting } from "../ui/loading";
import { inOrder, Warning } from "../ui/warnings";
import { ParsedMessage, RawMessage } from "./message";

const STATES = ["RECEIVED", "QUEUED", "EXTRACTING", "EXTRACTED", "MERGING", "MERGED", "REFUSED", "DEAD"] as const;
type State = (typeof STATES)[number];

interface Event_ {
  eventId: string;
  state: State;
  reason: string | null;
  detail: string | null;
  warnings: string[];
  readingWarnings: string[];
  source: string;
  externalId: string;
  format: string;
  size: number;
  attempts: number;
  deliveries: number;
  receivedAt: string;
  studyKeys: string[];
}

type Counts = Record<State, { totalCount: number }> & { checkpoint: { engine: string; checkpoint: string | null; studies: number; lastUsedAt: string; otherEngines: number } | null };

interface Told {
  newest: string | null;
  states: { state: State; count: number }[];
}

const EVERY_MS = 5000;
const PAGE = 50;

export function FeedView({ caller }: { caller: Caller }) {
  const t = useTexts();
  const allowed = caller.rights.includes("OPERATE");
  const place = usePlace();
  const [connected, setConnected] = useState(false);
  const [told, setTold] = useState<Told | null>(null);
  const counts = useQuery<Counts>(allowed ? EVENT_COUNTS : null, {}, connected ? 0 : EVERY_MS);
  useEffect(() => (allowed ? follow<{ feedUpdates: Told }>(FEED, { next: (data) => setTold(data.feedUpdates), connected: setConnected }) : undefined), [allowed]);
  // While the connection stands its word is newer than that of the query.
  const countOf = (state: State): number => (connected ? told?.states.find((one) => one.state === state)?.count : undefined) ?? counts.data?.[state].totalCount ?? 0;
  const shown = place.search.get("show") === "rejections";
  if (!allowed) return <p class="empty">{t("notOperator")}</p>;
  return (
    <section class="feed">
      <header class="bar">
        <h1>{t("feed")}</h1><span class={connected ? "dim live" : "dim"} role="status">{t(connected ? "live" : "notLive")}</span>
        <div class="tabs" role="group" aria-label={t("feed")}>
          <button type="button" aria-pressed={!shown} onClick={() => go("/feed")}>{t("events")}</button>
          <button type="button" aria-pressed={shown} onClick={() => go("/feed?show=rejections")}>{t("rejections")}</button>
        </div>
      </header>
      {counts.error && <Failure error={counts.error} retry={counts.reload} />}
      {(counts.data ?? told) && (
        <>
          <ul class="states" aria-label={t("state")}>
            {STATES.map((state) => (
              <li key={state} class={countOf(state) ? state.toLowerCase() : ""}>
                <a href={`/feed?state=${state.toLowerCase()}`} aria-current={place.search.get("state") === state.toLowerCase() ? "true" : undefined}><b>{t.number(countOf(state))}</b> {t(state)}</a>
              </li>
            ))}
            <li><a href="/feed">{t("all")}</a></li>
          </ul>
          {counts.data?.checkpoint && (
            <p class="dim">
              {t("engine")}: {counts.data.checkpoint.engine} {counts.data.checkpoint.checkpoint ?? ""} · {t("inGraph")}: {t.number(counts.data.checkpoint.studies)} · {t("lastRead")}: {t.time(counts.data.checkpoint.lastUsedAt)}
              {counts.data.checkpoint.otherEngines > 0 && <> · {t("otherEngines")}: {counts.data.checkpoint.otherEngines}</>}
            </p>
          )}
        </>
      )}
      {shown ? <Rejections /> : <Events place={place.search} inspects={caller.rights.includes("INSPECT")} changed={counts.reload} mark={JSON.stringify(told)} />}
    </section>
  );
}

function Events({ place, inspects, changed, mark }: { place: URLSearchParams; inspects: boolean; changed: () => void; mark: string }) {
  const t = useTexts();
  const state = STATES.find((one) => one.toLowerCase() === place.get("state"));
  const [source, reason] = [place.get("source") ?? undefined, place.get("reason") ?? undefined];
  const list = usePages<Event_>(EVENTS, { where: { state, source, reason } }, "events");
  const [open, setOpen] = useState<string | null>(null);
  // A reader who has gone on to further pages, or reads a message, is not moved: for them the news waits.
  const still = open === null && list.rows.length <= PAGE && !list.busy;
  const shown = useRef(mark);
  useEffect(() => {
    if (!still || shown.current === mark) return;
    shown.current = mark;
    list.reload();
  }, [mark, still, list]);
  const toggle = (id: string): void => setOpen((old) => (old === id ? null : id));
  const filter = (name: string, value: string): string => { const next = new URLSearchParams(place); next.set(name, value); return `/feed?${next.toString()}`; };
  return (
    <>
      {(source ?? reason) && <p>{source && <span class="badge">{t("source")}: {source}</span>} {reason && <span class="badge">{t("reason")}: {reason}</span>} <a href="/feed">{t("clear")}</a></p>}
      {list.error && <Failure error={list.error} retry={list.reload} />}
      <table class="rows">
        <thead><tr><th scope="col">{t("received")}</th><th scope="col">{t("state")}</th><th scope="col">{t("source")}</th><th scope="col">{t("messageId")}</th><th scope="col">{t("format")}</th><th scope="col">{t("reason")}</th><th scope="col">{t("warningCodes")}</th></tr></thead>
        <tbody>
          {list.rows.map((event) => (
            <Fragment key={event.eventId}>
              <tr class={open === event.eventId ? "at" : ""} onClick={onRow(() => toggle(event.eventId))}>
                <th scope="row"><button type="button" class="quiet" aria-expanded={open === event.eventId} onClick={() => toggle(event.eventId)}>{t.time(event.receivedAt)}</button></th>
                <td><span class={`state ${event.state.toLowerCase()}`}>{t(event.state)}</span></td>
                <td>{event.source && <a href={filter("source", event.source)}>{event.source}</a>}</td>
                <td class="clipped" title={event.externalId}><code>{event.externalId}</code></td>
                <td>{event.format}</td>
                <td>{event.reason && <a href={filter("reason", event.reason)}><code>{event.reason}</code></a>}</td>
                <td>{inOrder([...event.warnings, ...event.readingWarnings]).map((code) => <Warning key={code} code={code} />)}</td>
              </tr>
              {open === event.eventId && <tr class="open"><td colSpan={7}><EventDetails event={event} inspects={inspects} done={() => { list.reload(); changed(); }} /></td></tr>}
            </Fragment>
          ))}
        </tbody>
      </table>
      {!list.busy && !list.error && list.rows.length === 0 && <p class="empty">{t("nothing")}</p>}
      <Waiting busy={list.busy} />
      {list.hasMore && <button type="button" class="more" onClick={list.more}>{t("more")}</button>}
    </>
  );
}

function EventDetails({ event, inspects, done }: { event: Event_; inspects: boolean; done: () => void }) {
  const t = useTexts();
  const [asked, setAsked] = useState(false);
  const [told, setTold] = useState("");
  const [failure, setFailure] = useState<ApiError | null>(null);
  const replay = async (): Promise<void> => {
    try {
      const answer = await ask<{ replayEvent: { replayed: boolean; event: { reason: string | null; detail: string | null } } | null }>(REPLAY, { id: event.eventId });
      setTold(answer.replayEvent?.replayed ? t("replayed") : `${t("notReplayed")}: ${answer.replayEvent?.event.detail ?? ""}`);
      done();
    } catch (error) {
      setFailure(error instanceof ApiError ? error : new ApiError("INTERNAL_ERROR", String(error)));
    }
  };
  return (
    <div class="event-details">
      {event.detail && <p>{event.detail}</p>}
      <p class="dim">
        {t("event")} {event.eventId} · {event.externalId} · {t.number(event.size)} {t("bytes")} · {t("attempts")}: {event.attempts}
        {event.studyKeys.map((key) => <Fragment key={key}> · <a href={`/studies/${key}`}>{t("openStudy")}</a></Fragment>)}
      </p>
      <div class="verdicts">
        <button type="button" onClick={() => setAsked(true)}>{t("showMessage")}</button>
        <button type="button" onClick={() => void replay()}>{t("replay")}</button>
        <span role="status">{told}</span>
      </div>
      {failure && <Failure error={failure} retry={() => void replay()} />}
      {asked && (inspects ? <ParsedMessage id={event.eventId} detail={event.detail} /> : <RawMessage id={event.eventId} />)}
    </div>
  );
}

interface Rejection {
  reason: string;
  head: string;
  relation: string;
  tail: string;
  detail: string;
  studyKey: string;
}


function Rejections() {
  const t = useTexts();
  const list = usePages<Rejection>(REJECTIONS, {}, "rejections");
  return (
    <>
      {list.error && <Failure error={list.error} retry={list.reload} />}
      <table class="rows">
        <thead><tr><th scope="col">{t("reason")}</th><th scope="col">{t("triplet")}</th><th scope="col">{t("details")}</th><th scope="col">{t("study")}</th></tr></thead>
        <tbody>
          {list.rows.map((one, number) => (
            <tr key={number}><td><code>{one.reason}</code></td><td>{one.head} <span class="dim">{one.relation}</span> {one.tail}</td><td>{one.detail}</td><td><a href={`/studies/${one.studyKey}`}>{t("openStudy")}</a></td></tr>
          ))}
        </tbody>
      </table>
      {!list.busy && !list.error && list.rows.length === 0 && <p class="empty">{t("nothing")}</p>}
      <Waiting busy={list.busy} />
      {list.hasMore && <button type="button" class="more" onClick={list.more}>{t("more")}</button>}
    </>
  );
}
