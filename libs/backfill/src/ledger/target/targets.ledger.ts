import { nullable, number, oneOf, text } from '../../postgres/decoders.js';
import type { Session } from '../../postgres/session.js';
import { isoTime, toArrayText } from '../../postgres/text-format.js';
import type { LedgerContext } from '../ledger.context.js';
import type { BackfillStatus } from '../status.js';
import { OTHER_PREDICATE, ownStatus, provedFor } from '../proof/proved-predicate.js';
import { TargetStatusLedger } from './target-status.ledger.js';
import { existsTarget, type Target, type TargetedBackfill } from './target.js';

/** The record of a backfill on one of its tables. */
export interface TargetRecord extends Target {
  readonly status: BackfillStatus;
  /** The reason for the status, as a sentence. */
  readonly reason: string;
  /** Time of the last transition, ISO 8601. */
  readonly changedAt: string;
}

/** The records of a backfill on other tables. */
export interface OtherTargets {
  readonly total: number;
  readonly complete: number;
  /** The first of them. */
  readonly first: readonly TargetRecord[];
}

const TARGET_RECORD = {
  name: text,
  tableId: nullable(text),
  status: oneOf<BackfillStatus>(),
  reason: text,
  changedAt: text,
};

/** The records of backfills on all their tables. */
export class TargetsLedger {
  readonly #ledger: LedgerContext;

  constructor(ledger: LedgerContext) {
    this.#ledger = ledger;
  }

  /** The records of a backfill, by the names of their targets, with the statuses that the ledger has: for whatever predicate. */
  async list(session: Session, { name, version }: TargetedBackfill): Promise<TargetRecord[]> {
    const { last } = await session.send([
      { text: `${this.#select()} ORDER BY target`, values: [name, String(version)] },
    ]);
    return last.all(TARGET_RECORD);
  }

  /**
   * The record of a table. A table that was renamed since its last run has it under the former name; an earlier release
   * has left it without a name.
   *
   * @param target null: the record of any table
   */
  async find(
    session: Session,
    { name, version }: TargetedBackfill,
    target: Target | null,
  ): Promise<TargetRecord | undefined> {
    const { last } = await session.send([
      {
        text: `${this.#select()} AND ($3::text IS NULL OR target IN ($3, '') OR (table_id = $4::oid AND NOT ${existsTarget('target')}))
          ORDER BY target IS NOT DISTINCT FROM $3 DESC, table_id IS NOT DISTINCT FROM $4::oid DESC, target LIMIT 1`,
        values: [name, String(version), target?.name ?? null, target?.tableId ?? null],
      },
    ]);
    return last.first(TARGET_RECORD);
  }

  /**
   * The records of all other tables: those that are not complete come first.
   *
   * @param backfill `declaration`: the fingerprint of its predicate; null if no class declares it, and then what the
   *   records say of a completion cannot be compared with it
   */
  async others(
    session: Session,
    { name, version, declaration }: TargetedBackfill & { readonly declaration: string | null },
    { except, limit }: { readonly except: string; readonly limit: number },
  ): Promise<OtherTargets> {
    const values = [name, String(version), except, declaration];
    const status = ownStatus('b', '$4');
    const result = await session.send([
      {
        text: `SELECT pg_catalog.count(*)::text, (pg_catalog.count(*) FILTER (WHERE ${status} = 'complete'))::text FROM ${this.#ledger.schema}.backfill AS b
          WHERE name = $1 AND version = $2::int AND target NOT IN ($3, '')`,
        values,
      },
      {
        text: `SELECT target, table_id::text, ${status}, CASE WHEN ${provedFor('b', '$4')} = 'other' AND status = 'complete' THEN $5::text ELSE reason END, ${isoTime('changed_at')}
          FROM ${this.#ledger.schema}.backfill AS b WHERE name = $1 AND version = $2::int AND target NOT IN ($3, '')
          ORDER BY ${status} = 'complete', target LIMIT $6::int`,
        values: [...values, OTHER_PREDICATE, String(limit)],
      },
    ]);
    const { total, complete } = result.at(0).one({ total: number, complete: number });
    return { total, complete, first: result.last.all(TARGET_RECORD) };
  }

  /** The newest version of every backfill in the ledger, except the backfills with these names. */
  async newestExcept(session: Session, names: readonly string[]): Promise<TargetedBackfill[]> {
    const { last } = await session.send([
      {
        text: `SELECT DISTINCT ON (name) name, version::text FROM ${this.#ledger.schema}.backfill
          WHERE name <> ALL($1::text[]) ORDER BY name, version DESC`,
        values: [toArrayText(names)],
      },
    ]);
    return last.all({ name: text, version: number });
  }

  /** The record of the newest version on each table, by the name alone. */
  async newestOf(session: Session, name: string): Promise<TargetRecord[]> {
    const { schema } = this.#ledger;
    const { last } = await session.send([
      {
        text: `SELECT DISTINCT ON (target) target, table_id::text, status, reason, ${isoTime('changed_at')} FROM ${schema}.backfill
          WHERE name = $1 ORDER BY target, version DESC`,
        values: [name],
      },
    ]);
    return last.all(TARGET_RECORD);
  }

  /** The statuses of a backfill on all its tables. */
  statusOf(backfill: TargetedBackfill): TargetStatusLedger {
    return new TargetStatusLedger(this.#ledger, backfill);
  }

  #select(): string {
    return `SELECT target, table_id::text, status, reason, ${isoTime('changed_at')} FROM ${this.#ledger.schema}.backfill
      WHERE name = $1 AND version = $2::int`;
  }
}
