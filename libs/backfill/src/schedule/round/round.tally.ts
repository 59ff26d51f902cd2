import type { NewRound } from '../../ledger/records/round.ledger.js';
import type { BackfillReport } from '../../report/report.js';

/** Counts what a round does in one database. */
export class RoundTally {
  #inspected = 0;
  #ran = 0;
  #updated = 0;
  #failed = 0;
  #problem: string | null = null;

  get counts(): Omit<NewRound, 'job' | 'durationMs'> {
    return {
      inspected: this.#inspected,
      ran: this.#ran,
      updated: this.#updated,
      failed: this.#failed,
      problem: this.#problem,
    };
  }

  inspected(): void {
    this.#inspected++;
  }

  ran({ name, status, reason, updated }: BackfillReport): void {
    this.#ran++;
    this.#updated += updated;
    if (status === 'failed') this.failed(name, reason);
  }

  failed(name: string, error: string): void {
    this.#failed++;
    this.#problem ??= `${name}: ${error.split('\n')[0] ?? ''}`;
  }
}
