import { useEffect, useId, useRef, useState } from "preact/hooks";
import { ask } from "../api/client";
import { CONCEPT, CONCEPTS } from "../api/queries";
import type { Concept } from "../api/types";

interface Given {
  label: string;
  hint: string;
  /** The code of the chosen concept. */
  code: string | undefined;
  onChoose: (code: string | undefined) => void;
  /** Marks the box that the key `/` goes to. */
  isFirst?: boolean;
}

const WAIT_MS = 150;

/** A field that completes concepts, after the combobox pattern of the ARIA Authoring Practices. */
export function ConceptBox({ label, hint, code, onChoose, isFirst = false }: Given) {
  const id = useId();
  const [words, setWords] = useState("");
  const [found, setFound] = useState<Concept[]>([]);
  const [at, setAt] = useState(-1);
  const [open, setOpen] = useState(false);
  const timer = useRef(0);

  useEffect(() => {
    if (code === undefined) {
      setWords("");
      return;
    }
    ask<{ concept: Concept | null }>(CONCEPT, { code }).then(
      ({ concept }) => setWords(concept?.name ?? code),
      () => setWords(code),
    );
  }, [code]);

  const search = (given: string): void => {
    setWords(given);
    clearTimeout(timer.current);
    if (given.trim() === "") {
      setFound([]);
      setOpen(false);
      if (code !== undefined) onChoose(undefined);
      return;
    }
    timer.current = window.setTimeout(() => {
      ask<{ concepts: Concept[] }>(CONCEPTS, { search: given.trim() }).then(
        ({ concepts }) => {
          setFound(concepts);
          setAt(concepts.length ? 0 : -1);
          setOpen(true);
        },
        () => setFound([]),
      );
    }, WAIT_MS);
  };
  const choose = (concept: Concept): void => {
    setWords(concept.name);
    setOpen(false);
    onChoose(concept.code);
  };
  const onKey = (event: KeyboardEvent): void => {
    if (event.key === "Escape") {
      if (open) setOpen(false);
      else (event.target as HTMLElement).blur();
      event.stopPropagation();
      return;
    }
    if (!open) return;
    const chosen = found[at];
    if (event.key === "ArrowDown") setAt(Math.min(at + 1, found.length - 1));
    else if (event.key === "ArrowUp") setAt(Math.max(at - 1, 0));
    else if (event.key === "Enter" && chosen) choose(chosen);
    else return;
    event.preventDefault();
  };
  return (
    <div class="field concept-box">
      <label for={id}>{label}</label>
      <input
        id={id} role="combobox" autocomplete="off" spellcheck={false} placeholder={hint} value={words}
        aria-expanded={open} aria-controls={`${id}-list`} aria-autocomplete="list"
        {...(open && at >= 0 ? { "aria-activedescendant": `${id}-${at}` } : {})}
        {...(isFirst ? { "data-first-filter": true } : {})}
        onInput={(event) => search(event.currentTarget.value)} onKeyDown={onKey} onBlur={() => setOpen(false)}
      />
      <ul id={`${id}-list`} role="listbox" aria-label={label} hidden={!open}>
        {found.map((concept, number) => (
          <li
            key={concept.code} id={`${id}-${number}`} role="option" aria-selected={number === at}
            onMouseDown={(event) => { event.preventDefault(); choose(concept); }}
          >
            {concept.name} <small>{concept.code.startsWith("RID") ? concept.code : ""}</small>
          </li>
        ))}
        {found.length === 0 && <li role="option" aria-selected="false" aria-disabled="true">—</li>}
      </ul>
    </div>
  );
}
