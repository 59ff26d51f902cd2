import { nullable, number, text } from '../../postgres/decoders.js';
import type { Statement } from '../../postgres/pipeline.js';
import type { Session } from '../../postgres/session.js';
import { toArrayText } from '../../postgres/text-format.js';
import type { SubjectContext } from '../ledger.context.js';
import { FormerNameInUseError, OpenUnderBothNamesError } from '../ledger.error.js';
import { lockRecords } from './record.lock.js';

/** The SQL condition that `own` and `former` are records of the same version and table. */
const SAME = 'own.version = former.version AND own.target = former.target';
const IS_UNTOUCHED = `own.status = 'pending' AND own.started_at IS NULL`;

/**
 * Gives the records of a renamed backfill its new name, on all its tables in one transaction: its status, its ranges,
 * what people have set, the quarantine and the history. A record that the backfill already has under its new name
 * stays, and so does that of the former name, unless the new one has never run.
 *
 * @throws OpenUnderBothNamesError, FormerNameInUseError before anything is changed
 */
export async function takeFormerName(session: Session, context: SubjectContext): Promise<void> {
  for (const former of context.subject.formerly ?? []) {
    const { movable, openInBoth, leasedBy } = await read(session, context, former);
    if (openInBoth !== null) throw new OpenUnderBothNamesError(context.subject.name, former, openInBoth);
    if (movable === 0) continue;
    if (leasedBy !== null) throw new FormerNameInUseError(context.subject.name, former, leasedBy);
    await session.send(rename(context, former));
  }
}

/**
 * The name under which the ledger has the records of a backfill: a former one until the next run.
 *
 * @returns the current name if there is no record
 */
export async function recordedName(session: Session, context: SubjectContext): Promise<string> {
  const { name, formerly = [] } = context.subject;
  if (formerly.length === 0) return name;
  const { last } = await session.send([
    {
      text: `SELECT candidate.name FROM pg_catalog.unnest($1::text[]) WITH ORDINALITY AS candidate (name, place)
        WHERE EXISTS (SELECT FROM ${context.schema}.backfill AS b WHERE b.name = candidate.name)
        ORDER BY candidate.place LIMIT 1`,
      values: [toArrayText([name, ...formerly])],
    },
  ]);
  return last.firstValue(text) ?? name;
}

interface Found {
  /** The number of records that get the new name. */
  readonly movable: number;
  /** A table on which the backfill is not complete under both names; null if there is none. */
  readonly openInBoth: string | null;
  /** The process that works on the backfill under its former name; null if there is none. */
  readonly leasedBy: string | null;
}

async function read(session: Session, { schema, subject }: SubjectContext, former: string): Promise<Found> {
  const { last } = await session.send([
    {
      text: `SELECT (pg_catalog.count(*) FILTER (WHERE own.name IS NULL OR (${IS_UNTOUCHED})))::text,
          pg_catalog.min(former.target) FILTER (WHERE own.status <> 'complete' AND former.status <> 'complete' AND NOT (${IS_UNTOUCHED})),
          (SELECT pg_catalog.max(lease_owner) FROM ${schema}.range
            WHERE name = $2 AND state <> 'done' AND lease_expires_at > pg_catalog.clock_timestamp())
        FROM ${schema}.backfill AS former LEFT JOIN ${schema}.backfill AS own ON own.name = $1 AND ${SAME}
        WHERE former.name = $2`,
      values: [subject.name, former],
    },
  ]);
  return last.one({ movable: number, openInBoth: nullable(text), leasedBy: nullable(text) });
}

function rename({ schema, subject: { name } }: SubjectContext, former: string): readonly Statement[] {
  const values = [name, former];
  const renameIn = (table: string) =>
    `UPDATE ${schema}.${table} AS record SET name = $1 FROM moved
      WHERE record.name = $2 AND record.version = moved.version AND record.target = moved.target`;
  return [
    // In the same order in every process.
    ...[name, former].sort().map((each) => lockRecords({ schema, name: each }, 'exclusive')),
    {
      text: `DELETE FROM ${schema}.backfill AS own USING ${schema}.backfill AS former
        WHERE own.name = $1 AND former.name = $2 AND ${SAME} AND ${IS_UNTOUCHED}`,
      values,
    },
    // The foreign keys carry transitions, ranges, samples and the probes of catch-up along.
    {
      text: `WITH moved AS (
          SELECT version, target FROM ${schema}.backfill AS former
          WHERE former.name = $2 AND NOT EXISTS (SELECT FROM ${schema}.backfill AS own WHERE own.name = $1 AND ${SAME})
        ), skipped AS (${renameIn('skipped_row')}), quarantined AS (${renameIn('quarantined_row')}),
        counted AS (${renameIn('tenant_progress')})
        ${renameIn('backfill')}`,
      values,
    },
    // The settings of every target, too. Those under the new name are newer, and apply.
    { text: `UPDATE ${schema}.control SET name = $1 WHERE name = $2`, values },
    { text: `UPDATE ${schema}.event SET name = $1 WHERE name = $2`, values },
  ];
}
