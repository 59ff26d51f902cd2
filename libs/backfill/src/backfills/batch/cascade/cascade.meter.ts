import type { BackfillLedger } from '../../../ledger/backfill.ledger.js';
import { json, nullable } from '../../../postgres/decoders.js';
import { TOO_MANY_CASCADES } from '../../../postgres/error-classes.js';
import { Parameters } from '../../../postgres/parameters.js';
import type { PipelineResult, Statement } from '../../../postgres/pipeline.js';
import type { CascadeReport } from '../../../report/cascade-report.js';
import type { Cascade } from './cascade.inspector.js';

/** Without `cascades: 'accepted'`, the rows of other tables that a run may delete or change. */
export const MAX_UNACCEPTED_ROWS = 1_000;

const SETTING = 'nestjs_backfill.cascaded';

/**
 * Counts the rows that deletes, or updates of referenced columns, take along. It reads PostgreSQL's counters of the current transaction before and
 * after a batch: they contain the work of the triggers by which PostgreSQL implements foreign keys.
 */
export class CascadeMeter {
  readonly cascades: readonly Cascade[];
  readonly #isAccepted: boolean;
  /** Per cascade. */
  readonly #rows: number[];
  #changed = 0;
  /** What the backfill itself does to its rows. */
  readonly #ownEffect: Cascade['effect'];
  #isCounted = true;

  /** @param isAccepted the user has declared that the changes may take any number of rows along */
  constructor(
    cascades: readonly Cascade[],
    { isAccepted, ownEffect }: { readonly isAccepted: boolean; readonly ownEffect: Cascade['effect'] },
  ) {
    this.cascades = cascades;
    this.#ownEffect = ownEffect;
    this.#isAccepted = isAccepted;
    this.#rows = cascades.map(() => 0);
  }

  get isAccepted(): boolean {
    return this.#isAccepted;
  }

  /** Rows that the backfill itself has deleted or changed since the last `reset`. */
  get changed(): number {
    return this.#changed;
  }

  /** False if the server does not count rows (`track_counts`). */
  get isCounted(): boolean {
    return this.#isCounted;
  }

  /** Rows of other tables, or other rows of the same table, that were deleted or changed along with them. */
  get total(): number {
    const counted = this.cascades.map((cascade, at) => ({ cascade, rows: this.#rows[at] ?? 0 }));
    const distinct = new Map(counted.map(({ cascade, rows }) => [effectOf(cascade), rows]));
    return [...distinct.values()].reduce((sum, rows) => sum + rows, 0);
  }

  /** The rows that all changes together take along, if they are like those that were counted. */
  expected(pendingRows: number | null): number {
    return this.total === 0 ? 0 : (this.total / this.#changed) * (pendingRows ?? Infinity);
  }

  report(): CascadeReport[] {
    return this.cascades.map(({ constraint, table, event, action, isIndexed }, at) => ({
      ...{ constraint, table, event, action, isIndexed },
      rows: this.#isCounted ? (this.#rows[at] ?? 0) : null,
    }));
  }

  /** Forgets what was counted, e.g. because it was rolled back. */
  reset(): void {
    this.#rows.fill(0);
    this.#changed = 0;
  }

  /** The statement before the batch. */
  before(): Statement {
    const parameters = new Parameters();
    const total = this.#sumOfOthers(parameters);
    return {
      text: `SELECT ${this.#counters(parameters)}, pg_catalog.set_config('${SETTING}', (${total})::text, true)`,
      values: parameters.values,
    };
  }

  /**
   * The statement after the batch. The transaction fails if more rows were taken along than the user has accepted.
   *
   * @param ledger null: the batch is rolled back and may take any number of rows along
   */
  after(ledger: BackfillLedger | null): Statement {
    const parameters = new Parameters();
    const counters = this.#counters(parameters);
    if (this.#isAccepted || ledger === null) return { text: `SELECT ${counters}`, values: parameters.values };
    const others = `(${this.#sumOfOthers(parameters)}) - pg_catalog.current_setting('${SETTING}')::bigint`;
    const isWithin = `${others} <= ${parameters.add(Math.max(0, MAX_UNACCEPTED_ROWS - this.total), 'bigint')}`;
    const assertion = ledger.assert(
      isWithin,
      TOO_MANY_CASCADES,
      'the changes take more rows along than accepted',
    );
    return { text: `SELECT ${counters}, ${assertion}`, values: parameters.values };
  }

  /** Adds the rows of a batch. @param changed rows that the batch itself has deleted or changed */
  add(
    result: PipelineResult,
    at: { readonly before: number; readonly after: number },
    changed: number,
  ): void {
    const read = (index: number) => result.at(index).firstValue(nullable(json<readonly number[]>())) ?? null;
    const [before, after] = [read(at.before), read(at.after)];
    this.#isCounted = before !== null && after !== null;
    this.#changed += changed;
    for (const [index, cascade] of this.cascades.entries()) {
      const own = cascade.isOwnTable && cascade.effect === this.#ownEffect ? changed : 0;
      const rows = (after?.[index] ?? 0) - (before?.[index] ?? 0) - own;
      this.#rows[index] = (this.#rows[index] ?? 0) + Math.max(0, rows);
    }
  }

  /** A JSON array of one counter per cascade. */
  #counters(parameters: Parameters): string {
    const each = this.cascades.map((cascade) => counterOf(cascade, parameters));
    return `CASE WHEN pg_catalog.current_setting('track_counts')::boolean THEN pg_catalog.to_json(ARRAY[${each.join(', ')}]::bigint[]) END`;
  }

  /** The sum over the other tables. Those of the own table also count the rows of the batch. */
  #sumOfOthers(parameters: Parameters): string {
    const others = new Map(
      this.cascades.filter(({ isOwnTable }) => !isOwnTable).map((each) => [effectOf(each), each]),
    );
    return ['0::bigint', ...[...others.values()].map((each) => counterOf(each, parameters))].join(' + ');
  }
}

/** Foreign keys of one table with the same effect have one counter. */
function effectOf({ files, effect }: Cascade): string {
  return `${effect} ${files.join()}`;
}

function counterOf({ files, effect }: Cascade, parameters: Parameters): string {
  const counter = `pg_stat_get_xact_tuples_${effect}`;
  return `(SELECT coalesce(pg_catalog.sum(pg_catalog.${counter}(file)), 0)::bigint FROM pg_catalog.unnest(${parameters.addArray(files, 'oid')}) AS file)`;
}
