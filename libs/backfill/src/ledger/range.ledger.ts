import { boolean, number, text } from '../postgres/decoders.js';
import { Parameters } from '../postgres/parameters.js';
import type { Statement } from '../postgres/pipeline.js';
import type { Session } from '../postgres/session.js';
import type { SubjectContext } from './ledger.context.js';
import type { TableFile } from './pages/table-file.js';
import { assertLease, fence, IS_FREE, isRange, isScope, renewal } from './lease/lease.sql.js';
import { keyToJson, type Key, type LeasedRange, type TenantScope } from './range.js';

/** The next window of a range, as SQL expressions. */
export interface NextWindow {
  /** The new state of the range. */
  readonly state: LeasedRange['state'];
  /** The placeholder of the range's upper bound. */
  readonly upper: string;
  /** The placeholder of the key after which the window begins. */
  readonly start: string;
  /** The last key of the window: a placeholder or a subquery. */
  readonly end: string;
}

/** A range of the next sweep. */
export interface PlannedRange {
  /** Exclusive; null: the first key. */
  readonly lower: Key | null;
  /** Inclusive. */
  readonly upper: Key;
  /** The file whose pages the range consists of; null for a range of keys. */
  readonly file: TableFile | null;
}

/** A range, and the key at which it is split. */
export interface RangeSplit {
  readonly id: string;
  /** The range's upper bound when the range was read. */
  readonly upper: Key;
  readonly middle: Key;
}

/** The end of a range's current window, as SQL. The range can only be split above this key. */
export const WINDOW_END = 'coalesce(window_upper_key, cursor_key, lower_key)';

/** The ranges of one backfill. */
export class RangeLedger {
  readonly #context: SubjectContext;

  constructor(context: SubjectContext) {
    this.#context = context;
  }

  /**
   * Inserts the ranges of a sweep, unless the scope has an unfinished range. If several processes call this
   * at the same time, only one of them inserts ranges.
   *
   * @param ranges the ranges in the order in which they are taken
   */
  async planSweep(session: Session, tenants: TenantScope, ranges: readonly PlannedRange[]): Promise<void> {
    const { schema } = this.#context;
    const parameters = new Parameters();
    const subject = this.#context.parameters(parameters);
    const { name, version, target } = subject;
    const scope = parameters.addArray(tenants);
    const list = parameters.add(JSON.stringify(ranges), 'jsonb');
    await session.transaction([
      this.#context.lockRecord(),
      {
        text: `INSERT INTO ${schema}.range (name, version, target, tenants, purpose, state, lower_key, upper_key, cursor_key, window_lower_key, table_name, table_id, file_node)
          SELECT ${name}, ${version}, ${target}, ${scope}, 'sweep', 'sweeping', low, high, low, low, file->>'table'::text, (file->>'tableId'::text)::oid, (file->>'fileNode'::text)::oid
          FROM (SELECT nullif(value->'lower'::text, 'null') AS low, value->'upper'::text AS high, value->'file'::text AS file
            FROM pg_catalog.jsonb_array_elements(${list}) WITH ORDINALITY AS planned (value, at) ORDER BY at) AS bounds
          WHERE NOT EXISTS (SELECT FROM ${schema}.range
            WHERE ${this.#context.isSubjectAt(subject)} AND state <> 'done' AND ${isScope('tenants', scope)})`,
        values: parameters.values,
      },
    ]);
  }

  /**
   * Inserts a range that tries rows in quarantine again. It has no sweep, only a settling pass.
   *
   * @param keys the rows; null: all of them
   * @returns the number of these rows that are in quarantine
   */
  async planRetry(session: Session, tenants: TenantScope, keys: readonly Key[] | null): Promise<number> {
    const { schema } = this.#context;
    const parameters = new Parameters();
    const subject = this.#context.parameters(parameters);
    const { name, version, target } = subject;
    const scope = parameters.addArray(tenants);
    const chosen = parameters.addArray(keys && keys.map((key) => JSON.stringify(key)), 'jsonb');
    const { last } = await session.transaction([
      this.#context.lockRecord(),
      {
        text: `WITH chosen AS (
            SELECT name, version, target, key, tenant FROM ${schema}.quarantined_row AS q
            WHERE ${this.#context.isSubjectAt(subject, 'q')} AND (${scope} IS NULL OR q.tenant = ANY(${scope}))
              AND (${chosen} IS NULL OR q.key = ANY(${chosen}))
          ), due AS (
            SELECT key, tenant FROM chosen AS q
            WHERE NOT EXISTS (SELECT FROM ${schema}.skipped_row AS s JOIN ${schema}.range AS r ON r.id = s.range_id
                WHERE s.name = q.name AND s.version = q.version AND s.target = q.target AND s.key = q.key
                  AND r.state <> 'done' AND ${isScope('r.tenants', scope)})
          ), planned AS (
            INSERT INTO ${schema}.range (name, version, target, tenants, purpose, state)
            SELECT ${name}, ${version}, ${target}, ${scope}, 'retry', 'settling' WHERE EXISTS (SELECT FROM due) RETURNING id
          ), released AS (
            INSERT INTO ${schema}.skipped_row (name, version, target, key, range_id, tenant)
            SELECT ${name}, ${version}, ${target}, due.key, planned.id, due.tenant FROM due, planned
          )
          SELECT pg_catalog.count(*)::text FROM chosen`,
        values: parameters.values,
      },
    ]);
    return last.value(number);
  }

