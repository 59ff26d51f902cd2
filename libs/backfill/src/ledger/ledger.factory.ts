import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { Inject, Injectable } from '@nestjs/common';
import { Ledger } from './ledger.js';
import { LEDGER_OPTIONS, type LedgerModuleOptions } from './ledger.options.js';

/** Creates the ledgers of this process. */
@Injectable()
export class LedgerFactory {
  readonly #options: LedgerModuleOptions;

  constructor(@Inject(LEDGER_OPTIONS) options: LedgerModuleOptions) {
    this.#options = options;
  }

  /** The schema of the ledger's tables, not quoted. */
  get schema(): string {
    return this.#options.schema;
  }

  /** A ledger that takes no leases: for reports, and for changes by a person. */
  forInspection(): Ledger {
    return this.#create('inspection');
  }

  /**
   * A ledger for one run. Each run has its own owner, so that two runs of one process have separate leases.
   */
  forRun(): Ledger {
    return this.#create(randomUUID().slice(0, 8));
  }

  #create(run: string): Ledger {
    const { schema, leaseDuration } = this.#options;
    // The colon is the separator of the owner's parts.
    const owner = `${hostname().replaceAll(':', '_')}:${process.pid}:${run}`;
    return new Ledger({ schema, owner, leaseMs: leaseDuration });
  }
}
