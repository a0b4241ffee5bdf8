import { currentKey, sessionEnded } from "../session";

/** An answer of the API that is an error: its code as docs/graphql.md lists them, and its sentence. */
export class ApiError extends Error {
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

interface Answer {
  data?: unknown;
  errors?: { message: string; extensions?: { code?: string } }[];
}

export type Variables = Record<string, unknown>;

const headersOf = (key: string | null): Record<string, string> => ({
  "Content-Type": "application/json",
  Accept: "application/json",
  ...(key === null ? {} : { Authorization: `Bearer ${key}` }),
});

/** The error of an answer, if it has one. A key that is no longer taken ends the session. */
function failureOf(answer: Answer, key: string | null): ApiError | null {
  const error = answer.errors?.[0];
  if (!error) return null;
  const code = error.extensions?.code ?? "INTERNAL_ERROR";
  if (code === "UNAUTHENTICATED" && key !== null) sessionEnded();
  return new ApiError(code, error.message);
}

/** A download of a cohort. `onBytes` is told how much has come. Throws ApiError; an ended stream is NETWORK. */
export async function download(name: string, where: Variables, onBytes: (bytes: number) => void, signal: AbortSignal): Promise<Blob> {
  const key = currentKey();
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let bytes = 0;
  try {
    const response = await fetch(`/exports/${name}`, { method: "POST", headers: headersOf(key), body: JSON.stringify({ where }), signal });
    if (!response.ok) throw failureOf((await response.json()) as Answer, key) ?? new ApiError("INTERNAL_ERROR", response.statusText);
    const reader = response.body?.getReader();
    for (let part = await reader?.read(); part?.value; part = await reader?.read()) {
      parts.push(part.value);
      onBytes((bytes += part.value.length));
    }
    return new Blob(parts, { type: response.headers.get("Content-Type") ?? "" });
  } catch (error) {
    if (error instanceof ApiError || (error instanceof DOMException && error.name === "AbortError")) throw error;
    throw new ApiError("NETWORK", "");
  }
}

/** The data of one operation. Throws ApiError; NETWORK is the code where no answer came. */
export async function ask<T>(query: string, variables: Variables = {}, signal?: AbortSignal): Promise<T> {
  const key = currentKey();
  let answer: Answer;
  try {
    const response = await fetch("/graphql", {
      method: "POST",
      headers: headersOf(key),
      body: JSON.stringify({ query, variables }),
      ...(signal ? { signal } : {}),
    });
    answer = (await response.json()) as Answer;
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ApiError("NETWORK", "");
  }
  const failure = failureOf(answer, key);
  if (failure) throw failure;
  return answer.data as T;
}
