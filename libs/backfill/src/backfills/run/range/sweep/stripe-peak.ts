/** The pending rows per page of the fullest stripe in the current region and the one before. */
export class StripePeak {
  #firstPage = -1;
  #stripes = 0;
  #current = 0;
  #previous = 0;

  /** @param firstPage of the region */
  measured(firstPage: number, stripes: number, rowsPerPage: number): void {
    if (firstPage !== this.#firstPage) {
      this.#previous = stripes === this.#stripes ? this.#current : 0;
      this.#current = 0;
      this.#firstPage = firstPage;
      this.#stripes = stripes;
    }
    this.#current = Math.max(this.#current, rowsPerPage);
  }

  /** @returns 0 if the last regions had another number of stripes */
  rows(stripes: number): number {
    return stripes === this.#stripes ? Math.max(this.#current, this.#previous) : 0;
  }
}
