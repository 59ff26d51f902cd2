type FailureKind = 'lock' | 'conflict' | 'connection';

/** An unbroken series of rows that waited for a lock, although no session held the rows themselves. */
export interface HeldUpRows {
  readonly rows: number;
  /** Milliseconds since the first of them. */
  readonly durationMs: number;
}

/** Counts the failures since the last batch that succeeded. */
export class FailureCounter {
  readonly #counts: Record<FailureKind, number> = { lock: 0, conflict: 0, connection: 0 };
  #heldUpRows = 0;
  #heldUpSince = 0;

  /** @returns the failures of this kind in a row, this one included */
  count(kind: FailureKind): number {
    return ++this.#counts[kind];
  }

  countHeldUpRow(): HeldUpRows {
    const now = performance.now();
    if (this.#heldUpRows === 0) this.#heldUpSince = now;
    return { rows: ++this.#heldUpRows, durationMs: now - this.#heldUpSince };
  }

  reset(): void {
    this.#counts.lock = 0;
    this.#counts.conflict = 0;
    this.#counts.connection = 0;
    this.#heldUpRows = 0;
  }
}
