/** The key of the caller lives in this module alone: not in the address, not in a store of the browser. */

let key: string | null = null;
let onEnd: (() => void) | null = null;

export const setKey = (given: string | null): void => {
  key = given;
};

export const currentKey = (): string | null => key;

/** Call this when the server no longer takes the key. */
export const sessionEnded = (): void => {
  key = null;
  onEnd?.();
};

export const whenSessionEnds = (act: () => void): void => {
  onEnd = act;
};

/**
 * Open GraphiQL in a new tab, signed in. It reads its key from its tab's own store: a new tab gets a copy of ours, and
 * ours is empty again at once.
 */
export const openGraphiql = (): void => {
  if (key) sessionStorage.setItem("vlmkg-key", key);
  window.open("/graphql", "_blank");
  sessionStorage.removeItem("vlmkg-key");
};
