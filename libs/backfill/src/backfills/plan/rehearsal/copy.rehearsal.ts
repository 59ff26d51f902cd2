import { installInTransaction } from '../../../ledger/ledger.installer.js';
import { positionToKey, startCtid } from '../../../ledger/pages/page-position.js';
import type { Key } from '../../../ledger/range.js';
import { nullable, number, text } from '../../../postgres/decoders.js';
import { quoteIdentifier, quotePath } from '../../../postgres/identifiers.js';
import type { Session } from '../../../postgres/session.js';
import { applyPolicy } from '../../../postgres/timeout-policy.js';
import { createBatchRunner } from '../../batch/batch-runner.factory.js';
import type { ExplainedBatch } from '../../batch/explained-batch.js';
import { boundAt } from '../../batch/order/region.js';
import { FileSelection, type RowSelection } from '../../batch/row-selection.js';
import { ROW } from '../../definition/definition.js';
import { PLAN_TIMEOUTS } from './plan-timeouts.js';

/** The name of the copy in the ledger's schema. It exists only within a transaction that is rolled back. */
const COPY = 'rehearsed_rows';
/** Percent of each page that the copy fills, so that every new version finds room on its page. */
const FILL = 40;
const MAX_BYTES = 8 * 2 ** 20;
/** Rows of the copy for each stripe. */
const ROWS_PER_STRIPE = 1_000;
const MAX_STRIPES = 4;
/** No other session can wait for rows of the copy. */
const TIMEOUTS = { ...PLAN_TIMEOUTS, statementTimeout: 2_000 };

/** What heap-only updates cost. */
export interface HeapOnlyCosts {
  readonly batches: readonly ExplainedBatch[];
  /** Average length of a pending row in bytes, before and after its change; null if not measured. */
  readonly bytesBefore: number | null;
  readonly bytesAfter: number | null;
}

export interface CopyOptions {
  readonly schema: string;
  readonly stripes: number;
  /** Average length of a row in bytes. */
  readonly rowBytes: number;
  /** Whether values are stored out of line, so that the length of a row cannot be measured. */
  readonly hasLargeValues: boolean;
}

/**
 * Copies some pending rows into a table with room on its pages, and changes them there. The changes are
 * heap-only, which those of a rehearsal on the table itself cannot be: they would need room that only
 * committed changes make. No row of the table is locked, and everything is rolled back.
 *
 * @returns null if the copy or its change fails, e.g. for lack of a privilege
 */
export async function rehearseCopy(
  session: Session,
  selection: RowSelection,
  options: CopyOptions,
): Promise<HeapOnlyCosts | null> {
  try {
    await session.begin([applyPolicy(TIMEOUTS)]);
    return await changeCopy(session, selection, options);
  } catch {
    return null;
  } finally {
    await session.rollback();
  }
}

async function changeCopy(
  session: Session,
  selection: RowSelection,
  { schema, stripes, rowBytes, hasLargeValues }: CopyOptions,
): Promise<HeapOnlyCosts | null> {
  const { ledger, definition } = selection;
  await installInTransaction(session, schema, TIMEOUTS);
  await ledger.status.open(session, definition.kind);
  const rows = Math.max(
    1,
    Math.floor(Math.min(ROWS_PER_STRIPE * Math.max(3, stripes), MAX_BYTES / rowBytes)),
  );
  const file = await createCopy(session, selection, { schema, rows });
  if (file.pages === 0) return null;
  const copy = new FileSelection(selection, file, file.table);
  const runner = createBatchRunner(copy);
  const averageBytes = async () =>
    hasLargeValues
      ? null
      : (
          await session.send([
            { text: `SELECT pg_catalog.avg(pg_catalog.pg_column_size(${ROW}))::text FROM ${copy.from}` },
          ])
        ).last.value(nullable(number));
  const bytesBefore = await averageBytes();
  const leased = await ledger.ranges.insertRehearsal(session, {
    lower: boundAt(0),
    upper: boundAt(file.pages),
    file,
  });
  const batches: ExplainedBatch[] = [];
  for (const { cursor, end } of partsOf(file.pages, stripes)) {
    const step = {
      cursor,
      windowUpper: boundAt(end),
      region: { pages: file.pages, stripes },
      limit: rows + 1,
      excludeQuarantined: true,
      lockMode: runner.canBeOptimistic ? 'optimistic' : 'locking',
      number: 1,
      signal: new AbortController().signal,
    } as const;
    const batch = await runner.explain?.(session, { ...leased, cursor }, step, TIMEOUTS.statementTimeout);
    if (batch && batch.rows > 0) batches.push(batch);
  }
  return { batches, bytesBefore, bytesAfter: await changedBytes(session, copy, bytesBefore) };
}

/** Several stripes of all pages, or without stripes three parts of the pages. */
function partsOf(pages: number, stripes: number): { readonly cursor: Key; readonly end: number }[] {
  if (stripes > 1) {
    const begun = { endPage: pages, stripes };
    return Array.from({ length: Math.min(stripes, MAX_STRIPES) }, (_, stripe) => ({
      cursor: positionToKey({ ctid: startCtid(0), stripe, firstPage: 0, begun }),
      end: pages,
    }));
  }
  const third = Math.ceil(pages / 3);
  return [0, 1, 2]
    .map((part) => ({ cursor: boundAt(part * third), end: Math.min(pages, (part + 1) * third) }))
    .filter(({ cursor, end }) => end > Number(cursor[2]));
}

async function createCopy(
  session: Session,
  selection: RowSelection,
  { schema, rows }: { readonly schema: string; readonly rows: number },
) {
  const { table } = selection.definition;
  const name = quotePath(schema, COPY);
  const { last: found } = await session.send([
    {
      text: `SELECT attname FROM pg_catalog.pg_attribute WHERE attrelid = pg_catalog.to_regclass($1)::oid AND attnum > 0 AND NOT attisdropped AND attgenerated = '' ORDER BY attnum`,
      values: [table],
    },
  ]);
  const columns = found.values(text).map(quoteIdentifier).join(', ');
  const parameters = selection.parameters();
  const pending = selection.isPending(parameters);
  const limit = parameters.add(rows, 'int');
  const { last } = await session.send([
    {
      text: `CREATE TABLE ${name} (LIKE ${table} INCLUDING CONSTRAINTS INCLUDING GENERATED INCLUDING STORAGE) WITH (fillfactor = ${FILL}, autovacuum_enabled = off)`,
    },
    {
      text: `INSERT INTO ${name} (${columns}) SELECT ${columns} FROM ${selection.from} WHERE ${pending} LIMIT ${limit}`,
      values: parameters.values,
    },
    {
      text: `SELECT oid::text, relfilenode::text, (pg_catalog.pg_relation_size(oid) / pg_catalog.current_setting('block_size')::int)::text FROM pg_catalog.pg_class WHERE oid = pg_catalog.to_regclass($1)::oid`,
      values: [name],
    },
  ]);
  const { tableId, fileNode, pages } = last.one({ tableId: text, fileNode: text, pages: number });
  return { table: name, tableId, fileNode, pages };
}

/** The average length of the changed rows. They are no longer pending. */
async function changedBytes(
  session: Session,
  copy: FileSelection,
  bytesBefore: number | null,
): Promise<number | null> {
  if (bytesBefore === null) return null;
  const parameters = copy.parameters();
  const { last } = await session.send([
    {
      text: `SELECT pg_catalog.avg(pg_catalog.pg_column_size(${ROW}))::text FROM ${copy.from} WHERE (${copy.isPending(parameters)}) IS NOT TRUE`,
      values: parameters.values,
    },
  ]);
  return last.value(nullable(number));
}
