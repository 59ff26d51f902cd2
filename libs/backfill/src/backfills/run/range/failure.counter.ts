type FailureKind = 'lock' | 'conflict' | 'connection';

/** Consecutive rows that were not locked themselves, but whose change waited for another lock. */
export interface BlockedRows {
  readonly rows: number;
  /** Milliseconds since the first of these rows. */
  readonly durationMs: number;
}

/** Counts the failures since the last batch that succeeded. */
export class FailureCounter {
  readonly #counts: Record<FailureKind, number> = { lock: 0, conflict: 0, connection: 0 };
  #blockedRows = 0;
  #blockedSince = 0;

  /** Counts one failure. @returns the number of failures of this kind since the last successful batch */
  count(kind: FailureKind): number {
    return ++this.#counts[kind];
  }

  countBlockedRow(): BlockedRows {
    const now = performance.now();
    if (this.#blockedRows === 0) this.#blockedSince = now;
    return { rows: ++this.#blockedRows, durationMs: now - this.#blockedSince };
  }

  reset(): void {
    this.#counts.lock = 0;
    this.#counts.conflict = 0;
    this.#counts.connection = 0;
    this.#blockedRows = 0;
  }
}
