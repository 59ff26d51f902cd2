import type { TableName } from '../../classification/statement.types.js';
import { type Json, list, nodesOf, text } from '../../parser/parser-nodes.js';
import { fullTableName, type StatementInspection } from '../statement-inspection.js';
import { droppedNames, nameOfParts, signatureOf } from '../table-names.js';
import { dropIndexes } from './index.rules.js';
import { dropSequences } from './sequence.rules.js';

const DROPS_TABLES = new Set(['OBJECT_TABLE', 'OBJECT_FOREIGN_TABLE']);

export function drop(on: StatementInspection): void {
  const { fields } = on.ddl;
  const type = text(fields['removeType']) ?? '';
  if (type === 'OBJECT_INDEX') return dropIndexes(on);
  if (fields['behavior'] === 'DROP_CASCADE') cascade(on, type);
  if (type === 'OBJECT_VIEW' || type === 'OBJECT_MATVIEW') return dropViews(on);
  if (!DROPS_TABLES.has(type)) return;
  for (const table of droppedNames(fields)) {
    if (type === 'OBJECT_TABLE')
      on.report('drop-table', {
        table,
        message: `releases that still run fail when they read ${fullTableName(table)}`,
      });
    on.state.drop(table);
  }
}

function cascade(on: StatementInspection, type: string): void {
  if (type === 'OBJECT_SCHEMA') dropSchemas(on);
  if (type === 'OBJECT_SEQUENCE') dropSequences(on);
  if (TYPES_OF_COLUMNS[type]) dropTypes(on, TYPES_OF_COLUMNS[type]);
  if (ROUTINES[type]) dropRoutines(on, ROUTINES[type]);
}

/** A migration that creates the view again in its transaction leaves no gap: see `DroppedObjects`. */
function dropViews(on: StatementInspection): void {
  for (const view of droppedNames(on.ddl.fields)) {
    const { length } = on.findings;
    on.report('drop-view', {
      table: view,
      message: `releases that still run fail when they read ${fullTableName(view)}`,
    });
    if (on.findings.length > length) on.state.dropView(view);
    else on.state.drop(view);
  }
}

/** What CASCADE drops together with its columns. */
const TYPES_OF_COLUMNS: Readonly<Record<string, string>> = {
  OBJECT_TYPE: 'TYPE',
  OBJECT_DOMAIN: 'DOMAIN',
  OBJECT_EXTENSION: 'EXTENSION',
};

function dropTypes(on: StatementInspection, kind: string): void {
  const names = kind === 'EXTENSION' ? namesOf(on.ddl.fields) : droppedNames(on.ddl.fields);
  for (const name of names) {
    if (on.state.isUnused(name)) continue;
    on.report('drop-column', {
      message: `DROP ${kind} … CASCADE drops every column that has a type of ${fullTableName(name)}`,
    });
  }
}

const ROUTINES: Readonly<Record<string, string>> = {
  OBJECT_FUNCTION: 'FUNCTION',
  OBJECT_PROCEDURE: 'PROCEDURE',
  OBJECT_ROUTINE: 'ROUTINE',
  OBJECT_AGGREGATE: 'AGGREGATE',
  OBJECT_OPERATOR: 'OPERATOR',
};

/** Without CASCADE, PostgreSQL refuses the drop while a trigger, view, default or constraint uses the routine. */
function dropRoutines(on: StatementInspection, kind: string): void {
  for (const object of nodesOf(on.ddl.fields['objects'], 'ObjectWithArgs')) {
    const name = nameOfParts(object['objname']);
    if (!name) continue;
    const signature = signatureOf(
      name,
      object['args_unspecified'] === true ? undefined : list(object['objargs']),
    );
    if (on.state.isUnused(signature)) {
      on.state.drop(signature);
      continue;
    }
    on.report('drop-function', {
      message: `DROP ${kind} … CASCADE drops every trigger, view, default, generated column, constraint and index that uses ${fullTableName(name)}`,
      names: { function: fullTableName(name) },
    });
  }
}

function namesOf(fields: Json): readonly TableName[] {
  return list(fields['objects'])
    .map(text)
    .filter((name) => name !== undefined)
    .map((name) => ({ name }));
}

function dropSchemas(on: StatementInspection): void {
  for (const item of list(on.ddl.fields['objects'])) {
    const schema = text(item);
    if (schema === undefined || on.state.isUnused({ name: schema })) continue;
    on.report('drop-table', { message: `DROP SCHEMA … CASCADE drops every table of ${schema}` });
  }
}

export function dropOwned(on: StatementInspection): void {
  on.report('drop-table', { message: 'DROP OWNED drops every table of the role' });
}

/** DROP DATABASE. */
export function dropDatabase(on: StatementInspection): void {
  on.report('drop-table', {
    message: `DROP DATABASE drops every table of ${text(on.ddl.fields['dbname']) ?? 'it'}`,
  });
}
