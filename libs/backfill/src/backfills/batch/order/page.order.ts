import { positionFromKey, positionToKey, startCtid } from '../../../ledger/pages/page-position.js';
import type { Key, LeasedRange } from '../../../ledger/range.js';
import type { Parameters } from '../../../postgres/parameters.js';
import { ROW } from '../../definition/definition.js';
import { LEDGER_CURSOR, type SweepStep } from '../batch.js';
import type { RowSelection } from '../row-selection.js';
import {
  boundAt,
  lastCtidWithin,
  nextPosition,
  pageOfBound,
  regionAt,
  SPARSE_ROWS_PER_PAGE,
  type Region,
} from './region.js';
import type { Continuation, OrderedRows, SelectedRow, SweepCursor, SweepOrder } from './sweep-order.js';

const WHOLE_REGION: Region = { pages: 1, stripes: 1 };

/**
 * Reads rows in the order of the table's pages, region by region and stripe by stripe (see `Region`). Each
 * page is read and written together, whatever the order of the keys. Needs TID range scans (PostgreSQL 14).
 */
export class PageOrder implements SweepOrder {
  readonly #selection: RowSelection;

  constructor(selection: RowSelection) {
    this.#selection = selection;
  }

  isBetween(after: Key | null, upTo: Key | null, parameters: Parameters): string {
    const bounds = [
      ...(after ? [`${ROW}.ctid > ${parameters.add(after[0] ?? null, 'tid')}`] : []),
      ...(upTo ? [`${ROW}.ctid <= ${parameters.add(upTo[0] ?? null, 'tid')}`] : []),
    ];
    return bounds.length > 0 ? bounds.join(' AND ') : 'true';
  }

  rows(range: LeasedRange, step: SweepStep, cursor: SweepCursor, parameters: Parameters): OrderedRows {
    const selection = this.#selection;
    const { pages, stripes } = step.region ?? WHOLE_REGION;
    // An index on the predicate's columns would return the rows in another order.
    const isPending = selection.isPending(parameters, { ...step, predicate: 'opaque' });
    const windowEnd = parameters.add(pageOfBound(step.windowUpper), 'bigint');
    const { pages: batchPages = null, mostRows = step.limit } = step;
    const limit = parameters.add(batchPages === null ? step.limit : mostRows, 'int');
    const aboveCursor = `${ROW}.ctid > (SELECT nb_ctid FROM nb_region)`;
    const inRegion = `${ROW}.ctid <= (SELECT nb_end_ctid FROM nb_region)`;
    const inBatch = `${ROW}.ctid <= (SELECT pg_catalog.format('(%s,0)', nb_batch_end)::tid FROM nb_region)`;
    // As `stripeOf`, with the lowest byte of the row's number on its page. It spreads the stripes evenly.
    const inStripe = `((SELECT nb_stripe >= nb_stripes - 1 FROM nb_region)
        OR pg_catalog.get_byte(pg_catalog.tidsend(${ROW}.ctid), 5) % (SELECT nb_stripes FROM nb_region)
          = (SELECT (nb_stripe + 1) % nb_stripes FROM nb_region))`;
    const batchEnd =
      batchPages === null
        ? 'nb_end'
        : `least(nb_end, ${PAGE_OF_CURSOR} + ${parameters.add(batchPages, 'bigint')})`;
    return {
      ctes: [
        `nb_from AS MATERIALIZED (
      ${this.#from(range, cursor, parameters)}
    )`,
        `nb_region AS MATERIALIZED (
      SELECT *, pg_catalog.format('(%s,0)', nb_end)::tid AS nb_end_ctid, ${batchEnd} AS nb_batch_end
      FROM (SELECT *, least(coalesce(nb_begun_end, nb_first_page + ${parameters.add(pages, 'bigint')}), ${windowEnd}) AS nb_end,
        coalesce(nb_begun_stripes, ${parameters.add(stripes, 'int')}) AS nb_stripes FROM nb_from) AS nb_bounded
    )`,
      ],
      aboveCursor,
      isPending,
      condition: `${aboveCursor} AND ${inRegion} AND ${inStripe} AND ${isPending}`,
      orderBy: `${ROW}.ctid`,
      limit,
      identity: `${ROW}.ctid AS nb_row_id, ${ROW}.tableoid AS nb_table_id, ${selection.tenantText} AS nb_tenant`,
      nextCursor: nextCursor(limit, selection),
      unselected:
        batchPages === null
          ? null
          : {
              condition: `${aboveCursor} AND ${inBatch} AND ${inStripe} AND ${isPending}`,
              nextCursor: nextCursorAfterPages(selection),
            },
    };
  }

  windowEnd({ cursor, upper }: LeasedRange, size: number, _upper: string, parameters: Parameters): string {
    const end = Math.min(pageOfBound(cursor ?? boundAt(0)) + size, pageOfBound(upper ?? boundAt(0)));
    return parameters.add(JSON.stringify(boundAt(end)), 'jsonb');
  }

