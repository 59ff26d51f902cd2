import type { DataFinding } from 'nestjs-backfill-sql';
import type { Draft, Proposal } from '../proposal.types.js';
import { joinedTables, toRowReferences } from '../row-references.js';
import { backfillClass, template } from './backfill-class.js';

/** A purge backfill for DELETE and TRUNCATE. */
export function purgeProposal(draft: Draft, sql: DataFinding): Proposal {
  const joined = joinedTables(sql);
  const condition = sql.where === undefined ? 'true' : toRowReferences(sql.where.text, sql);
  const where = joined === undefined ? condition : `EXISTS (SELECT 1 FROM ${joined} WHERE ${condition})`;
  return backfillClass(draft, {
    kind: 'purge',
    suffix: ['purge'],
    options: [`  kind: 'purge',`, `  where: ${template(where)},`],
  });
}
