import {
  isObject,
  kindOf,
  list,
  nameParts,
  nodeOf,
  nodesOf,
  text,
  visit,
  type Json,
  type SqlParser,
} from 'nestjs-backfill-sql/tree';
import type { SchemaChange, TableName } from './schema-change.types.js';

/** What SQL statements do to tables and columns, as PostgreSQL's parser reads them. */
export class StatementChanges {
  readonly #parser: SqlParser;

  constructor(parser: SqlParser) {
    this.#parser = parser;
  }

  /** @param sql one or more statements */
  of(sql: string): readonly SchemaChange[] {
    if (!MAY_CHANGE_TABLES.test(sql)) return [];
    const parsed = this.#parser.parse(sql);
    if (!parsed.ok) return [{ kind: 'unclear', reason: 'PostgreSQL rejects the SQL' }];
    return parsed.value.stmts.flatMap(({ stmt }) => this.#ofStatement(stmt, sql));
  }

  #ofStatement(stmt: Json, sql: string): readonly SchemaChange[] {
    const [kind, fields] = kindOf(stmt) ?? ['', {}];
    return kind === 'DoStmt' ? this.#ofBody(sql) : (READERS.get(kind)?.(fields) ?? []);
  }

  /** Statements of a DO block. Those under a condition count: it usually asks whether the object exists. */
  #ofBody(sql: string): readonly SchemaChange[] {
    const parsed = this.#parser.parsePlpgsql(sql);
    if (!parsed.ok) return [{ kind: 'unclear', reason: 'the guard cannot read a DO block' }];
    const changes: SchemaChange[] = [];
    visit({ tree: parsed.value }, (kind, fields) => {
      if (kind === 'PLpgSQL_stmt_dynexecute') changes.push(...this.#ofDynamic(fields));
      if (kind === 'PLpgSQL_expr' && (fields['parseMode'] ?? STATEMENT_MODE) === STATEMENT_MODE)
        changes.push(...this.of(text(fields['query']) ?? ''));
      return kind !== 'PLpgSQL_stmt_dynexecute';
    });
    return changes;
  }

  /** `EXECUTE '…'` */
  #ofDynamic(fields: Json): readonly SchemaChange[] {
    const query = isObject(fields['query']) ? fields['query']['PLpgSQL_expr'] : undefined;
    const expression = isObject(query) ? (text(query['query']) ?? '') : '';
    const literal = /^\s*'((?:[^']|'')*)'\s*$/.exec(expression)?.[1];
    if (literal !== undefined) return this.of(literal.replaceAll("''", "'"));
    const isHarmless = expression !== '' && /'/.test(expression) && !MAY_CHANGE_TABLES.test(expression);
    return isHarmless ? [] : [{ kind: 'unclear', reason: 'EXECUTE runs a string that is built at run time' }];
  }
}

/** PLpgSQL_expr.parseMode of a statement, as opposed to an expression. */
const STATEMENT_MODE = 0;

/** Before the parser: most statements change no table. */
const MAY_CHANGE_TABLES = /\b(?:table|into|column|view|schema|rename|do|database|index|type)\b/i;

type StatementReader = (fields: Json) => readonly SchemaChange[];

const READERS: ReadonlyMap<string, StatementReader> = new Map<string, StatementReader>([
  ['CreateStmt', createTable],
  ['CreateForeignTableStmt', (fields) => createTable(isObject(fields['base']) ? fields['base'] : {})],
  ['CreateTableAsStmt', createTableAs],
  ['SelectStmt', selectInto],
  ['AlterTableStmt', alterTable],
  ['AlterObjectSchemaStmt', alterSchema],
  ['RenameStmt', rename],
  ['DropStmt', drop],
  ['CreateSchemaStmt', ({ schemaElts }) => list(schemaElts).flatMap(ofElement)],
]);

function ofElement(node: unknown): readonly SchemaChange[] {
  const [kind, fields] = kindOf(node) ?? ['', {}];
  return READERS.get(kind)?.(fields) ?? [];
}

function createTable(fields: Json): readonly SchemaChange[] {
  const table = tableOf(fields['relation']);
  if (!table) return [];
  const columns = nodesOf(fields['tableElts'], 'ColumnDef').map(({ colname }) => text(colname) ?? '');
  const takesOthers =
    list(fields['inhRelations']).length > 0 ||
    nodesOf(fields['tableElts'], 'TableLikeClause').length > 0 ||
    fields['ofTypename'] !== undefined;
  return [
    {
      kind: 'create-table',
      table,
      columns,
      ...(takesOthers ? { unclear: 'it takes the columns of another table' } : {}),
    },
    ...referencedTables(fields),
  ];
}

