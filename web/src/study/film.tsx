import { useEffect, useRef, useState } from "preact/hooks";
import { FILM } from "../api/queries";
import type { FilmInfo } from "../api/types";
import { useTexts } from "../i18n";
import { Failure, useQuery, Waiting } from "../ui/loading";
import { dragged, previewFilter, shownWindow, wholeWindow, type Levels, type Window } from "./window";

interface Picture {
  mediaType: string;
  base64: string;
  rows: number;
  columns: number;
  levels: Levels | null;
}

interface View {
  zoom: number;
  x: number;
  y: number;
  brightness: number;
  contrast: number;
  inverted: boolean;
  /** What is wanted of a film that has levels; null: its own window. Others have brightness and contrast. */
  window: Window | null;
}

const FIT: View = { zoom: 1, x: 0, y: 0, brightness: 1, contrast: 1, inverted: false, window: null };
/** The server draws a new window when the hand has rested for so long. */
const REST_MS = 150;
const SIDE = 2048;
const within = (value: number, least: number, most: number): number => Math.max(least, Math.min(most, value));

export function Films({ studyKey, images, visible }: { studyKey: string; images: readonly FilmInfo[]; visible: boolean }) {
  const t = useTexts();
  const [at, setAt] = useState(0);
  const image = images[at];
  if (!image) return <p class="dim">{t("noFilm")}</p>;
  if (!visible || !image.sopInstanceUid) return <p class="dim">{t("filmHidden")}</p>;
  return (
    <>
      {images.length > 1 && (
        <div class="versions" role="group" aria-label={t("films")}>
          {images.map((one, number) => (
            <button key={one.sopInstanceUid} type="button" aria-pressed={number === at} onClick={() => setAt(number)}>{one.view ?? `${t("film")} ${number + 1}`}</button>
          ))}
        </div>
      )}
      <Film key={image.sopInstanceUid} studyKey={studyKey} uid={image.sopInstanceUid} image={image} />
    </>
  );
}

/** A window once it has stood still; null at once. */
function useRested(window: Window | null, restMs: number): Window | null {
  const [rested, setRested] = useState(window);
  useEffect(() => {
    if (window === null) { setRested(null); return undefined; }
    const timer = setTimeout(() => setRested(window), restMs);
    return () => clearTimeout(timer);
  }, [window, restMs]);
  return rested;
}

