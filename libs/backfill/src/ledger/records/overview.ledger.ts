import { boolean, nullable, number, oneOf, text } from '../../postgres/decoders.js';
import type { Statement } from '../../postgres/pipeline.js';
import type { Session } from '../../postgres/session.js';
import { isoTime, toArrayText } from '../../postgres/text-format.js';
import type { LedgerContext, Subject } from '../ledger.context.js';
import { fingerprintOf } from '../proof/declaration.js';
import { ownStatus, provedFor } from '../proof/proved-predicate.js';
import type { BackfillStatus } from '../status.js';

/** The number of the schema step that creates the tables and columns of this folder. */
export const OPERATE_SCHEMA_STEP = 9;
/** Samples of this age and newer describe the current run. */
const RECENT = `interval '30 seconds'`;

/** What the ledger records about a backfill on one table. @publicApi */
export interface RecordedBackfill {
  readonly status: BackfillStatus;
  /** The reason for the status, as a sentence. */
  readonly reason: string;
  /** The cause of the current wait of a run; null if no run is waiting. */
  readonly waitingFor: string | null;
  /** The start of the wait. ISO 8601, the database's clock; null if it is not known. */
  readonly waitingSince: string | null;
  /** Rows changed, over all runs of this version. */
  readonly updated: number;
  /** Batches committed, over all runs of this version. */
  readonly batches: number;
  /** Rows that another session had locked; they are still pending. */
  readonly skipped: number;
  /** Rows that could not be changed. */
  readonly quarantined: number;
  /** Pending rows by the last sample of a run; an estimate, null if not known. */
  readonly remaining: number | null;
  /** Rows per second of all processes in the last half minute; null if none runs. */
  readonly rowsPerSecond: number | null;
  /** The process that holds a lease on it now, as `host:pid`; null if none does. */
  readonly leasedBy: string | null;
  /** ISO 8601, the database's clock; null before the first run. */
  readonly startedAt: string | null;
  /** The last change of the status. ISO 8601, the database's clock. */
  readonly changedAt: string | null;
  /** ISO 8601, the database's clock; null unless the status is `complete`. */
  readonly completedAt: string | null;
  /** The constraint or migration that prevents rows from becoming pending again; null if there is none. */
  readonly sealedBy: string | null;
  /** The last probe of catch-up for pending rows. ISO 8601; null before the first one. */
  readonly probedAt: string | null;
}

/** The record of one backfill on the table of the application. */
export interface OverviewRecord extends RecordedBackfill {
  readonly name: string;
  /** The table as the application names it; null for a backfill that it does not declare. */
  readonly ownTarget: string | null;
  readonly recordedTarget: string | null;
  /** The table was dropped and made again since the last run. */
  readonly isReplaced: boolean;
  readonly kind: string;
  /** It was proved complete for another predicate than the declared one, so its status is `incomplete`. */
  readonly isProvedOtherwise: boolean;
}

/** The number of targets of a backfill with one status. */
export interface StatusCount {
  readonly name: string;
  readonly version: number;
  readonly status: BackfillStatus;
  readonly targets: number;
}

/** The records of many backfills, read with few statements. */
export class OverviewLedger {
  readonly #schema: string;

  constructor({ schema }: Pick<LedgerContext, 'schema'>) {
    this.#schema = schema;
  }

