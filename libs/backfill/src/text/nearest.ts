/**
 * The number of letters to insert, delete, replace or swap that turns one word into the other (optimal string
 * alignment distance, Boytsov 2011).
 */
export function editDistance(from: string, to: string): number {
  let rowBeforeLast: number[] = [];
  let lastRow = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let row = 1; row <= from.length; row++) {
    const currentRow = [row];
    for (let column = 1; column <= to.length; column++) {
      const isSame = from[row - 1] === to[column - 1];
      let cost = Math.min(
        costAt(lastRow, column) + 1,
        costAt(currentRow, column - 1) + 1,
        costAt(lastRow, column - 1) + (isSame ? 0 : 1),
      );
      const isSwapped = from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      if (row > 1 && column > 1 && isSwapped) cost = Math.min(cost, costAt(rowBeforeLast, column - 2) + 1);
      currentRow.push(cost);
    }
    [rowBeforeLast, lastRow] = [lastRow, currentRow];
  }
  return costAt(lastRow, to.length);
}

function costAt(row: readonly number[], column: number): number {
  return row[column] ?? Number.POSITIVE_INFINITY;
}

/**
 * The candidate that the user probably meant. At most a third of its letters differ. Undefined if no
 * candidate is so similar.
 */
export function nearest<Candidate extends string>(
  word: string,
  candidates: readonly Candidate[],
): Candidate | undefined {
  const [best] = candidates
    .map((candidate) => ({ candidate, distance: editDistance(word, candidate) }))
    .filter(({ candidate, distance }) => distance <= Math.max(1, Math.floor(candidate.length / 3)))
    .sort((a, b) => a.distance - b.distance);
  return best?.candidate;
}
