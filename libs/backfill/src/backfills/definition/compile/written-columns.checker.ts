import type { ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { KeyChangedError } from '../../declare/errors/key.error.js';
import { PredicateNotFalsifiedError } from '../../declare/errors/predicate.error.js';
import type { CompiledPredicate } from '../definition.js';
import { mentionsColumn } from '../column-mentions.js';

/**
 * Refuses a change that writes the key, and a change that cannot affect the pending predicate.
 *
 * @throws KeyChangedError, PredicateNotFalsifiedError
 */
export function checkWrittenColumns(
  className: string,
  written: readonly ColumnMetadata[],
  { key, pending }: { readonly key: readonly ColumnMetadata[]; readonly pending: CompiledPredicate },
): void {
  const changedKey = written.find((column) => key.includes(column));
  if (changedKey) throw new KeyChangedError(className, changedKey.propertyPath);
  // The text of a sub-query does not show which table a column belongs to. The run checks each changed row
  // instead.
  if (/\bselect\b/i.test(pending.text)) return;
  // No row is pending, so none can still be pending after a change. The generator writes this until a person says which.
  if (/^\(*\s*false\s*\)*$/i.test(pending.text)) return;
  if (!written.some(({ databaseName }) => mentionsColumn(pending.text, databaseName))) {
    throw new PredicateNotFalsifiedError(
      className,
      written.map(({ propertyPath }) => propertyPath),
      pending.text,
    );
  }
}