  /** The records of backfills on the tables that the application names. Those without a record are left out. */
  async own(session: Session, subjects: readonly Subject[]): Promise<OverviewRecord[]> {
    const { last } = await session.send([this.#own(subjects)]);
    return last.all({
      name: text,
      ownTarget: nullable(text),
      recordedTarget: nullable(text),
      isReplaced: boolean,
      kind: text,
      status: oneOf<BackfillStatus>(),
      reason: text,
      waitingFor: nullable(text),
      waitingSince: nullable(text),
      updated: number,
      batches: number,
      skipped: number,
      quarantined: number,
      remaining: nullable(number),
      rowsPerSecond: nullable(number),
      leasedBy: nullable(text),
      startedAt: nullable(text),
      changedAt: nullable(text),
      completedAt: nullable(text),
      sealedBy: nullable(text),
      probedAt: nullable(text),
      isProvedOtherwise: boolean,
    });
  }

  /**
   * The numbers of targets by status, of every backfill and version in the ledger.
   *
   * @param declared a completion that was proved for another predicate than that of its declaration counts as
   *   `incomplete`. Other backfills and versions have the status that the ledger has
   */
  async counts(session: Session, declared: readonly Subject[]): Promise<StatusCount[]> {
    const named = declared.flatMap((subject) =>
      [subject.name, ...(subject.formerly ?? [])].map((name) => ({ ...subject, name })),
    );
    const { last } = await session.send([
      {
        text: `SELECT name, version::text, status, pg_catalog.count(*)::text FROM (
            SELECT b.name, b.version, ${ownStatus('b', 'd.declaration')} AS status FROM ${this.#schema}.backfill AS b
            LEFT JOIN unnest($1::text[], $2::int[], $3::text[]) AS d (name, version, declaration)
              ON d.name = b.name AND d.version = b.version) AS record
          GROUP BY name, version, status ORDER BY name, version, status`,
        values: subjectValues(named),
      },
    ]);
    return last.all({ name: text, version: number, status: oneOf<BackfillStatus>(), targets: number });
  }

  #own(subjects: readonly Subject[]): Statement {
    const schema = this.#schema;
    const is = (alias: string) =>
      `${alias}.name = b.name AND ${alias}.version = b.version AND ${alias}.target = b.target`;
    return {
      text: `WITH own AS MATERIALIZED (
          SELECT d.name, d.version, d.ordinal, d.declaration, found.id AS table_id, CASE WHEN d.parts IS NOT NULL THEN coalesce(
            (SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) FROM pg_catalog.pg_class AS c
              JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace WHERE c.oid = found.id),
            pg_catalog.format('%I.%I', coalesce(d.parts[pg_catalog.array_upper(d.parts, 1) - 1], pg_catalog.current_schema(), 'public'),
              d.parts[pg_catalog.array_upper(d.parts, 1)])) END AS target
          FROM (SELECT name, version, ordinal, named, declaration, CASE WHEN named <> '' THEN pg_catalog.parse_ident(named) END AS parts
            FROM unnest($1::text[], $2::int[], $3::text[], $4::text[]) WITH ORDINALITY AS given (name, version, declaration, named, ordinal)) AS d
          CROSS JOIN LATERAL (SELECT pg_catalog.to_regclass(nullif(d.named, ''))::oid AS id) AS found
        )
        SELECT b.name, own.target, nullif(b.target, ''),
          b.table_id IS NOT NULL AND own.table_id IS NOT NULL AND b.table_id <> own.table_id, b.kind, ${ownStatus('b', 'own.declaration')}, b.reason,
          b.waiting_for, ${isoTime('s.waiting_since')}, coalesce(r.updated, 0)::text, coalesce(r.batches, 0)::text,
          (SELECT pg_catalog.count(DISTINCT key) FROM ${schema}.skipped_row AS k WHERE ${is('k')})::text,
          (SELECT pg_catalog.count(*) FROM ${schema}.quarantined_row AS q WHERE ${is('q')})::text,
          s.remaining::text, rate.rows::text, r.leased_by,
          ${isoTime('b.started_at')}, ${isoTime('b.changed_at')}, ${isoTime('b.completed_at')}, b.sealed_by,
          (SELECT ${isoTime('c.looked_at')} FROM ${schema}.catch_up AS c WHERE ${is('c')}),
          b.status = 'complete' AND ${provedFor('b', 'own.declaration')} = 'other'
        FROM own CROSS JOIN LATERAL (
          SELECT * FROM ${schema}.backfill AS record
          WHERE record.name = own.name AND record.version = own.version
            AND (own.target IS NULL OR record.target IN (own.target, '') OR record.table_id = own.table_id)
          ORDER BY record.target IS NOT DISTINCT FROM own.target DESC, record.table_id IS NOT DISTINCT FROM own.table_id DESC, record.target LIMIT 1
        ) AS b
        CROSS JOIN LATERAL (SELECT pg_catalog.sum(updated) AS updated, pg_catalog.sum(batches) AS batches,
            pg_catalog.max(lease_owner) FILTER (WHERE lease_expires_at > pg_catalog.clock_timestamp()) AS leased_by
          FROM ${schema}.range AS r WHERE ${is('r')}) AS r
        LEFT JOIN LATERAL (SELECT remaining, waiting_since FROM ${schema}.sample AS s
          WHERE ${is('s')} ORDER BY at DESC LIMIT 1) AS s ON true
        LEFT JOIN LATERAL (SELECT pg_catalog.round(pg_catalog.sum(rows)) AS rows FROM (
            SELECT (pg_catalog.max(updated) - pg_catalog.min(updated))::float8 / nullif(extract(epoch FROM pg_catalog.max(at) - pg_catalog.min(at))::float8, 0::float8) AS rows
            FROM ${schema}.sample AS s WHERE ${is('s')} AND at > pg_catalog.clock_timestamp() - ${RECENT} GROUP BY run
          ) AS per_run) AS rate ON r.leased_by IS NOT NULL
        ORDER BY own.ordinal`,
      values: [...subjectValues(subjects), toArrayText(subjects.map(({ table }) => table))],
    };
  }
}

/** The names, the versions and the fingerprints of the predicates. */
function subjectValues(subjects: readonly Subject[]): string[] {
  return [
    toArrayText(subjects.map(({ name }) => name)),
    toArrayText(subjects.map(({ version }) => version)),
    toArrayText(subjects.map(({ pending }) => (pending ? fingerprintOf(pending) : null))),
  ];
}
