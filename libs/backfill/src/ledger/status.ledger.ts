import { boolean, nullable, number, oneOf, text } from '../postgres/decoders.js';
import { isoTime } from '../postgres/text-format.js';
import { Parameters } from '../postgres/parameters.js';
import type { Statement } from '../postgres/pipeline.js';
import type { Session } from '../postgres/session.js';
import type { SubjectContext } from './ledger.context.js';
import { IllegalTransitionError } from './ledger.error.js';
import { provedFor, type ProvedPredicate } from './proof/proved-predicate.js';
import { takeFormerName } from './target/former-name.js';
import { adoptRecord, openRecord, readStatus, type LedgerRecord } from './target/record.opener.js';
import { sourcesOf, type BackfillStatus } from './status.js';

/** A change of status. */
export interface Transition {
  readonly to: BackfillStatus;
  readonly reason: string;
  /** @default null */
  readonly waitingFor?: string | null;
  /**
   * The person who changes the status, as `user@host`. Null: a run changes it, which is not allowed from the
   * statuses `paused` and `cancelled`.
   *
   * @default null
   */
  readonly person?: string | null;
}

/** The ledger's record of a backfill, with the sums of its ranges. */
export interface StatusSummary {
  readonly status: BackfillStatus;
  readonly reason: string;
  readonly waitingFor: string | null;
  /** ISO 8601. */
  readonly startedAt: string | null;
  /** Time of the last transition, ISO 8601. */
  readonly changedAt: string | null;
  /** Time of the last proof that no row is pending, ISO 8601; null unless the status is `complete`. */
  readonly provedAt: string | null;
  /** Null unless the status is `complete`. */
  readonly provedFor: ProvedPredicate | null;
  /** When a run found pending rows that are not done yet, ISO 8601; null if every range is done. */
  readonly pendingSeenAt: string | null;
  /** Number of changed rows. */
  readonly updated: number;
  readonly batches: number;
  /** The owner of a lease that has not expired; null if there is none. */
  readonly leasedBy: string | null;
}

/** The status of one backfill and its transitions. */
export class StatusLedger {
  readonly #context: SubjectContext;

  constructor(context: SubjectContext) {
    this.#context = context;
  }

