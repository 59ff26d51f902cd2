const CONTEXT_LINES = 3;

/** A unified diff of two texts; empty if they are equal. `before` is undefined for a new file. */
export function unifiedDiff(path: string, before: string | undefined, after: string): string {
  const from = linesOf(before ?? '');
  const to = linesOf(after);
  let head = 0;
  while (head < from.length && head < to.length && from[head] === to[head]) head++;
  if (head === from.length && head === to.length) return '';
  const edits = editScript(from.slice(head), to.slice(head));
  const start = Math.max(0, head - CONTEXT_LINES);
  const lines = [...from.slice(start, head).map((line) => ` ${line}`), ...withContext(edits)];
  const removed = lines.filter((line) => !line.startsWith('+')).length;
  const added = lines.filter((line) => !line.startsWith('-')).length;
  const range = (count: number): string => `${String(count === 0 ? 0 : start + 1)},${String(count)}`;
  const shown = path.replace(/^\/+/, '');
  return [
    `--- ${before === undefined ? '/dev/null' : `a/${shown}`}`,
    `+++ b/${shown}`,
    `@@ -${range(removed)} +${range(added)} @@`,
    ...lines,
    '',
  ].join('\n');
}

const NO_NEWLINE = '\n\\ No newline at end of file';

/** The lines without their line feeds; a last line that has none keeps a mark, as in `diff`. */
function linesOf(text: string): readonly string[] {
  if (text === '') return [];
  const lines = text.split('\n');
  const last = lines.pop() ?? '';
  return last === '' ? lines : [...lines, `${last}${NO_NEWLINE}`];
}

/** All lines up to the last change, and some after it: one hunk, because a migration is short. */
function withContext(edits: readonly string[]): readonly string[] {
  const last = edits.findLastIndex((line) => !line.startsWith(' '));
  return edits.slice(0, last + 1 + CONTEXT_LINES);
}

/** The longest common subsequence, by dynamic programming. Migrations are short. */
function editScript(from: readonly string[], to: readonly string[]): readonly string[] {
  const lengths: number[][] = Array.from({ length: from.length + 1 }, () =>
    new Array<number>(to.length + 1).fill(0),
  );
  const at = (i: number, j: number): number => lengths[i]?.[j] ?? 0;
  for (let i = from.length - 1; i >= 0; i--)
    for (let j = to.length - 1; j >= 0; j--)
      (lengths[i] as number[])[j] =
        from[i] === to[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
  const script: string[] = [];
  let i = 0;
  let j = 0;
  while (i < from.length || j < to.length) {
    if (i < from.length && j < to.length && from[i] === to[j]) {
      script.push(` ${from[i++] ?? ''}`);
      j++;
    } else if (i < from.length && (j >= to.length || at(i + 1, j) >= at(i, j + 1)))
      script.push(`-${from[i++] ?? ''}`);
    else script.push(`+${to[j++] ?? ''}`);
  }
  return script;
}
