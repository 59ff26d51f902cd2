import { number } from '../../postgres/decoders.js';
import type { Parameters } from '../../postgres/parameters.js';
import type { Session } from '../../postgres/session.js';
import { applyPolicy } from '../../postgres/timeout-policy.js';
import type { RowSelection } from '../batch/row-selection.js';
import { queryWithin, TOO_SLOW } from './too-slow.js';

/** Maximum number of pages in a sample of any table. */
const MAX_SAMPLE_PAGES = 400;
/** Statement timeout of a sample in milliseconds. */
const SAMPLE_MS = 5_000;
/** If the sample has fewer pending rows per part, its other rows are used too. */
const MIN_PENDING_PER_PART = 25;

export interface SampleOptions {
  /** The share of the table's pages that is sampled, from 0 to 1. */
  readonly share: number;
  /** A condition on the sampled rows, as SQL. */
  readonly where: string;
  readonly parts: number;
}

/**
 * The CTEs `nb_sample` and `nb_chosen`, as SQL. `nb_chosen` contains the pending rows of the sample, or all
 * of its rows if few are pending.
 */
export function pageSample(
  selection: RowSelection,
  parameters: Parameters,
  { share, where, parts }: SampleOptions,
): string {
  return `nb_sample AS MATERIALIZED (
        SELECT ${selection.identity}, ${selection.keyJson} AS nb_key, (${selection.isPending(parameters)}) IS TRUE AS nb_due
        FROM ${selection.from} TABLESAMPLE SYSTEM (${parameters.add(share * 100, 'real')}) WHERE ${where}
      ), nb_chosen AS MATERIALIZED (
        SELECT * FROM nb_sample
        WHERE nb_due OR (SELECT pg_catalog.count(*) FILTER (WHERE nb_due) < ${parameters.add(MIN_PENDING_PER_PART * parts, 'int')} FROM nb_sample)
      )`;
}

/** The share of the table's pages that a sample reads, from 0 to 1. */
export async function sampledShare(session: Session, selection: RowSelection): Promise<number> {
  return Math.min(1, MAX_SAMPLE_PAGES / Math.max(1, await pagesOf(session, selection)));
}

/** The number of pages of the table and its partitions. */
async function pagesOf(session: Session, { definition }: RowSelection): Promise<number> {
  const result = await session.sendWithin(applyPolicy(definition.pace), [
    {
      text: `WITH RECURSIVE nb_tables AS (
          SELECT pg_catalog.to_regclass($1)::oid AS oid UNION ALL SELECT inhrelid FROM pg_catalog.pg_inherits JOIN nb_tables ON inhparent = oid
        )
        SELECT coalesce(pg_catalog.sum(pg_catalog.pg_relation_size(oid) / pg_catalog.current_setting('block_size')::int), 0)::text FROM nb_tables`,
      values: [definition.table],
    },
  ]);
  return result.last.value(number);
}

/** Pending rows per page in a sample of the table; null if the sample takes too long. */
export async function pendingPerPage(session: Session, selection: RowSelection): Promise<number | null> {
  const share = await sampledShare(session, selection);
  const parameters = selection.parameters();
  const sample = pageSample(selection, parameters, { share, where: 'true', parts: 1 });
  const result = await queryWithin(SAMPLE_MS, session, selection, {
    text: `WITH ${sample} SELECT pg_catalog.count(*) FILTER (WHERE nb_due)::text FROM nb_sample`,
    values: parameters.values,
  });
  if (result === TOO_SLOW) return null;
  return result.value(number) / Math.max(1, share * (await pagesOf(session, selection)));
}
