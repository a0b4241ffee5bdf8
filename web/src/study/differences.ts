export interface Change {
  kind: "same" | "added" | "removed";
  text: string;
}

const MOST = 4000;

/** The differences of two texts, word by word (longest common subsequence). Very long texts are compared as wholes. */
export function differences(before: string, after: string): Change[] {
  const old = before.match(/\s+|[^\s]+/gu) ?? [];
  const now = after.match(/\s+|[^\s]+/gu) ?? [];
  if (old.length > MOST || now.length > MOST) return [{ kind: "removed", text: before }, { kind: "added", text: after }];
  const width = now.length + 1;
  const common = new Uint16Array((old.length + 1) * width);
  const at = (i: number, j: number): number => common[i * width + j] ?? 0;
  for (let i = old.length - 1; i >= 0; i -= 1) {
    for (let j = now.length - 1; j >= 0; j -= 1) {
      common[i * width + j] = old[i] === now[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const found: Change[] = [];
  const add = (kind: Change["kind"], text: string): void => {
    const last = found.at(-1);
    if (last?.kind === kind) last.text += text;
    else found.push({ kind, text });
  };
  let i = 0;
  let j = 0;
  while (i < old.length || j < now.length) {
    const [was, is] = [old[i], now[j]];
    if (was !== undefined && was === is) {
      add("same", was);
      i += 1;
      j += 1;
    } else if (was !== undefined && (is === undefined || at(i + 1, j) >= at(i, j + 1))) {
      add("removed", was);
      i += 1;
    } else if (is !== undefined) {
      add("added", is);
      j += 1;
    }
  }
  return found;
}