  /**
   * Cleans up after a probe has found no pending row in this scope: deletes its skipped rows, and, if the
   * scope is all rows, finishes every free range of other scopes. This may delete skipped rows of a process
   * that still runs. No row is missed, because the run of that process ends with a probe too.
   */
  async cleanUpAfterProof(session: Session, tenants: TenantScope): Promise<void> {
    const { schema } = this.#context;
    const parameters = new Parameters();
    const isSubject = this.#context.isSubject(parameters);
    const scope = parameters.addArray(tenants);
    await session.transaction([
      {
        text: `WITH closed AS (
            UPDATE ${schema}.range SET state = 'done', finished_at = pg_catalog.clock_timestamp(), lease_owner = NULL, lease_expires_at = NULL,
              fencing_token = fencing_token + 1
            WHERE ${isSubject} AND state <> 'done' AND ${scope} IS NULL AND ${IS_FREE}
          )
          DELETE FROM ${schema}.skipped_row WHERE ${isSubject} AND (${scope} IS NULL OR tenant = ANY(${scope}))`,
        values: parameters.values,
      },
    ]);
  }

  /** Whether the scope has a range that is not done, with or without a lease. */
  async hasUnfinished(session: Session, tenants: TenantScope): Promise<boolean> {
    const parameters = new Parameters();
    const { last } = await session.send([
      {
        text: `SELECT EXISTS (SELECT FROM ${this.#context.schema}.range
          WHERE ${this.#context.isSubject(parameters)}
            AND ${isScope('tenants', parameters.addArray(tenants))} AND state <> 'done')`,
        values: parameters.values,
      },
    ]);
    return last.value(boolean);
  }

  /**
   * An SQL query of the scope's ranges of keys that are leased and can be split. Its columns are `nb_id`, `nb_upper`
   * and `nb_from`, the key above which the range can be split.
   */
  splittable(parameters: Parameters, tenants: TenantScope): string {
    return `SELECT id AS nb_id, upper_key AS nb_upper, ${WINDOW_END} AS nb_from FROM ${this.#context.schema}.range
      WHERE ${this.#context.isSubject(parameters)}
        AND ${isScope('tenants', parameters.addArray(tenants))} AND state = 'sweeping' AND purpose = 'sweep' AND file_node IS NULL
        AND lease_owner IS NOT NULL AND window_upper_key IS DISTINCT FROM upper_key`;
  }

  /** Whether `splittable` selects a range, so that a search for its middle key makes sense. */
  async hasSplittable(session: Session, tenants: TenantScope): Promise<boolean> {
    const parameters = new Parameters();
    const ranges = this.splittable(parameters, tenants);
    const { last } = await session.send([{ text: `SELECT EXISTS (${ranges})`, values: parameters.values }]);
    return last.value(boolean);
  }

