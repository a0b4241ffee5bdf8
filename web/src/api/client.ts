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

/** The data of one operation. Throws ApiError; NETWORK is the code where no answer came. */
export async function ask<T>(query: string, variables: Variables = {}, signal?: AbortSignal): Promise<T> {
  const headers: Record<string, string> = { "Content-Type": "application/json", Accept: "application/json" };
  const key = currentKey();
  if (key !== null) headers["Authorization"] = `Bearer ${key}`;
  let answer: Answer;
  try {
    const response = await fetch("/graphql", {
      method: "POST",
      headers,
      body: JSON.stringify({ query, variables }),
      ...(signal ? { signal } : {}),
    });
    answer = (await response.json()) as Answer;
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ApiError("NETWORK", "");
  }
  const error = answer.errors?.[0];
  if (error) {
    const code = error.extensions?.code ?? "INTERNAL_ERROR";
    if (code === "UNAUTHENTICATED" && key !== null) sessionEnded();
    throw new ApiError(code, error.message);
  }
  return answer.data as T;
}