function createTableAs(fields: Json): readonly SchemaChange[] {
  const into = isObject(fields['into']) ? fields['into'] : {};
  if (fields['objtype'] !== undefined && fields['objtype'] !== 'OBJECT_TABLE') return [];
  return copiedTable(into);
}

function selectInto({ intoClause }: Json): readonly SchemaChange[] {
  return isObject(intoClause) ? copiedTable(intoClause) : [];
}

function copiedTable(into: Json): readonly SchemaChange[] {
  const table = tableOf(into['rel']);
  const columns = nameParts(into['colNames']);
  return table ? [{ kind: 'create-table', table, columns, unclear: 'a query defines its columns' }] : [];
}

function alterTable(fields: Json): readonly SchemaChange[] {
  const table = tableOf(fields['relation']);
  if (
    !table ||
    (fields['objtype'] !== undefined && !/^OBJECT_(?:FOREIGN_)?TABLE$/.test(text(fields['objtype']) ?? ''))
  )
    return [];
  const changes = nodesOf(fields['cmds'], 'AlterTableCmd').flatMap((command): readonly SchemaChange[] => {
    const definition = nodeOf(command['def'], 'ColumnDef');
    switch (text(command['subtype'])) {
      case 'AT_AddColumn':
        return [{ kind: 'add-column', table, column: text(definition?.['colname']) ?? '' }];
      case 'AT_DropColumn':
        return [{ kind: 'drop-column', table, column: text(command['name']) ?? '' }];
      case 'AT_AddInherit':
        return [{ kind: 'unclear', table, reason: 'it takes the columns of another table' }];
      default:
        return [];
    }
  });
  return [{ kind: 'name-table', table }, ...changes, ...referencedTables(fields)];
}

/** Tables that a foreign key refers to exist. */
function referencedTables(tree: Json): readonly SchemaChange[] {
  const tables: SchemaChange[] = [];
  visit({ tree }, (kind, fields) => {
    const table = kind === 'Constraint' ? tableOf(fields['pktable']) : undefined;
    if (table) tables.push({ kind: 'name-table', table });
    return true;
  });
  return tables;
}

function alterSchema(fields: Json): readonly SchemaChange[] {
  const table = tableOf(fields['relation']);
  const schema = text(fields['newschema']);
  if (!table || schema === undefined || text(fields['objectType']) !== 'OBJECT_TABLE') return [];
  return [{ kind: 'rename-table', table, to: { schema, name: table.name } }];
}

function rename(fields: Json): readonly SchemaChange[] {
  const table = tableOf(fields['relation']);
  const to = text(fields['newname']) ?? '';
  if (!table) return [];
  if (text(fields['renameType']) === 'OBJECT_TABLE')
    return [{ kind: 'rename-table', table, to: { ...table, name: to } }];
  if (text(fields['renameType']) !== 'OBJECT_COLUMN' || text(fields['relationType']) !== 'OBJECT_TABLE')
    return [];
  return [{ kind: 'rename-column', table, column: text(fields['subname']) ?? '', to }];
}

function drop(fields: Json): readonly SchemaChange[] {
  if (text(fields['removeType']) === 'OBJECT_SCHEMA')
    return [{ kind: 'unclear', reason: 'DROP SCHEMA drops tables that it does not name' }];
  if (text(fields['removeType']) !== 'OBJECT_TABLE') return [];
  return list(fields['objects']).map((object): SchemaChange => {
    const parts = nameParts(object);
    const [name = '', schema] = [parts.at(-1), parts.at(-2)];
    return { kind: 'drop-table', table: { name, ...(schema === undefined ? {} : { schema }) } };
  });
}

/** A RangeVar, with or without the name of its kind around it. */
function tableOf(relation: unknown): TableName | undefined {
  const fields = nodeOf(relation, 'RangeVar') ?? (isObject(relation) ? relation : {});
  const name = text(fields['relname']);
  const schema = text(fields['schemaname']);
  return name === undefined ? undefined : { name, ...(schema === undefined ? {} : { schema }) };
}
