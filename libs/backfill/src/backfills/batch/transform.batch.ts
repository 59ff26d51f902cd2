import type { ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import type { Key, LeasedRange } from '../../ledger/range.js';
import { quoteIdentifier } from '../../postgres/identifiers.js';
import type { PipelineResult, Statement, TextRow } from '../../postgres/pipeline.js';
import type { Session } from '../../postgres/session.js';
import { applyBatchPolicy, type TimeoutPolicy } from '../../postgres/timeout-policy.js';
import { ROW, type TransformDefinition } from '../definition/definition.js';
import { TransformResultError } from '../run.error.js';
import {
  optimisticPolicy,
  lockingPolicy,
  type BatchOutcome,
  type BatchRunner,
  type KeyOutcome,
  type KeyStep,
  type LockMode,
  type SweepStep,
} from './batch.js';
import {
  removeFromSkipped,
  toOutcome,
  withEntry,
  type CursorMove,
  type EntryOptions,
} from './batch-entry.js';
import { RowCodec } from './row-codec.js';
import { describeCodeError } from './code-errors.js';
import type { RowSelection } from './row-selection.js';

type Entity = Record<string, unknown>;

/** A row as it was read, and what to write into it. */
interface ReadRow {
  readonly address: string;
  /** The partition, where there are any. */
  readonly table: string | null;
  /** The transaction that made this version: with the address it tells the version apart from every other. */
  readonly madeBy: string;
  readonly key: Key;
  readonly tenant: string | null;
  readonly entity: Entity;
}

/** What to write. */
interface Change {
  readonly row: ReadRow;
  readonly values: readonly (string | null | undefined)[];
}

/** A batch that has begun. */
interface UnderWay {
  readonly read: Promise<readonly ReadRow[]>;
  readonly computed: Promise<readonly Change[]>;
  readonly outcome: Promise<BatchOutcome>;
}

/** Before its key: `address`, `table`, `madeBy`, `tenant`. */
const FIXED_COLUMNS = 4;

/**
 * `transform`: rows are read without a lock, computed, and written back only where the row is still the very version that was
 * read; the rest is settled afterwards. So no user ever waits for TypeScript, and nobody's write is overwritten.
 */
export class TransformBatchRunner implements BatchRunner {
  /** Its tenant is then told from the row's new version, which must be that of the old one. */
  readonly canBeOptimistic: boolean;
  readonly #selection: RowSelection;
  readonly #definition: TransformDefinition;
  readonly #codec: RowCodec;
  #underWay: UnderWay | null = null;

  constructor(selection: RowSelection, definition: TransformDefinition) {
    this.#selection = selection;
    this.#definition = definition;
    this.#codec = new RowCodec(definition.dataSource);
    this.canBeOptimistic = definition.writes.every((column) => column !== definition.tenant);
  }

  /** Two round trips: the function in between runs here, not on the server. */
  sweep(session: Session, range: LeasedRange, step: SweepStep): Promise<BatchOutcome> {
    return this.#begin(session, range, step, this.#read(session, step), null);
  }

  /**
   * The rows of the next batch are read while the function is at work on those of this one, and the function is at work on them
   * while the server writes this one. What is read too early is not written: only the version that was read is.
   */
  pipelineSweep(session: Session, range: LeasedRange, step: SweepStep): Promise<BatchOutcome> | null {
    const before = this.#underWay;
    if (before === null) return null;
    const read = before.read.then((rows) => {
      const last = rows.at(-1);
      return last && rows.length === step.limit ? this.#read(session, { ...step, cursor: last.key }) : [];
    });
    return this.#begin(session, range, { ...step, number: step.number + 1 }, read, before);
  }

  async rehearse(session: Session, range: LeasedRange, step: SweepStep): Promise<BatchOutcome> {
    const { rows, types } = await session.send([
      this.#policy(this.#definition.pace),
      this.preview(range, step),
    ]);
    const read = this.#decode(session, rows[1] ?? [], types[1] ?? []);
    const changes = await this.#compute(read, step);
    return this.#writeBatch(
      read,
      this.#write(range, changes, read.at(-1)?.key ?? null, step.lockMode),
      (write) => session.send([this.#policy(this.#definition.pace), write]),
    );
  }

  /** @param before is committed before this one is written */
  #begin(
    session: Session,
    range: LeasedRange,
    step: SweepStep,
    read: Promise<readonly ReadRow[]>,
    before: UnderWay | null,
  ): Promise<BatchOutcome> {
    const computed = (async () => {
      const rows = await read;
      await before?.computed;
      return this.#compute(rows, step);
    })();
    const outcome = (async () => {
      const [rows, changes] = [await read, await computed];
      await before?.outcome;
      const write = this.#write(range, changes, rows.at(-1)?.key ?? null, step.lockMode);
      const { pace } = this.#definition;
      const policy = this.#policy(
        step.lockMode === 'optimistic' ? optimisticPolicy(pace) : lockingPolicy(pace),
      );
      return this.#writeBatch(rows, write, () => session.transaction([policy, write]));
    })();
    // Who awaits the outcome is told.
    for (const part of [read, computed]) part.catch(() => undefined);
    this.#underWay = { read, computed, outcome };
    return outcome;
  }

  async #read(session: Session, step: SweepStep): Promise<readonly ReadRow[]> {
    // It holds nothing; but whoever is to wait for the table with patience does so in `waitForTables`.
    const policy = this.#policy(lockingPolicy(this.#definition.pace));
    const { rows, types } = await session.transaction([policy, this.#select(step)]);
    return this.#decode(session, rows[1] ?? [], types[1] ?? []);
  }

  async #writeBatch(
    read: readonly ReadRow[],
    write: Statement,
    send: (write: Statement) => Promise<PipelineResult>,
  ): Promise<BatchOutcome> {
    const last = read.at(-1);
    if (!last) return { selected: 0, changed: 0, lastKey: null, tenant: null };
    const written = await send(write);
    // The cursor goes past every row that was read, changed or not.
    return {
      ...toOutcome(written.rows[1]?.[0]),
      selected: read.length,
      lastKey: last.key,
      tenant: last.tenant,
    };
  }

  preview(_range: LeasedRange, step: SweepStep): Statement {
    return this.#select(step);
  }

  #select(step: SweepStep): Statement {
    const selection = this.#selection;
    const parameters = selection.parameters();
    return {
      text: `SELECT ${this.#columns()} FROM ${selection.from}
      WHERE ${selection.between(step.cursor, step.windowUpper, parameters)} AND ${selection.isPending(parameters, step)}
      ORDER BY ${selection.orderBy()} LIMIT ${parameters.add(step.limit, 'int')}`,
      values: parameters.values,
      typed: true,
    };
  }

  async byKey(session: Session, range: LeasedRange, step: KeyStep): Promise<KeyOutcome> {
    const selection = this.#selection;
    const parameters = selection.parameters();
    const statement: Statement = {
      text: `SELECT ${this.#columns()} FROM ${selection.fromKeys(step.keys, parameters)} WHERE ${selection.isPending(parameters)}
        ${step.lockTimeoutMs === null ? '' : `FOR NO KEY UPDATE OF ${ROW}`}`,
      values: parameters.values,
      typed: true,
    };
    // With a lock to wait for, the transaction stays open while the function runs: over one row, that would not come free otherwise.
    const { pace } = this.#definition;
    const patience =
      step.lockTimeoutMs === null ? lockingPolicy(pace) : { ...pace, lockTimeout: step.lockTimeoutMs };
    const opened = await session.begin([this.#policy(patience), statement]);
    if (step.lockTimeoutMs === null) await session.commit();
    try {
      const read = this.#decode(session, opened.rows[1] ?? [], opened.types[1] ?? []);
      const changes = await this.#compute(read, step);
      const last: Statement[] = [
        this.#policy(lockingPolicy(pace)),
        this.#write(range, changes, step.cursor, 'locking'),
        removeFromSkipped(selection, step.keys),
      ];
      const written =
        step.lockTimeoutMs === null ? await session.transaction(last) : await session.commit(last);
      return { ...toOutcome(written.rows[1]?.[0]), stillPending: Number(written.rows[2]?.[0]?.[0] ?? 0) };
    } catch (error) {
      if (step.lockTimeoutMs !== null) await session.rollback();
      throw error;
    }
  }

  async waitForTables(session: Session, range: LeasedRange): Promise<void> {
    // A batch of no rows.
    await session.begin([this.#policy(this.#definition.pace), this.#write(range, [], null)]);
    await session.rollback();
  }

  #columns(): string {
    const selection = this.#selection;
    return [
      `${ROW}.ctid::text`,
      selection.facts.partitioned ? `${ROW}.tableoid::text` : 'NULL',
      `${ROW}.xmin::text`,
      selection.tenantText,
      ...selection.keyTexts,
      selection.readColumns(this.#definition.reads),
    ].join(', ');
  }

  #decode(session: Session, rows: readonly TextRow[], types: readonly number[]): ReadRow[] {
    const { reads, key } = this.#definition;
    const readsAt = FIXED_COLUMNS + key.length;
    return rows.map((row) => ({
      address: row[0] ?? '',
      table: row[1] ?? null,
      madeBy: row[2] ?? '',
      tenant: row[3] ?? null,
      key: row.slice(FIXED_COLUMNS, readsAt).map((part) => part ?? ''),
      entity: this.#codec.decode(session, reads, row, types, readsAt),
    }));
  }

  async #compute(
    read: readonly ReadRow[],
    step: { readonly number: number; readonly signal: AbortSignal },
  ): Promise<Change[]> {
    if (read.length === 0) return [];
    const { name, version, writes, code } = this.#definition;
    let results: readonly Partial<Entity>[];
    try {
      results = await code.transform(
        read.map(({ entity }) => entity),
        { backfill: name, version, batch: step.number, signal: step.signal },
      );
    } catch (error) {
      throw describeCodeError(error);
    }
    if (!Array.isArray(results) || results.length !== read.length) {
      throw new TransformResultError(
        name,
        `returned ${Array.isArray(results) ? `${results.length} entries` : typeof results} for ${read.length} rows`,
        'Return one entry per row, in the order of the rows.',
      );
    }
    return read.map((row, at) => ({
      row,
      values: this.#values(results[at] as Partial<Entity> | null | undefined, writes),
    }));
  }

  /** One text a column; undefined leaves the column as it is. */
  #values(
    change: Partial<Entity> | null | undefined,
    writes: readonly ColumnMetadata[],
  ): (string | null | undefined)[] {
    const given = Object.keys(change ?? {});
    const known = writes.map(({ propertyPath }) => propertyPath);
    const unknown = given.find(
      (property) => !known.some((path) => path === property || path.startsWith(`${property}.`)),
    );
    if (unknown !== undefined) {
      throw new TransformResultError(
        this.#definition.name,
        `returned "${unknown}", which is not in \`writes\``,
        `Add it to \`writes\` of ${this.#definition.className}, or leave it out.`,
      );
    }
    return writes.map((column) => {
      const value: unknown = change ? column.getEntityValue(change) : undefined;
      return value === undefined ? undefined : this.#codec.encode(column, value);
    });
  }

  #write(
    range: LeasedRange,
    changes: readonly Change[],
    cursor: CursorMove,
    locking: LockMode = 'locking',
  ): Statement {
    const selection = this.#selection;
    const { table, key, writes, pending } = this.#definition;
    const parameters = selection.parameters();
    const { partitioned } = selection.facts;
    const column = (value: (change: Change) => string | null, type?: string) =>
      parameters.addArray(changes.map(value), type);
    const sources = [
      column(({ row }) => row.address, 'tid'),
      column(({ row }) => row.madeBy, 'xid'),
      ...(partitioned ? [column(({ row }) => row.table, 'oid')] : []),
      ...key.map((_, at) => column(({ row }) => row.key[at] ?? null)),
      ...writes.map((_, at) => column(({ values }) => values[at] ?? null)),
    ];
    const partial = writes.map((_, at) => changes.some(({ values }) => values[at] === undefined));
    const flags = writes.flatMap((_, at) =>
      partial[at] ? [column(({ values }) => (values[at] === undefined ? 'f' : 't'))] : [],
    );
    const names = [
      'nb_new_address',
      'nb_new_made_by',
      ...(partitioned ? ['nb_new_table'] : []),
      ...key.map((_, at) => `nb_new_key_${at + 1}`),
      ...writes.map((_, at) => `nb_new_${at + 1}`),
      ...writes.flatMap((_, at) => (partial[at] ? [`nb_given_${at + 1}`] : [])),
    ];
    const sameKey = key.map(
      (one, at) =>
        `${ROW}.${quoteIdentifier(one.databaseName)} = nb_new.nb_new_key_${at + 1}::${selection.facts.typeOf(one)}`,
    );
    const source = locking === 'optimistic' ? 'nb_new' : 'taken';
    const set = writes.map((one, at) => {
      const name = quoteIdentifier(one.databaseName);
      const value = `${source}.nb_new_${at + 1}::${selection.facts.typeOf(one)}`;
      return `${name} = ${partial[at] ? `CASE WHEN ${source}.nb_given_${at + 1} = 't' THEN ${value} ELSE ${ROW}.${name} END` : value}`;
    });
    const news = `unnest(${[...sources, ...flags].join(', ')}) AS nb_new (${names.join(', ')})`;
    const isThatVersion = `${ROW}.ctid = nb_new.nb_new_address AND ${ROW}.xmin = nb_new.nb_new_made_by
        ${partitioned ? `AND ${ROW}.tableoid = nb_new.nb_new_table ` : ''}AND ${sameKey.join(' AND ')}`;
    const update = `UPDATE ${table} AS ${ROW} SET ${set.join(', ')}`;
    const stillPending = `(${pending.sql}) IS TRUE AS nb_still_pending`;
    const change =
      locking === 'optimistic'
        ? `changed AS (
      ${update} FROM ${news} WHERE ${isThatVersion} RETURNING ${selection.tenantText} AS nb_tenant, ${stillPending}
    )`
        : `taken AS MATERIALIZED (
      SELECT ${selection.identity}, nb_new.* FROM ${news} JOIN ${selection.from} ON ${isThatVersion}
      FOR NO KEY UPDATE OF ${ROW} SKIP LOCKED
    ), changed AS (
      ${update} FROM taken WHERE ${selection.sameVersion('taken')} RETURNING taken.nb_tenant, ${stillPending}
    )`;
    const options: EntryOptions = {
      cursor,
      whole: false,
      ...(locking === 'optimistic' && { taken: '(SELECT changed FROM nb_counted)', last: null }),
    };
    const text = `WITH ${change}, ${withEntry(selection, parameters, range, options)}`;
    return { text, values: parameters.values };
  }

  #policy(policy: TimeoutPolicy): Statement {
    const { pace, name } = this.#definition;
    return applyBatchPolicy(policy, pace.synchronousCommit, name);
  }
}
