import type { ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { quoteIdentifier } from '../../../postgres/identifiers.js';
import type { BackfillOptions } from '../../declare/backfill.options.js';
import { columnOfRow } from '../columns.js';
import type { Assignment, DefinitionBase } from '../definition.js';

/**
 * With `touch`, what a repository's `save` would set: the `@UpdateDateColumn` and the `@VersionColumn`, unless the
 * backfill writes them itself.
 */
export function touchedColumns(
  { metadata }: Pick<DefinitionBase, 'metadata'>,
  { touch = false }: BackfillOptions,
  written: readonly ColumnMetadata[],
): Assignment[] {
  if (!touch) return [];
  const { updateDateColumn: updated, versionColumn: version } = metadata;
  return [
    ...(updated && !written.includes(updated) ? [assignment(updated, 'CURRENT_TIMESTAMP')] : []),
    ...(version && !written.includes(version)
      ? [assignment(version, `${columnOfRow(version)} OPERATOR(pg_catalog.+) 1`)]
      : []),
  ];
}

function assignment({ databaseName }: ColumnMetadata, expression: string): Assignment {
  return { column: quoteIdentifier(databaseName), expression };
}
