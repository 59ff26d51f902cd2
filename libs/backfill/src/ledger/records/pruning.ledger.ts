import { number } from '../../postgres/decoders.js';
import type { Statement } from '../../postgres/pipeline.js';
import type { Session } from '../../postgres/session.js';
import type { LedgerContext } from '../ledger.context.js';
import { HELD_STATUSES } from '../status.js';
import { existsTarget } from '../target/target.js';

/** The numbers of records that were pruned. @publicApi */
export interface PrunedRecords {
  /** Ranges that have ended. Their counts were added to a range that is kept. */
  readonly ranges: number;
  /** Changes of the status. */
  readonly transitions: number;
  /** Settings that later settings replaced. */
  readonly settings: number;
  /** Samples of the progress of runs. */
  readonly samples: number;
  /** Events that are no change of the status. */
  readonly events: number;
  /** Leases on migrations, indexes and proofs that expired. */
  readonly leases: number;
  /** Backfills on tables that were dropped, with everything about them. */
  readonly droppedTables: number;
}

/** Records of one transaction. */
const MAX_RECORDS = 10_000;
/** Backfills of one transaction. */
const MAX_SUBJECTS = 200;
const HELD = HELD_STATUSES.map((status) => `'${status}'`).join(', ');
/** The end of the retention: records before it are pruned. */
const CUTOFF = `(pg_catalog.clock_timestamp() - $1::float8 * interval '1 millisecond')`;

/** Deletes what only describes the past. What a run, a proof or a person still needs is kept. */
export class PruningLedger {
  readonly #schema: string;

  constructor({ schema }: Pick<LedgerContext, 'schema'>) {
    this.#schema = schema;
  }

