import type { Key, LeasedRange } from '../../../ledger/range.js';
import type { Parameters } from '../../../postgres/parameters.js';
import { LEDGER_CURSOR, type SweepStep } from '../batch.js';
import type { RowSelection } from '../row-selection.js';
import type { Continuation, OrderedRows, SelectedRow, SweepCursor, SweepOrder } from './sweep-order.js';

/** Reads rows in the order of the primary key, with the index of the key. */
export class KeyOrder implements SweepOrder {
  readonly #selection: RowSelection;

  constructor(selection: RowSelection) {
    this.#selection = selection;
  }

  isBetween(after: Key | null, upTo: Key | null, parameters: Parameters): string {
    return this.#selection.between(after, upTo, parameters);
  }

  rows(range: LeasedRange, step: SweepStep, cursor: SweepCursor, parameters: Parameters): OrderedRows {
    const selection = this.#selection;
    const isFromLedger = cursor === LEDGER_CURSOR;
    const ctes = isFromLedger ? [this.#ledgerCursor(range, parameters)] : [];
    const aboveCursor = isFromLedger
      ? selection.compareTo('>', selection.keyColumnsOf('nb_from'))
      : selection.between(cursor, null, parameters);
    const isPending = selection.isPending(parameters, step);
    const inWindow = selection.between(null, step.windowUpper, parameters);
    return {
      ctes,
      aboveCursor,
      isPending,
      condition: `${aboveCursor} AND ${inWindow} AND ${isPending}`,
      orderBy: selection.orderBy(),
      limit: parameters.add(step.limit, 'int'),
      identity: selection.identity,
      nextCursor: null,
      unselected: null,
    };
  }

  windowEnd(range: LeasedRange, size: number, upper: string, parameters: Parameters): string {
    const selection = this.#selection;
    const inWindow = selection.isInWindow(range.cursor, range.upper, parameters);
    return `coalesce((SELECT ${selection.keyJson}
          ${selection.fromRowAt(inWindow, parameters.add(size - 1, 'bigint'))}), ${upper})`;
  }

  continuation({ cursor, limit }: SweepStep, rows: readonly SelectedRow[]): Continuation {
    return { cursor: rows.at(-1)?.key ?? cursor, isWindowDone: rows.length < limit };
  }

  #ledgerCursor(range: LeasedRange, parameters: Parameters): string {
    const selection = this.#selection;
    return `nb_from AS MATERIALIZED (
      ${selection.ledger.ranges.cursor(parameters, range, (json) => selection.keyFromJson(json))}
    )`;
  }
}
