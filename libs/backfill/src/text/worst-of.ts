/**
 * The worst outcome that occurs among `found`.
 *
 * @param order every outcome, the worst first
 * @returns the last outcome of `order` when `found` is empty
 */
export function worstOf<Outcome>(order: readonly Outcome[], found: Iterable<Outcome>): Outcome {
  const outcomes = new Set(found);
  return order.find((outcome) => outcomes.has(outcome)) ?? (order[order.length - 1] as Outcome);
}
