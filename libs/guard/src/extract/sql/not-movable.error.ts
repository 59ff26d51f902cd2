/**
 * A statement that no backfill can replace with the same result. `extract` leaves it in the migration and
 * reports the reason.
 */
export class NotMovableError extends Error {
  constructor(readonly reason: string) {
    super(reason);
    this.name = new.target.name;
  }
}