  /**
   * @param keepMs the age up to which records are kept, in milliseconds
   * @param checkpoint called before each transaction; what it throws ends the work
   */
  async prune(
    session: Session,
    keepMs: number,
    checkpoint: () => void = () => undefined,
  ): Promise<PrunedRecords> {
    const prune = (sql: string) => this.#repeat(session, { text: sql, values: [String(keepMs)] }, checkpoint);
    return {
      droppedTables: await prune(this.#droppedTables()),
      ranges: await prune(this.#ranges()),
      transitions: await prune(this.#transitions()),
      settings: await prune(this.#settings()),
      samples: await prune(this.#old('sample', 'at')),
      events: await prune(this.#old('event', 'at')),
      leases: await prune(this.#old('deploy_lease', 'expires_at')),
    };
  }

  /** Short transactions, because other processes use the tables. */
  async #repeat(session: Session, statement: Statement, checkpoint: () => void): Promise<number> {
    let total = 0;
    for (;;) {
      checkpoint();
      const { last } = await session.transaction([statement]);
      const pruned = last.value(number);
      if (pruned === 0) return total;
      total += pruned;
    }
  }

  #old(table: string, time: string): string {
    return `WITH gone AS (DELETE FROM ${this.#schema}.${table} WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM ${this.#schema}.${table} WHERE ${time} < ${CUTOFF} LIMIT ${MAX_RECORDS})) RETURNING 1)
      SELECT pg_catalog.count(*)::text FROM gone`;
  }

  /**
   * Leaves of each backfill and table one ended range for the first run and one for the drift after it, with the sums
   * of the others, so that each total stays the same.
   */
  #ranges(): string {
    const schema = this.#schema;
    return `WITH subject AS (
        SELECT name, version, target FROM ${schema}.range
        WHERE state = 'done' AND finished_at < ${CUTOFF}
        GROUP BY name, version, target HAVING pg_catalog.count(*) > 2 LIMIT ${MAX_SUBJECTS}
      ), completed AS (
        SELECT s.name, s.version, s.target, (
            SELECT pg_catalog.min(t.at) FROM ${schema}.transition AS t WHERE ${same('t', 's')} AND t.to_status = 'complete'
              AND t.id > (SELECT coalesce(pg_catalog.max(id), 0) FROM ${schema}.transition AS reset WHERE ${same('reset', 's')}
                AND reset.to_status = 'pending' AND reset.from_status <> 'cancelled')
          ) AS at FROM subject AS s
      ), old AS (
        SELECT r.id, pg_catalog.max(r.id) OVER (PARTITION BY r.name, r.version, r.target, coalesce(r.created_at > c.at, false)) AS kept
        FROM ${schema}.range AS r JOIN completed AS c ON ${same('r', 'c')}
        WHERE r.state = 'done' AND r.finished_at < ${CUTOFF}
          AND NOT EXISTS (SELECT FROM ${schema}.skipped_row AS k WHERE k.range_id = r.id)
      ), gone AS (
        DELETE FROM ${schema}.range AS r USING old WHERE r.id = old.id AND old.id <> old.kept
        RETURNING old.kept, r.updated, r.batches
      ), added AS (
        UPDATE ${schema}.range AS r SET updated = r.updated + sums.updated, batches = r.batches + sums.batches, revision = r.revision + 1
        FROM (SELECT kept, pg_catalog.sum(updated)::bigint AS updated, pg_catalog.sum(batches)::bigint AS batches FROM gone GROUP BY kept) AS sums
        WHERE r.id = sums.kept
      )
      SELECT pg_catalog.count(*)::text FROM gone`;
  }

  /**
   * Keeps the last transition of each backfill and table, its first completion, the last reset and the last drift,
   * which the status shows, and the decisions of people, which runs read.
   */
  #transitions(): string {
    const schema = this.#schema;
    const isReset = (alias: string) =>
      `${alias}.to_status = 'pending' AND ${alias}.from_status <> 'cancelled'`;
    const isDrift = (alias: string) => `${alias}.from_status = 'complete' AND ${alias}.to_status = 'running'`;
    const newer = (condition: string) =>
      `EXISTS (SELECT FROM ${schema}.transition AS n WHERE ${same('n', 't')} AND n.id > t.id AND ${condition})`;
    return `WITH old AS (
        SELECT t.id, t.name, t.version, t.target, ${isDrift('t')} AS is_drift FROM ${schema}.transition AS t
        WHERE t.at < ${CUTOFF} AND t.from_status NOT IN (${HELD}) AND t.to_status NOT IN (${HELD})
          AND ${newer('true')}
          AND (NOT (${isReset('t')}) OR ${newer(isReset('n'))})
          AND (NOT (${isDrift('t')}) OR ${newer(isDrift('n'))})
          AND (t.to_status <> 'complete' OR EXISTS (SELECT FROM ${schema}.transition AS first
            WHERE ${same('first', 't')} AND first.id < t.id AND first.to_status = 'complete'
              AND NOT EXISTS (SELECT FROM ${schema}.transition AS reset WHERE ${same('reset', 't')}
                AND reset.id > first.id AND reset.id < t.id AND ${isReset('reset')})))
        LIMIT ${MAX_RECORDS}
      ), gone AS (
        DELETE FROM ${schema}.transition AS t USING old WHERE t.id = old.id RETURNING old.*
      ), counted AS (
        UPDATE ${schema}.backfill AS b SET pruned_drifts = b.pruned_drifts + drifts.times
        FROM (SELECT name, version, target, pg_catalog.count(*) AS times FROM gone WHERE is_drift GROUP BY name, version, target) AS drifts
        WHERE ${same('b', 'drifts')}
      )
      SELECT pg_catalog.count(*)::text FROM gone`;
  }

  /** The last value of each setting applies. */
  #settings(): string {
    const schema = this.#schema;
    return `WITH gone AS (DELETE FROM ${schema}.control AS c WHERE c.ctid = ANY (ARRAY(
        SELECT old.ctid FROM ${schema}.control AS old
        WHERE old.set_at < ${CUTOFF} AND EXISTS (SELECT FROM ${schema}.control AS n
          WHERE ${same('n', 'old')} AND n.setting = old.setting AND n.id > old.id)
        LIMIT ${MAX_RECORDS})) RETURNING 1)
      SELECT pg_catalog.count(*)::text FROM gone`;
  }

  /** A renamed table has its OID under another name. After a restore from a dump, it has its name with another OID. */
  #droppedTables(): string {
    const schema = this.#schema;
    const deleteFrom = (table: string) =>
      `DELETE FROM ${schema}.${table} AS record USING gone WHERE ${same('record', 'gone')}`;
    return `WITH gone AS (
        DELETE FROM ${schema}.backfill AS b WHERE (b.name, b.version, b.target) IN (
          SELECT old.name, old.version, old.target FROM ${schema}.backfill AS old
          WHERE old.changed_at < ${CUTOFF} AND old.table_id IS NOT NULL AND NOT ${existsTarget('old.target')}
            AND NOT EXISTS (SELECT FROM pg_catalog.pg_class AS renamed WHERE renamed.oid = old.table_id)
            AND NOT EXISTS (SELECT FROM ${schema}.range AS r WHERE ${same('r', 'old')}
              AND r.state <> 'done' AND r.lease_expires_at > pg_catalog.clock_timestamp())
          LIMIT ${MAX_SUBJECTS}) RETURNING b.name, b.version, b.target
      ), skipped AS (${deleteFrom('skipped_row')}), quarantined AS (${deleteFrom('quarantined_row')}),
      counted AS (${deleteFrom('tenant_progress')}), controlled AS (${deleteFrom('control')})
      SELECT pg_catalog.count(*)::text FROM gone`;
  }
}

/** The SQL condition that two records are of the same backfill, version and table. */
function same(left: string, right: string): string {
  return `${left}.name = ${right}.name AND ${left}.version = ${right}.version AND ${left}.target = ${right}.target`;
}
