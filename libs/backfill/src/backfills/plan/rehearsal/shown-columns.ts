import type { ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { quoteIdentifier } from '../../../postgres/identifiers.js';
import type { PreviewedRow, PreviewedValues } from '../../../report/preview.js';
import { columnOfRow, tableOf } from '../../definition/columns.js';
import { ROW, type Assignment, type BackfillDefinition } from '../../definition/definition.js';

/** A column whose values a preview shows. */
export interface ShownColumn {
  /** Not quoted. */
  readonly name: string;
  /** Its value, as SQL over the current row. */
  readonly expression: string;
  /** The entity has `select: false`, so that its values are not shown. */
  readonly isHidden: boolean;
}

const HIDDEN = '(hidden)';
const CHANGED = '(hidden, changed)';

/**
 * The columns that the backfill writes; with `purge`, which deletes rows, the columns of the entity. With `copy`, the
 * columns of the other table, and what they get. Code of `process` may change anything.
 */
export function shownColumns(definition: BackfillDefinition): readonly ShownColumn[] {
  switch (definition.kind) {
    case 'set':
      return writtenColumns(definition, definition.assignments.map(nameOf));
    case 'transform': {
      const { writes, touched } = definition;
      const names = [...writes.map(({ databaseName }) => databaseName), ...touched.map(nameOf)];
      return writtenColumns(definition, names);
    }
    case 'purge':
      return definition.metadata.columns.filter(isStored).map(shown);
    case 'copy': {
      const target = definition.dataSource.entityMetadatas.find(
        (each) => tableOf(each) === definition.target,
      );
      return definition.assignments.map((assignment) => {
        const name = nameOf(assignment);
        const column = target?.columns.find(({ databaseName }) => databaseName === name);
        return { name, expression: assignment.expression, isHidden: column?.isSelect === false };
      });
    }
    case 'process':
      return [];
  }
}

/** What a preview shows of a row. Of a hidden column, only whether it has changed. */
export function hide(
  columns: readonly ShownColumn[],
  before: PreviewedValues,
  after: PreviewedValues | null,
): Pick<PreviewedRow, 'before' | 'after'> {
  const hidden = columns.filter(({ isHidden }) => isHidden).map(({ name }) => name);
  const isSame = (name: string) => after === null || before[name] === after[name];
  const masked = (values: PreviewedValues, text: (name: string) => string) => ({
    ...values,
    ...Object.fromEntries(hidden.map((name) => [name, text(name)])),
  });
  return {
    before: masked(before, () => HIDDEN),
    after: after && masked(after, (name) => (isSame(name) ? HIDDEN : CHANGED)),
  };
}

function writtenColumns(
  { metadata }: Pick<BackfillDefinition, 'metadata'>,
  names: readonly string[],
): readonly ShownColumn[] {
  return [...new Set(names)].map((name) => {
    const column = metadata.columns.find(({ databaseName }) => databaseName === name);
    return column ? shown(column) : { name, expression: `${ROW}.${quoteIdentifier(name)}`, isHidden: false };
  });
}

function shown(column: ColumnMetadata): ShownColumn {
  return { name: column.databaseName, expression: columnOfRow(column), isHidden: !column.isSelect };
}

/** A virtual property is no column of the table. */
function isStored({ isVirtualProperty }: ColumnMetadata): boolean {
  return !isVirtualProperty;
}

function nameOf({ column }: Assignment): string {
  return column.slice(1, -1).replaceAll('""', '"');
}