  /** See `openRecord`. */
  open(session: Session, kind: string): Promise<LedgerRecord> {
    return openRecord(session, this.#context, kind);
  }

  /** See `takeFormerName`. */
  takeFormerName(session: Session): Promise<void> {
    return takeFormerName(session, this.#context);
  }

  /** See `adoptRecord`. */
  adopt(session: Session): Promise<void> {
    return adoptRecord(session, this.#context);
  }

  /**
   * Reads the status. A completion that was proved for another predicate counts as `incomplete`.
   *
   * @returns null if the backfill has no record
   */
  async read(session: Session): Promise<BackfillStatus | null> {
    const status = await this.#read(session);
    return status === 'complete' && (await this.provedFor(session)) === 'other' ? 'incomplete' : status;
  }

  /**
   * Which predicate was proved when the backfill became complete.
   *
   * @returns null unless the backfill is complete
   */
  async provedFor(session: Session): Promise<ProvedPredicate | null> {
    const { schema, values, declaration } = this.#context;
    const { last } = await session.send([
      {
        text: `SELECT ${provedFor('b', '$4')} FROM ${schema}.backfill AS b WHERE ${this.#context.is('b')} AND b.status = 'complete'`,
        values: [...values, declaration],
      },
    ]);
    return last.firstValue(oneOf<ProvedPredicate>()) ?? null;
  }

  async #read(session: Session): Promise<BackfillStatus | null> {
    const { schema, values } = this.#context;
    const { last } = await session.send([
      this.#context.hasTargets
        ? readStatus(this.#context)
        : { text: `SELECT status FROM ${schema}.backfill WHERE ${this.#context.is()}`, values },
    ]);
    return last.firstValue(nullable(oneOf<BackfillStatus>())) ?? null;
  }

  /** @returns null if the backfill has no record */
  async summary(session: Session): Promise<StatusSummary | null> {
    const { schema, values, declaration } = this.#context;
    const { last } = await session.send([
      {
        text: `SELECT b.status, b.reason, b.waiting_for, ${isoTime('b.started_at')}, ${isoTime('b.changed_at')},
            ${isoTime('b.completed_at')}, CASE WHEN b.status = 'complete' THEN ${provedFor('b', '$4')} END, ${isoTime('r.pending_seen_at')}, r.updated::text, r.batches::text, r.leased_by
          FROM ${schema}.backfill AS b CROSS JOIN (
            SELECT coalesce(pg_catalog.sum(updated), 0) AS updated, coalesce(pg_catalog.sum(batches), 0) AS batches,
              pg_catalog.max(created_at) FILTER (WHERE state <> 'done') AS pending_seen_at,
              pg_catalog.max(lease_owner) FILTER (WHERE lease_expires_at > pg_catalog.clock_timestamp()) AS leased_by
            FROM ${schema}.range WHERE ${this.#context.is()}) AS r
          WHERE ${this.#context.is('b')}`,
        values: [...values, declaration],
      },
    ]);
    const summary = last.first({
      status: oneOf<BackfillStatus>(),
      reason: text,
      waitingFor: nullable(text),
      startedAt: nullable(text),
      changedAt: nullable(text),
      provedAt: nullable(text),
      provedFor: nullable(oneOf<ProvedPredicate>()),
      pendingSeenAt: nullable(text),
      updated: number,
      batches: number,
      leasedBy: nullable(text),
    });
    return summary ?? null;
  }

  /**
   * Changes the status along an edge of the state machine, and records the transition in the same statement.
   *
   * @returns true if this call changed the status; false if the backfill had it already
   * @throws IllegalTransitionError if the state machine has no edge from the current status to the new one
   */
  async transition(
    session: Session,
    { to, reason, waitingFor = null, person = null }: Transition,
  ): Promise<boolean> {
    const { schema, owner } = this.#context;
    const sources = sourcesOf(to, person === null ? 'run' : 'person');
    const parameters = new Parameters();
    const subject = this.#context.parameters(parameters);
    const { name, version, target } = subject;
    const status = parameters.add(to, 'text');
    const reasonText = parameters.add(reason, 'text');
    const result = await session.transaction([
      {
        text: `WITH before AS (
            SELECT status FROM ${schema}.backfill WHERE ${this.#context.isSubjectAt(subject)} FOR UPDATE
          ), moved AS (
            UPDATE ${schema}.backfill AS b
            SET status = ${status}, reason = ${reasonText}, waiting_for = ${parameters.add(waitingFor, 'text')},
                changed_at = pg_catalog.clock_timestamp(),
                started_at = CASE WHEN ${status} = 'running' THEN coalesce(b.started_at, pg_catalog.clock_timestamp()) ELSE b.started_at END,
                completed_at = CASE WHEN ${status} = 'complete' THEN pg_catalog.clock_timestamp() ELSE NULL END,
                -- Rows became pending, so the constraint or the migration no longer prevents this.
                sealed_by = CASE WHEN ${status} = 'complete' THEN b.sealed_by END,
                sealed_at = CASE WHEN ${status} = 'complete' THEN b.sealed_at END
            FROM before
            WHERE ${this.#context.isSubjectAt(subject, 'b')} AND before.status = ANY(${parameters.addArray(sources)})
            RETURNING before.status AS from_status
          ), recorded AS (
            INSERT INTO ${schema}.transition (name, version, target, from_status, to_status, reason, actor)
            SELECT ${name}, ${version}, ${target}, from_status, ${status}, ${reasonText}, ${parameters.add(person ?? owner, 'text')} FROM moved
          )
          SELECT (SELECT from_status FROM moved), (SELECT status FROM before)`,
        values: parameters.values,
      },
      ...(to === 'complete' ? [this.#recordProof()] : []),
    ]);
    const nullableStatus = nullable(oneOf<BackfillStatus>());
    const { moved, before } = result.at(0).one({ moved: nullableStatus, before: nullableStatus });
    if (moved !== null) return true;
    // An earlier attempt has committed the transition, but the connection was lost before the reply arrived.
    if (before === to) return false;
    throw new IllegalTransitionError(this.#context.subject.name, before ?? 'pending', to);
  }

  /** Records that the own predicate was proved for a backfill that was complete before. */
  async confirmProof(session: Session): Promise<void> {
    await session.transaction([this.#recordProof()]);
  }

  #recordProof(): Statement {
    const { schema, values, declaration } = this.#context;
    return {
      text: `UPDATE ${schema}.backfill SET proved_declaration = $4, proved_at = completed_at WHERE ${this.#context.is()} AND status = 'complete'
        AND (proved_declaration IS DISTINCT FROM $4 OR proved_at IS DISTINCT FROM completed_at)`,
      values: [...values, declaration],
    };
  }

  /** Whether a person has resumed the backfill after a pause whose reason starts with one of these texts. */
  async wasResumed(session: Session, reasons: readonly string[]): Promise<boolean> {
    const { schema, values } = this.#context;
    const parameters = new Parameters(values);
    const starts = parameters.addArray(reasons);
    const { last } = await session.send([
      {
        text: `SELECT EXISTS (SELECT FROM ${schema}.transition AS paused JOIN ${schema}.transition AS resumed
            ON resumed.name = paused.name AND resumed.version = paused.version AND resumed.target = paused.target AND resumed.id > paused.id
          WHERE ${this.#context.is('paused')} AND paused.to_status = 'paused'
            AND EXISTS (SELECT FROM pg_catalog.unnest(${starts}) AS start WHERE pg_catalog.left(paused.reason, pg_catalog.length(start)) = start)
            AND resumed.from_status = 'paused' AND resumed.to_status <> 'cancelled')`,
        values: parameters.values,
      },
    ]);
    return last.value(boolean);
  }

  /**
   * Records what a run waits for. Its backfill may not have started yet.
   *
   * @param waitingFor null: it no longer waits
   * @param expected changes the record only if it has this value now; null: with any value
   */
  recordWait(waitingFor: string | null, expected: string | null = null): Statement {
    const { schema, values } = this.#context;
    return {
      text: `UPDATE ${schema}.backfill SET waiting_for = $4
        WHERE ${this.#context.is()} AND status IN ('pending', 'running', 'incomplete') AND ($5::text IS NULL OR waiting_for = $5)`,
      values: [...values, waitingFor, expected],
    };
  }

  /**
   * Records the wait of a backfill that may not have started yet.
   *
   * @param waitingFor null: it no longer waits
   */
  recordWaitToStart(waitingFor: string | null): Statement {
    const { schema, values } = this.#context;
    return {
      text: `UPDATE ${schema}.backfill SET waiting_for = $4
        WHERE ${this.#context.is()} AND status NOT IN ('complete', 'paused', 'cancelled')`,
      values: [...values, waitingFor],
    };
  }
}
