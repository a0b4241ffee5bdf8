import { useMemo } from "preact/hooks";
import { useTexts } from "../i18n";
import { SIGN } from "../ui/presence";
import { layoutOf, NODE_HEIGHT, NODE_WIDTH, type Link } from "./graph_layout";
import { markOf, type Given } from "./report";

const LONGEST = 22;
const short = (text: string, longest: number): string => (text.length > longest ? `${text.slice(0, longest - 1)}…` : text);

/** The path of a relation: level between columns, a bow at the left side within one. */
function pathOf({ from, to }: Link): string {
  const [y1, y2] = [from.y + NODE_HEIGHT / 2, to.y + NODE_HEIGHT / 2];
  if (from.x === to.x) {
    const bow = from.x + NODE_WIDTH + 18 + Math.min(40, Math.abs(y2 - y1) / 4);
    return `M ${from.x + NODE_WIDTH} ${y1} C ${bow} ${y1}, ${bow} ${y2}, ${to.x + NODE_WIDTH + 5} ${y2}`;
  }
  const right = to.x > from.x;
  const [x1, x2] = right ? [from.x + NODE_WIDTH, to.x - 5] : [from.x, to.x + NODE_WIDTH + 5];
  const middle = (x1 + x2) / 2;
  return `M ${x1} ${y1} C ${middle} ${y1}, ${middle} ${y2}, ${x2} ${y2}`;
}

export function StudyGraph({ mentions, lit, chosen, point, choose }: Given) {
  const t = useTexts();
  const { spots, links, width, height } = useMemo(() => layoutOf(mentions), [mentions]);
  if (spots.length === 0) return <p class="dim">{t("noMentions")}</p>;
  return (
    <div class="graph" tabIndex={0} role="region" aria-label={t("graph")}>
      <svg viewBox={`0 0 ${width} ${height}`} width={width} height={height} role="group" aria-label={t("graphHelp")}>
        <defs>
          <marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0 L8 4 L0 8 z" /></marker>
        </defs>
        {links.map((link, number) => {
          const near = chosen !== null || lit.size > 0 ? lit.has(link.from.mention.mentionId) && lit.has(link.to.mention.mentionId) : false;
          return (
            <g key={number} class={`link ${link.relation.type.toLowerCase()}${near ? " lit" : ""}`} aria-hidden="true">
              <path d={pathOf(link)} marker-end="url(#tip)" />
              <title>{`${link.from.mention.text} ${t(link.relation.type)} ${link.to.mention.text}`}</title>
            </g>
          );
        })}
        {spots.map(({ mention, x, y }) => {
          const id = mention.mentionId;
          const said = mention.kind === "ANATOMY" ? t("place_") : t(mention.presence ?? "PRESENT");
          const reaches = mention.relations.map((one) => `${t(one.type)} ${spots.find((spot) => spot.mention.mentionId === one.target)?.mention.text ?? ""}`);
          const sign = mention.kind === "OBSERVATION" && mention.isFinding && mention.presence ? `${SIGN[mention.presence]} ` : "";
          const word = mention.isFinding && mention.presence && mention.presence !== "PRESENT" ? `${t(mention.presence === "ABSENT" ? "absent" : "uncertain")} ` : "";
          const name = short(mention.text, LONGEST - word.length);
          return (
            <g
              key={id} class={`node ${markOf(mention)}${lit.has(id) ? " lit" : ""}${chosen === id ? " chosen" : ""}`} data-mention={id}
              role="button" tabIndex={0} aria-pressed={chosen === id} aria-label={[word ? `${word}${mention.text}` : `${said}: ${mention.text}`, ...reaches].join(", ")}
              transform={`translate(${x} ${y})`}
              onMouseEnter={() => point(id)} onMouseLeave={() => point(null)} onFocus={() => point(id)} onBlur={() => point(null)} onClick={() => choose(id)}
              onKeyDown={(event) => { if (event.key === "Enter" || event.key === " ") { event.preventDefault(); choose(id); } }}
            >
              <rect width={NODE_WIDTH} height={NODE_HEIGHT} rx={mention.kind === "ANATOMY" ? 15 : 4} />
              <text x={10} y={20}>{sign}{word}<tspan class="words">{name}</tspan>{mention.disputed ? " ⚡" : ""}</text>
            </g>
          );
        })}
      </svg>
    </div>
  );
}
