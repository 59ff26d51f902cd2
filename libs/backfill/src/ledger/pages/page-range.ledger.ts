import { json, nullable, oneOf, text } from '../../postgres/decoders.js';
import { FILE_REPLACED } from '../../postgres/error-classes.js';
import { Parameters } from '../../postgres/parameters.js';
import type { Statement } from '../../postgres/pipeline.js';
import type { Session } from '../../postgres/session.js';
import type { SubjectContext } from '../ledger.context.js';
import { assertLease, fence, isRange, isScope, renewal } from '../lease/lease.sql.js';
import type { LeasedRange, TenantScope } from '../range.js';
import { WINDOW_END, type RangeSplit } from '../range.ledger.js';
import type { FileChange, SelectedFile } from './table-file.js';

/** Rows of a page of a table that was never analyzed. */
const ASSUMED_ROWS_PER_PAGE = 50;

/** The ranges of pages of one backfill. */
export class PageRangeLedger {
  readonly #context: SubjectContext;

  constructor(context: SubjectContext) {
    this.#context = context;
  }

  /** An SQL query of the range's cursor: a column for each part of a `PagePosition`. */
  position(parameters: Parameters, range: LeasedRange): string {
    return `SELECT (cursor_key->>0)::tid AS nb_ctid, (cursor_key->>1)::int AS nb_stripe, (cursor_key->>2)::bigint AS nb_first_page,
        (cursor_key->>3)::bigint AS nb_begun_end, (cursor_key->>4)::int AS nb_begun_stripes
      FROM ${this.#context.schema}.range WHERE ${isRange(this.#context, parameters, range)}`;
  }

  /**
   * An SQL call that raises an error of the class `file-replaced` unless the name still belongs to the same
   * table, the table still has the same file, and it still is a part of the backfill's table. The statement that
   * contains it has locked the table, so all of this stays the same until its transaction ends: a DETACH, also of a
   * partitioned table above it, waits for a lock on the table.
   */
  assertFile(parameters: Parameters, file: SelectedFile): string {
    const { hasName, hasFile, isPart } = conditionsOf(parameters, file);
    return this.#context.assert(
      `${hasName} AND ${hasFile} AND ${isPart}`,
      FILE_REPLACED,
      'the pages are no longer pages of the table',
    );
  }

  /** What has happened to the file since its sweep was planned; null if nothing has. Takes no lock on the table. */
  async changeOf(session: Session, file: SelectedFile): Promise<FileChange | null> {
    const parameters = new Parameters();
    const { id, hasName, hasFile, isPart } = conditionsOf(parameters, file);
    const { last } = await session.send([
      {
        text: `SELECT CASE
            WHEN NOT EXISTS (SELECT FROM pg_catalog.pg_class WHERE oid = ${id}) THEN 'gone'
            WHEN (${hasName}) IS NOT TRUE THEN 'renamed'
            WHEN (${isPart}) IS NOT TRUE THEN 'detached'
            WHEN (${hasFile}) IS NOT TRUE THEN 'rewritten'
          END`,
        values: parameters.values,
      },
    ]);
    return last.value(nullable(oneOf<FileChange>()));
  }

  /**
   * Ends the sweep of a range whose file was replaced: only its skipped rows remain. The proof then finds the
   * rows that the sweep has not reached, and the next sweep reads the new file.
   */
  endSweep(range: LeasedRange): Statement {
    const parameters = new Parameters();
    return {
      text: `WITH ended AS (
          UPDATE ${this.#context.schema}.range SET state = 'settling', ${renewal(this.#context, parameters)}
          WHERE ${fence(this.#context, parameters, range)} RETURNING lease_expires_at
        ) SELECT ${assertLease(this.#context, 'ended')}`,
      values: parameters.values,
    };
  }

  /**
   * The range of the scope with the most pages above its worker's window, and the middle of these pages. Only
   * a range whose halves have at least `minRows` rows each, by PostgreSQL's statistics, is split.
   */
  async largest(session: Session, tenants: TenantScope, minRows: number): Promise<RangeSplit | undefined> {
    const parameters = new Parameters();
    const statement = {
      text: `WITH remaining AS (
          SELECT id, upper_key, table_id, (${WINDOW_END}->>2)::bigint AS low, (upper_key->>2)::bigint AS high
          FROM ${this.#context.schema}.range
          WHERE ${this.#context.isSubject(parameters)} AND ${isScope('tenants', parameters.addArray(tenants))}
            AND state = 'sweeping' AND purpose = 'sweep' AND file_node IS NOT NULL
            AND lease_owner IS NOT NULL AND window_upper_key IS DISTINCT FROM upper_key
        ), halved AS (
          SELECT id, upper_key, high - low AS pages, low + (high - low) / 2 AS middle, table_id FROM remaining
        )
        SELECT id::text, upper_key::text, pg_catalog.jsonb_build_array(pg_catalog.format('(%s,0)', middle), '0', middle::text)::text
        FROM halved LEFT JOIN pg_catalog.pg_class AS c ON c.oid = table_id
        WHERE pages >= 2 AND pages::float8 * CASE WHEN c.reltuples > 0::real AND c.relpages > 0 THEN c.reltuples / c.relpages::real
            ELSE ${ASSUMED_ROWS_PER_PAGE} END >= 2::float8 * ${parameters.add(minRows, 'float8')}
        ORDER BY pages DESC LIMIT 1`,
      values: parameters.values,
    };
    const { last } = await session.send([statement]);
    return last.first<RangeSplit>({ id: text, upper: json(), middle: json() });
  }
}

/** SQL conditions that the pages of a file still are what the sweep of these pages was planned for. */
function conditionsOf(parameters: Parameters, { table, tableId, fileNode, root }: SelectedFile) {
  const id = parameters.add(tableId, 'oid');
  const rootId = `pg_catalog.to_regclass(${parameters.add(root, 'text')})::oid`;
  // Without a partition that DETACH … CONCURRENTLY is about to detach.
  const ancestors = `pg_catalog.pg_partition_ancestors(${id}::regclass) AS above`;
  return {
    id,
    hasName: `pg_catalog.to_regclass(${parameters.add(table, 'text')})::oid = ${id}`,
    hasFile: `pg_catalog.pg_relation_filenode(${id}) = ${parameters.add(fileNode, 'oid')}`,
    isPart: `(${id} = ${rootId} OR EXISTS (SELECT FROM ${ancestors} WHERE above.relid::oid = ${rootId}))`,
  };
}
