import { useEffect, useState } from "preact/hooks";

/** The address is the state that can be shared: a path and its search. */
export interface Place {
  path: string;
  search: URLSearchParams;
}

const here = (): Place => ({ path: window.location.pathname, search: new URLSearchParams(window.location.search) });
const CHANGED = "vlmkg:place";

export function go(address: string, replace = false): void {
  if (replace) history.replaceState(null, "", address);
  else history.pushState(null, "", address);
  window.dispatchEvent(new Event(CHANGED));
}

export function usePlace(): Place {
  const [place, setPlace] = useState(here);
  useEffect(() => {
    const changed = (): void => setPlace(here());
    window.addEventListener(CHANGED, changed);
    window.addEventListener("popstate", changed);
    return () => {
      window.removeEventListener(CHANGED, changed);
      window.removeEventListener("popstate", changed);
    };
  }, []);
  return place;
}

/** A click on a link of this page stays in it; with a modifier key the browser does as it always does. */
export function followed(event: MouseEvent): void {
  if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return;
  const link = (event.target as Element).closest("a");
  // A place within the page, as the skip link's, is the browser's to go to.
  if (!link || link.target || link.hash || link.origin !== window.location.origin || link.pathname.startsWith("/graphql")) return;
  event.preventDefault();
  go(link.pathname + link.search);
}

/** A click on a row, where it is not on a link or button in it: those act for themselves. */
export const onRow = (act: () => void) => (event: MouseEvent): void => {
  if (!(event.target as Element).closest("a, button")) act();
};

/** Whether keys are text just now: then no short cut may take them. */
export const isTyping = (event: KeyboardEvent): boolean => {
  const at = event.target as HTMLElement;
  return event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|TEXTAREA|SELECT)$/.test(at.tagName) || at.isContentEditable;
};