  /**
   * A statement that splits the range at the middle key and inserts a new range for the upper half. It
   * returns no row if the worker's window has passed the middle, or if another process has split the range.
   *
   * @param row converts the JSON of a key to an SQL row that can be compared
   */
  split({ id, upper, middle }: RangeSplit, isBefore: (left: string, right: string) => string): Statement {
    const { schema } = this.#context;
    const parameters = new Parameters();
    const end = parameters.add(keyToJson(upper), 'jsonb');
    const at = parameters.add(keyToJson(middle), 'jsonb');
    return {
      text: `WITH nb_shortened AS (
          UPDATE ${schema}.range SET upper_key = ${at}
          WHERE id = ${parameters.add(id, 'bigint')} AND state = 'sweeping' AND upper_key = ${end}
            AND (${WINDOW_END} IS NULL OR ${isBefore(WINDOW_END, at)})
          RETURNING name, version, target, tenants, purpose, table_name, table_id, file_node
        )
        INSERT INTO ${schema}.range (name, version, target, tenants, purpose, state, lower_key, upper_key, cursor_key, window_lower_key, table_name, table_id, file_node)
        SELECT name, version, target, tenants, purpose, 'sweeping', ${at}, ${end}, ${at}, ${at}, table_name, table_id, file_node
        FROM nb_shortened RETURNING id::text`,
      values: parameters.values,
    };
  }

  /** Inserts a leased range for a rehearsal, in a transaction that is rolled back. */
  async insertRehearsal(session: Session, { lower, upper, file }: PlannedRange): Promise<LeasedRange> {
    const { schema, values } = this.#context;
    const { last } = await session.send([
      {
        text: `INSERT INTO ${schema}.range (name, version, target, purpose, state, cursor_key, upper_key, lease_owner, lease_expires_at, fencing_token)
          VALUES ($1, $2::int, $3, 'sweep', 'sweeping', $4::jsonb, $5::jsonb, 'plan', pg_catalog.clock_timestamp() + interval '1 hour', 1) RETURNING id::text`,
        values: [...values, keyToJson(lower), keyToJson(upper)],
      },
    ]);
    return {
      id: last.value(text),
      file,
      purpose: 'sweep',
      state: 'sweeping',
      token: '1',
      tenants: null,
      lower,
      upper,
      cursor: lower,
      windowLower: lower,
      windowUpper: upper,
      updated: 0,
    };
  }

  /**
   * An SQL statement that opens the next window and returns its last key. It raises an error of the class
   * `lease-lost` if the lease has expired, or if the range was split meanwhile. The worker then takes its
   * lease again and reads the new upper bound.
   */
  openWindow(parameters: Parameters, range: LeasedRange, { state, upper, start, end }: NextWindow): string {
    return `WITH nb_moved AS (
        UPDATE ${this.#context.schema}.range SET cursor_key = ${start}, window_lower_key = ${start}, window_upper_key = ${end},
          state = ${parameters.add(state, 'text')}, ${renewal(this.#context, parameters)}
        WHERE ${fence(this.#context, parameters, range)} AND upper_key IS NOT DISTINCT FROM ${upper} RETURNING window_upper_key, lease_expires_at
      )
      SELECT (SELECT window_upper_key FROM nb_moved)::text,
        ${assertLease(this.#context, 'nb_moved')}`;
  }

  /** An SQL query of the range's cursor. @param columns converts the JSON of a key or position to columns */
  cursor(parameters: Parameters, range: LeasedRange, columns: (json: string) => string): string {
    return `SELECT ${columns('cursor_key')} FROM ${this.#context.schema}.range WHERE ${isRange(this.#context, parameters, range)}`;
  }

  /**
   * An UPDATE that records a batch and renews the lease. It returns `lease_expires_at`, for `assertLease`.
   *
   * @param cursor the new cursor as SQL; NULL does not move the cursor
   * @param updated the number of rows that the batch has changed, as SQL
   */
  advance(
    parameters: Parameters,
    range: LeasedRange,
    { cursor, updated }: { readonly cursor: string; readonly updated: string },
  ): string {
    return `UPDATE ${this.#context.schema}.range AS nb_range
      SET cursor_key = coalesce(${cursor}, cursor_key), updated = updated + ${updated},
          batches = batches + 1, ${renewal(this.#context, parameters)}
      WHERE ${fence(this.#context, parameters, range)} RETURNING lease_expires_at`;
  }

  /** Moves the cursor and asserts the lease. @param to null: the cursor does not move */
  moveCursor(range: LeasedRange, to: Key | null): Statement {
    const parameters = new Parameters();
    const cursor = parameters.add(keyToJson(to), 'jsonb');
    return {
      text: `WITH moved AS (
          UPDATE ${this.#context.schema}.range SET cursor_key = coalesce(${cursor}, cursor_key), ${renewal(this.#context, parameters)}
          WHERE ${fence(this.#context, parameters, range)} RETURNING lease_expires_at
        ) SELECT ${assertLease(this.#context, 'moved')}`,
      values: parameters.values,
    };
  }
}
