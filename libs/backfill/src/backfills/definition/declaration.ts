import type { BackfillOptions } from '../declare/backfill.options.js';
import type { CopyBackfill, ProcessBackfill, SetBackfill, TransformBackfill } from '../declare/kinds.js';

/** A class with `@Backfill`, as the explorer found it. */
export interface Declaration {
  readonly className: string;
  readonly options: BackfillOptions;
  readonly instance: object;
}

type Row = Record<string, unknown>;

/** The methods that an instance may have: exactly one, or none with `kind: 'purge'`. */
export type BackfillCode = Partial<
  SetBackfill<Row> & TransformBackfill<Row> & CopyBackfill<Row, Row> & ProcessBackfill<Row>
>;
