import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

/** Rows of one block. */
export const BLOCK = 40;
/** How far beyond the window rows are drawn, in CSS pixels. */
const MARGIN = "1500px 0px";

/** The blocks of a list, each with the number of its first row. */
export function blocksOf<T>(rows: readonly T[]): { first: number; rows: readonly T[] }[] {
  return Array.from({ length: Math.ceil(rows.length / BLOCK) }, (_, number) => {
    const first = number * BLOCK;
    return { first, rows: rows.slice(first, first + BLOCK) };
  });
}

/**
 * Some rows of a table, drawn while they are near the window, or `kept`. Else an empty row of the same height stands for
 * them: a list of any length costs no more than what is near.
 */
export function Block({ columns, kept, children }: { columns: number; kept: boolean; children: () => ComponentChildren }) {
  const body = useRef<HTMLTableSectionElement>(null);
  const height = useRef(0);
  const [near, setNear] = useState(true);
  useEffect(() => {
    if (!body.current) return undefined;
    const seen = new IntersectionObserver((entries) => {
      const last = entries.at(-1);
      if (!last) return;
      if (!last.isIntersecting) height.current = last.boundingClientRect.height;
      setNear(last.isIntersecting);
    }, { rootMargin: MARGIN });
    seen.observe(body.current);
    return () => seen.disconnect();
  }, []);
  return (
    <tbody ref={body}>
      {near || kept ? children() : <tr class="spacer" aria-hidden="true"><td colSpan={columns} style={{ height: `${height.current}px` }} /></tr>}
    </tbody>
  );
}