  continuation(step: SweepStep, rows: readonly SelectedRow[]): Continuation {
    const from = positionFromKey(step.cursor ?? boundAt(0));
    const windowEnd = pageOfBound(step.windowUpper);
    const region = regionAt(from, step.region ?? WHOLE_REGION, windowEnd);
    const ctids = rows.map(({ ctid }) => ctid);
    const lastCtid = lastCtidWithin(ctids, from, region.endPage);
    const next = nextPosition(from, region, { selected: rows.length, limit: step.limit, lastCtid });
    return { cursor: positionToKey(next), isWindowDone: next.ctid === startCtid(windowEnd) };
  }

  #from(range: LeasedRange, cursor: SweepCursor, parameters: Parameters): string {
    if (cursor === LEDGER_CURSOR) return this.#selection.ledger.pages.position(parameters, range);
    const { ctid, stripe, firstPage, begun } = positionFromKey(cursor ?? boundAt(0));
    return `SELECT ${parameters.add(ctid, 'tid')} AS nb_ctid, ${parameters.add(stripe, 'int')} AS nb_stripe,
        ${parameters.add(firstPage, 'bigint')} AS nb_first_page, ${parameters.add(begun?.endPage ?? null, 'bigint')} AS nb_begun_end,
        ${parameters.add(begun?.stripes ?? null, 'int')} AS nb_begun_stripes`;
  }
}

/** SQL aggregate for the number of rows whose new version, `nb_new_row_id`, is in the region of the batch. */
export const SAME_PAGE = `pg_catalog.count(*) FILTER (WHERE nb_new_row_id <= (SELECT nb_end_ctid FROM nb_region)
        AND nb_new_row_id > (SELECT pg_catalog.format('(%s,0)', nb_first_page)::tid FROM nb_region))`;

/** The page of the cursor `nb_ctid`. */
const PAGE_OF_CURSOR = `pg_catalog.split_part(pg_catalog.substr(nb_ctid::text, 2), ','::text, 1)::bigint`;

/** The same as `nextPosition`, in SQL, the tenant of the last row, and the number of selected rows. */
function nextCursor(limit: string, { definition }: RowSelection): string {
  const lastTenant = definition.tenant
    ? '(SELECT nb_tenant FROM nb_selected ORDER BY nb_row_id DESC LIMIT 1)'
    : 'NULL::text';
  return `SELECT CASE
        WHEN nb_count >= ${limit} AND nb_last_ctid IS NOT NULL THEN pg_catalog.jsonb_build_array(nb_last_ctid::text, nb_stripe::text, ${BEGUN})
        ${AFTER_STRIPE}
      END AS key, ${lastTenant} AS nb_tenant, nb_count
      FROM nb_region, LATERAL (
        SELECT pg_catalog.count(*) AS nb_count, pg_catalog.max(nb_row_id) FILTER (WHERE nb_row_id > nb_ctid AND nb_row_id <= nb_end_ctid) AS nb_last_ctid
        FROM nb_selected) AS nb_done`;
}

/** The same for a batch of `SweepStep.pages`, which ends behind its last page. */
function nextCursorAfterPages({ definition }: RowSelection): string {
  const lastTenant = definition.tenant
    ? '(SELECT nb_tenant FROM nb_changed ORDER BY nb_new_row_id DESC LIMIT 1)'
    : 'NULL::text';
  return `SELECT CASE
        WHEN nb_batch_end < nb_end THEN pg_catalog.jsonb_build_array(pg_catalog.format('(%s,0)', nb_batch_end), nb_stripe::text, ${BEGUN})
        ${AFTER_STRIPE}
      END AS key, ${lastTenant} AS nb_tenant, nb_count
      FROM nb_region, (SELECT changed AS nb_count FROM nb_counted) AS nb_done`;
}

const BEGUN = 'nb_first_page::text, nb_end::text, nb_stripes::text';
const IS_AT_START = "nb_ctid = pg_catalog.format('(%s,0)', nb_first_page)::tid";
const IS_SPARSE = `${IS_AT_START} AND nb_count::float8 <= (nb_end - nb_first_page)::float8 * ${SPARSE_ROWS_PER_PAGE}::float8`;
/** The next cursor after the last batch of a stripe. */
const AFTER_STRIPE = `WHEN nb_stripe >= nb_stripes - 1 THEN pg_catalog.jsonb_build_array(pg_catalog.format('(%s,0)', nb_end), '0', nb_end::text)
        ELSE pg_catalog.jsonb_build_array(pg_catalog.format('(%s,0)', nb_first_page),
          (CASE WHEN ${IS_SPARSE} THEN nb_stripes - 1 ELSE nb_stripe + 1 END)::text, ${BEGUN})`;
