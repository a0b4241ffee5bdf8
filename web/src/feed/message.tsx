import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { MESSAGE_PARTS, PAYLOAD } from "../api/queries";
import { useTexts } from "../i18n";
import { Failure, useQuery, Waiting } from "../ui/loading";
import { piecesOf, type Part } from "./pieces";

const shown = (text: string): string => text.replaceAll("\r\n", "\n").replaceAll("\r", "\n");

/** The message as it came. */
export function RawMessage({ id }: { id: string }) {
  const t = useTexts();
  const payload = useQuery<{ eventPayload: { size: number; text: string | null } | null }>(PAYLOAD, { id });
  return (
    <>
      <Waiting busy={payload.busy} />
      {payload.error && <Failure error={payload.error} retry={payload.reload} />}
      {payload.data?.eventPayload && <pre tabIndex={0} aria-label={t("message")}>{payload.data.eventPayload.text === null ? t("binary") : shown(payload.data.eventPayload.text)}</pre>}
    </>
  );
}

/** The message as it came beside its parts, each lit by the other; what it was refused for is marked and in view. */
export function ParsedMessage({ id, detail }: { id: string; detail: string | null }) {
  const t = useTexts();
  const asked = useQuery<{ eventParts: { text: string; cut: boolean; parts: Part[] } | null }>(MESSAGE_PARTS, { id });
  const [lit, setLit] = useState<number | null>(null);
  const raw = useRef<HTMLPreElement>(null);
  const found = asked.data?.eventParts;
  const pieces = useMemo(() => (found ? piecesOf(found.text, found.parts) : []), [found]);
  const both = useRef<HTMLDivElement>(null);
  useEffect(() => {
    both.current?.querySelector("mark.problem")?.scrollIntoView({ block: "nearest" });
    both.current?.querySelector("tr.problem")?.scrollIntoView({ block: "nearest" });
  }, [found]);
  if (asked.error) return <Failure error={asked.error} retry={asked.reload} />;
  if (!found) return <Waiting busy={asked.busy} />;
  const show = (number: number): void => {
    setLit(number);
    raw.current?.querySelector(`[data-part="${number}"]`)?.scrollIntoView({ block: "nearest" });
  };
  const problems = found.parts.filter((part) => part.problem);
  return (
    <>
      {detail && <p class="problem-words">{problems.length ? `${t("problemPart")}: ${problems.map((part) => part.name).join(", ")}` : t("noProblemPart")}</p>}
      {found.cut && <p class="dim">{t("messageCut")}</p>}
      <div class="message-parts" ref={both}>
        <pre tabIndex={0} aria-label={t("message")} ref={raw}>
          {pieces.map((piece, number) => {
            const part = piece.part === null ? undefined : found.parts[piece.part];
            if (piece.part === null || !part) return shown(piece.text);
            return <mark key={number} data-part={piece.part} class={`${part.problem ? "problem" : ""} ${lit === piece.part ? "lit" : ""}`} title={part.name} onMouseEnter={() => setLit(piece.part)}>{shown(piece.text)}</mark>;
          })}
        </pre>
        <div class="scroll" tabIndex={0} role="region" aria-label={t("parsed")}>
          <table class="rows">
            <thead><tr><th scope="col">{t("part")}</th><th scope="col">{t("value")}</th></tr></thead>
            <tbody>
              {found.parts.map((part, number) => (
                <tr key={number} class={`${part.problem ? "problem" : ""} ${lit === number ? "at" : ""}`} onMouseEnter={() => show(number)}>
                  <th scope="row"><button type="button" class="quiet" onClick={() => show(number)} onFocus={() => show(number)}>{part.problem && <span aria-hidden="true">⚠ </span>}<code>{part.name}</code></button></th>
                  <td>{part.problem && <span class="said">{t("problemPart")}: </span>}{part.start === null ? <em>{t("missingPart")}</em> : shown(part.value)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </div>
    </>
  );
}
