/** With a smaller share of new versions on their pages, the rows of a stripe take noticeably longer. */
const MIN_SAME_PAGE_SHARE = 0.9;

/**
 * The stripes, other than the first, of which some rows found no room on their pages in the last region. New versions
 * are often longer than the old ones, so that the room which the first stripe has left is used up after some stripes.
 * Pages of a table are alike: the same stripes of the next region are expected to do the same.
 */
export class SpilledStripes {
  /** By the number of stripes and the stripe. */
  readonly #shares = new Map<string, number>();

  /** @param samePageShare the share of the batch's rows whose new versions are on the pages of its region */
  measured(stripe: number, stripes: number, samePageShare: number): void {
    this.#shares.set(`${stripe}/${stripes}`, samePageShare);
  }

  /** False for a stripe that was not measured. */
  has(stripe: number, stripes: number): boolean {
    return (this.#shares.get(`${stripe}/${stripes}`) ?? 1) < MIN_SAME_PAGE_SHARE;
  }
}
