import type { DataFinding, DmlOperation } from 'nestjs-backfill-sql';
import type { MigrationReport } from '../check/check.types.js';
import type { Finding } from '../judge/finding.types.js';
import { findEntity, importPath } from './entity.finder.js';
import { entityNameOf, kebabCase } from './names.js';
import type { Draft, Proposal } from './proposal.types.js';
import { copyProposal } from './proposals/copy.proposal.js';
import { processProposal } from './proposals/process.proposal.js';
import { purgeProposal } from './proposals/purge.proposal.js';
import { setProposal } from './proposals/set.proposal.js';
import { transformProposal } from './proposals/transform.proposal.js';

export interface ProposalContext {
  /** The folder of the backfills, for the imports of the class. */
  readonly folder?: string;
  /** Search the sources for the entity class. @default false */
  readonly findEntities?: boolean;
}

/** The backfill to write instead of a data change; undefined if the table is unknown. */
export function proposalFor(
  finding: Finding,
  migration: MigrationReport,
  context: ProposalContext = {},
): Proposal | undefined {
  const { table, sql } = finding;
  if (table === undefined || table.includes('${')) return undefined;
  const draft = draftOf(finding, subjectOf(table, sql), { ...context, migration });
  if (finding.rule === 'row-loop') return transformProposal(draft);
  const propose = sql && PROPOSALS[sql.operation];
  return propose ? propose(draft, sql, table) : processProposal(draft);
}

const PROPOSALS: Readonly<
  Partial<Record<DmlOperation, (draft: Draft, sql: DataFinding, table: string) => Proposal>>
> = {
  update: (draft, sql) => (sql.inLoop ? transformProposal(draft) : setProposal(draft, sql)),
  delete: purgeProposal,
  truncate: purgeProposal,
  'insert-select': copyProposal,
  'create-table-as': copyProposal,
  'select-into': copyProposal,
};

/** A copy goes through the rows of its source; every other kind through the rows of the changed table. */
function subjectOf(table: string, sql: DataFinding | undefined): string {
  return sql?.operation === 'insert-select' ? (sql.sources[0]?.name ?? table) : table;
}

function draftOf(
  finding: Finding,
  table: string,
  { migration, folder, findEntities }: ProposalContext & { readonly migration: MigrationReport },
): Draft {
  const found = findEntities ? findEntity(table, migration.file) : undefined;
  const guessed = entityNameOf(table);
  return {
    finding,
    table,
    entity: found?.className ?? guessed,
    entityImport:
      found && folder !== undefined
        ? importPath(folder, found.file)
        : `../entities/${kebabCase(guessed)}.entity.js`,
    found,
  };
}
