import type { TableName } from '../../classification/statement.types.js';
import { constantText, type Json, list, nameParts, nodeOf, text, visit } from '../../parser/parser-nodes.js';
import { SERIAL_TYPES, typeOfNode } from '../column-types.js';
import type { SequenceUser } from '../lock.types.js';
import { fullTableName, type StatementInspection } from '../statement-inspection.js';
import { droppedNames } from '../table-names.js';
import { columnConstraints } from './constraint.rules.js';

/** DROP SEQUENCE … CASCADE. Without CASCADE, PostgreSQL refuses the drop while a default uses the sequence. */
export function dropSequences(on: StatementInspection): void {
  for (const sequence of droppedNames(on.ddl.fields)) {
    if (on.state.isUnused(sequence)) continue;
    for (const { table, column } of usersOf(on, sequence)) {
      const { length } = on.findings;
      on.report('default-dropped', {
        table,
        message: `DROP SEQUENCE … CASCADE drops the default of ${fullTableName(table)}.${column}, which takes its numbers from ${fullTableName(sequence)}, so that inserts of a release that relies on it fail`,
        names: { column },
      });
      if (on.findings.length > length) on.state.dropped.dropDefault(table, column);
    }
  }
}

/** Statements of the same query may have dropped what the catalog still has. */
function usersOf(on: StatementInspection, sequence: TableName): readonly SequenceUser[] {
  if (on.isMissing(sequence)) return [];
  const users = on.context.catalog?.table(sequence)?.usedBy ?? on.state.usersOf(sequence);
  return users.filter(
    ({ table, column }) => !on.state.dropped.hasRelation(table) && !on.state.hasDropped(table, column),
  );
}

/** The sequence from which a column of this definition takes its numbers. */
export function sequenceOfColumn(table: TableName, definition: Json): TableName | undefined {
  const type = typeOfNode(nodeOf({ TypeName: definition['typeName'] }, 'TypeName'))?.name ?? '';
  if (SERIAL_TYPES.has(type))
    return { ...table, name: `${table.name}_${text(definition['colname']) ?? ''}_seq` };
  const constraints = columnConstraints(definition);
  return sequenceOfDefault(constraints.find(({ contype }) => contype === 'CONSTR_DEFAULT')?.['raw_expr']);
}

/** The sequence of `nextval('…')`. */
export function sequenceOfDefault(expression: unknown): TableName | undefined {
  let written: string | undefined;
  visit({ expression }, (kind, { funcname, args }) => {
    if (kind === 'FuncCall' && nameParts(funcname).at(-1) === 'nextval')
      written ??= constantText(withoutCast(list(args)[0]));
    return true;
  });
  const parts = [...(written ?? '').matchAll(/"((?:[^"]|"")+)"|([^".\s]+)/g)].map(
    ([, quoted, plain = '']) => quoted?.replaceAll('""', '"') ?? plain.toLowerCase(),
  );
  const [name, schema] = parts.reverse();
  return name === undefined ? undefined : { name, ...(schema !== undefined && { schema }) };
}

function withoutCast(value: unknown): unknown {
  const cast = nodeOf(value, 'TypeCast');
  return cast ? withoutCast(cast['arg']) : value;
}
