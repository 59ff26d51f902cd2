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

  /** For reading and for a person's changes, which take no leases. */
  forInspection(): Ledger {
    return this.#create('inspection');
  }

  /** For one run: each run is an owner of its own leases, also beside other runs of the same process. */
  forRun(): Ledger {
    return this.#create(randomUUID().slice(0, 8));
  }

  #create(run: string): Ledger {
    const { schema, leaseDuration } = this.#options;
    // A colon separates the parts of the owner.
    const owner = `${hostname().replaceAll(':', '_')}:${process.pid}:${run}`;
    return new Ledger({ schema, owner, leaseMs: leaseDuration });
  }
}
