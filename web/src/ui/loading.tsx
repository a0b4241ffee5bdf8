import type { ComponentChildren } from "preact";
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { ApiError, ask, type Variables } from "../api/client";
import { useTexts } from "../i18n";
import type { Page } from "../api/types";

export interface Loaded<T> {
  data: T | null;
  error: ApiError | null;
  busy: boolean;
  reload: () => void;
}

const asApiError = (error: unknown): ApiError => (error instanceof ApiError ? error : new ApiError("INTERNAL_ERROR", String(error)));

/** The answer to a query. A new question keeps the old answer on the page until its own has come. `query` null asks nothing. */
export function useQuery<T>(query: string | null, variables: Variables = {}, everyMs = 0): Loaded<T> {
  const [state, setState] = useState<{ data: T | null; error: ApiError | null; busy: boolean }>({ data: null, error: null, busy: query !== null });
  const [turn, setTurn] = useState(0);
  const question = JSON.stringify(variables);
  useEffect(() => {
    if (query === null) return undefined;
    const stop = new AbortController();
    setState((old) => ({ ...old, busy: true }));
    ask<T>(query, JSON.parse(question) as Variables, stop.signal).then(
      (data) => setState({ data, error: null, busy: false }),
      (error: unknown) => {
        if (!stop.signal.aborted) setState((old) => ({ data: old.data, error: asApiError(error), busy: false }));
      },
    );
    return () => stop.abort();
  }, [query, question, turn]);
  useEffect(() => {
    if (everyMs === 0) return undefined;
    const timer = setInterval(() => setTurn((n) => n + 1), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return { ...state, reload: useCallback(() => setTurn((n) => n + 1), []) };
}

export interface Pages<T> extends Omit<Loaded<T>, "data"> {
  rows: T[];
  hasMore: boolean;
  more: () => void;
}

/** All pages of a list so far. `field` is the answer's field that holds the list. */
export function usePages<T>(query: string | null, variables: Variables, field: string): Pages<T> {
  const [rows, setRows] = useState<T[]>([]);
  const [end, setEnd] = useState<{ hasNextPage: boolean; endCursor: string | null }>({ hasNextPage: false, endCursor: null });
  const [error, setError] = useState<ApiError | null>(null);
  const [busy, setBusy] = useState(query !== null);
  const [turn, setTurn] = useState(0);
  const question = JSON.stringify(variables);
  const running = useRef<AbortController | null>(null);
  const load = useCallback(
    (after: string | null) => {
      if (query === null) return;
      running.current?.abort();
      const stop = (running.current = new AbortController());
      setBusy(true);
      ask<Record<string, Page<T>>>(query, { ...(JSON.parse(question) as Variables), after }, stop.signal).then(
        (answer) => {
          const page = answer[field];
          if (!page) return;
          setRows((old) => (after === null ? [] : old).concat(page.edges.map((edge) => edge.node)));
          setEnd(page.pageInfo);
          setError(null);
          setBusy(false);
        },
        (failure: unknown) => {
          if (stop.signal.aborted) return;
          setError(asApiError(failure));
          setBusy(false);
        },
      );
    },
    [query, question, field],
  );
  useEffect(() => {
    load(null);
    return () => running.current?.abort();
  }, [load, turn]);
  const more = useCallback(() => {
    if (end.hasNextPage && !busy) load(end.endCursor);
  }, [end, busy, load]);
  return { rows, error, busy, hasMore: end.hasNextPage, more, reload: useCallback(() => setTurn((n) => n + 1), []) };
}

export function Failure({ error, retry }: { error: ApiError; retry: () => void }) {
  const t = useTexts();
  return (
    <div class="failure" role="alert">
      <p>{error.code === "NETWORK" ? t("errorNetwork") : `${t("errorOf")}: ${error.message} (${error.code})`}</p>
      <button type="button" onClick={retry}>{t("retry")}</button>
    </div>
  );
}

export function Waiting({ busy, children }: { busy: boolean; children?: ComponentChildren }) {
  const t = useTexts();
  return (
    <p class={busy ? "waiting busy" : "waiting"} role="status">
      {busy ? <><progress aria-label={t("loading")} /> {t("loading")}…</> : children}
    </p>
  );
}
