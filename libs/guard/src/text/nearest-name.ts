/** More differing letters than this are another word. */
const MAX_DISTANCE = 4;

/** The known name that a wrong one is most similar to; undefined if none is similar. */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  const ranked = known
    .map((each) => ({ each, distance: distanceOf(name.toLowerCase(), each) }))
    .sort((a, b) => a.distance - b.distance);
  const [best] = ranked;
  return best && best.distance <= Math.min(MAX_DISTANCE, name.length / 2) ? best.each : undefined;
}

/** The Levenshtein distance: letters to insert, remove or replace. */
function distanceOf(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, at) => at);
  for (const [line, letter] of [...one].entries()) {
    const next = [line + 1];
    for (const [at, compared] of [...other].entries()) {
      const replaced = (row[at] ?? 0) + (letter === compared ? 0 : 1);
      next.push(Math.min(replaced, (row[at + 1] ?? 0) + 1, (next[at] ?? 0) + 1));
    }
    row = next;
  }
  return row[other.length] ?? 0;
}