function Film({ studyKey, uid, image }: { studyKey: string; uid: string; image: FilmInfo }) {
  const t = useTexts();
  const [view, setView] = useState(FIT);
  const asked = useRested(view.window, REST_MS);
  const answer = useQuery<{ film: Picture | null }>(FILM, { study: studyKey, image: uid, side: SIDE, ...asked });
  const frame = useRef<HTMLDivElement>(null);
  const drag = useRef<{ x: number; y: number; windowing: boolean } | null>(null);
  const change = (part: Partial<View>): void => setView((old) => ({ ...old, ...part }));
  const zoomBy = (factor: number): void => setView((old) => ({ ...old, zoom: within(old.zoom * factor, 0.5, 12) }));

  useEffect(() => {
    const at = frame.current;
    // Preact listens passively, and a passive listener cannot keep the page from scrolling.
    const wheel = (event: WheelEvent): void => {
      event.preventDefault();
      zoomBy(event.deltaY < 0 ? 1.15 : 1 / 1.15);
    };
    at?.addEventListener("wheel", wheel, { passive: false });
    return () => at?.removeEventListener("wheel", wheel);
  }, [answer.data]);

  const onKey = (event: KeyboardEvent): void => {
    const step = 40;
    const moves: Record<string, () => void> = {
      "+": () => zoomBy(1.25), "=": () => zoomBy(1.25), "-": () => zoomBy(0.8), "0": () => setView(FIT),
      i: () => setView((old) => ({ ...old, inverted: !old.inverted })),
      ArrowLeft: () => setView((old) => ({ ...old, x: old.x + step })), ArrowRight: () => setView((old) => ({ ...old, x: old.x - step })),
      ArrowUp: () => setView((old) => ({ ...old, y: old.y + step })), ArrowDown: () => setView((old) => ({ ...old, y: old.y - step })),
    };
    const act = moves[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  };
  const picture = answer.data?.film;
  const levels = picture?.levels ?? null;
  const shown = levels && (shownWindow(levels) ?? wholeWindow(levels));
  const wanted = view.window ?? shown;
  const setWindow = (part: Partial<Window>): void => { if (wanted) change({ window: { ...wanted, ...part } }); };
  const filter = levels && shown && view.window ? previewFilter(shown, view.window, levels.inverted) : `brightness(${view.brightness}) contrast(${view.contrast})`;
  if (answer.error) return <><p class="dim">{t("filmFail")}</p><Failure error={answer.error} retry={answer.reload} /></>;
  if (!picture) return <Waiting busy={answer.busy}>{t("noFilm")}</Waiting>;
  return (
    <figure class="film">
      <div
        class="frame" ref={frame} tabIndex={0} role="application" aria-label={`${t("film")} ${image.view ?? ""}. ${t("filmHelp")}`}
        onKeyDown={onKey} onContextMenu={(event) => event.preventDefault()}
        onPointerDown={(event) => {
          event.currentTarget.setPointerCapture(event.pointerId);
          drag.current = { x: event.clientX, y: event.clientY, windowing: event.button === 2 || event.shiftKey };
        }}
        onPointerMove={(event) => {
          const from = drag.current;
          if (!from) return;
          const [dx, dy] = [event.clientX - from.x, event.clientY - from.y];
          drag.current = { ...from, x: event.clientX, y: event.clientY };
          const frameWidth = event.currentTarget.clientWidth;
          setView((old) => from.windowing && levels && shown
            ? { ...old, window: dragged(old.window ?? shown, levels, dx / frameWidth, dy / frameWidth) }
            : from.windowing
            ? { ...old, contrast: within(old.contrast + dx / 250, 0.2, 5), brightness: within(old.brightness - dy / 250, 0.2, 4) }
            : { ...old, x: old.x + dx, y: old.y + dy });
        }}
        onPointerUp={() => { drag.current = null; }} onPointerCancel={() => { drag.current = null; }}
      >
        <img
          src={`data:${picture.mediaType};base64,${picture.base64}`} alt={`${t("film")} ${image.view ?? ""}`} draggable={false}
          style={{
            transform: `translate(${view.x}px, ${view.y}px) scale(${view.zoom})`,
            filter: `${filter}${view.inverted ? " invert(1)" : ""}`,
          }}
        />
      </div>
      <figcaption class="tools">
        <button type="button" aria-label={t("zoomIn")} title={t("zoomIn")} onClick={() => zoomBy(1.25)}>+</button>
        <button type="button" aria-label={t("zoomOut")} title={t("zoomOut")} onClick={() => zoomBy(0.8)}>−</button>
        <button type="button" aria-pressed={view.inverted} onClick={() => change({ inverted: !view.inverted })}>{t("invert")}</button>
        {levels && wanted ? (
          <>
            <label>{t("windowLevel")} <input name="level" type="range" min={levels.least} max={levels.greatest} step="any" value={wanted.center} onInput={(event) => setWindow({ center: Number(event.currentTarget.value) })} /></label>
            <label>{t("windowWidth")} <input name="width" type="range" min="1" max={2 * wholeWindow(levels).width} step="any" value={wanted.width} onInput={(event) => setWindow({ width: Number(event.currentTarget.value) })} /></label>
            <button type="button" onClick={() => change({ window: wholeWindow(levels) })}>{t("allGreys")}</button>
          </>
        ) : (
          <>
            <label>{t("level")} <input type="range" min="0.2" max="4" step="0.05" value={view.brightness} onInput={(event) => change({ brightness: Number(event.currentTarget.value) })} /></label>
            <label>{t("width")} <input type="range" min="0.2" max="5" step="0.05" value={view.contrast} onInput={(event) => change({ contrast: Number(event.currentTarget.value) })} /></label>
          </>
        )}
        <button type="button" onClick={() => setView(FIT)}>{t("resetFilm")}</button>
        <span class="dim">{image.view ?? ""} {picture.columns} × {picture.rows}{wanted && <> · {t("windowLevel")} {t.number(Math.round(wanted.center))}, {t("windowWidth")} {t.number(Math.round(wanted.width))}</>}</span>
      </figcaption>
    </figure>
  );
}
