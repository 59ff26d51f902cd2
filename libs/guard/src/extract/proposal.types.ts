import type { Finding } from '../judge/finding.types.js';
import type { FoundEntity } from './entity.finder.js';

/** A backfill class that replaces a data change in a migration. */
export interface Proposal {
  readonly kind: 'set' | 'transform' | 'copy' | 'purge' | 'process';
  /** The backfill's name in the ledger. */
  readonly name: string;
  readonly className: string;
  /** `leads-status.backfill.ts`. */
  readonly fileName: string;
  readonly code: string;
}

/** What all kinds of proposals need to know. */
export interface Draft {
  readonly finding: Finding;
  /** The table whose rows the backfill goes through. */
  readonly table: string;
  /** The class name of the table's entity. */
  readonly entity: string;
  readonly entityImport: string;
  /** The entity in the sources of the application; undefined if the names are guessed. */
  readonly found: FoundEntity | undefined;
}
