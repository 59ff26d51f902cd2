import type { DmlOperation } from 'nestjs-backfill-sql';
import type { LoopKind, OrmEvent } from '../evaluate/machine/event.types.js';
import type { Finding } from './finding.types.js';

const OPERATION_SENTENCES: Readonly<Record<DmlOperation, (table: string) => string>> = {
  update: (table) => `UPDATE rewrites rows of ${table}`,
  insert: (table) => `INSERT adds rows to ${table}`,
  'insert-select': (table) => `INSERT … SELECT copies rows into ${table}`,
  delete: (table) => `DELETE removes rows of ${table}`,
  merge: (table) => `MERGE changes rows of ${table}`,
  copy: (table) => `COPY loads rows into ${table}`,
  truncate: (table) => `TRUNCATE empties ${table}`,
  'create-table-as': (table) => `CREATE TABLE AS copies rows into ${table}`,
  'select-into': (table) => `SELECT INTO copies rows into ${table}`,
  'large-object': () => 'a function call writes large objects',
};

export interface Circumstances {
  readonly via: readonly string[];
  readonly loop?: LoopKind | undefined;
  readonly helper?: string | undefined;
  readonly inCte?: boolean;
}

/** What a statement does, and the routines, blocks and loops that run it. */
export function operationSentence(
  operation: DmlOperation,
  table: string | undefined,
  { via, loop, helper, inCte }: Circumstances,
): string {
  const steps = [...(helper === undefined ? [] : [`${helper}()`]), ...via, ...(inCte ? ['a CTE'] : [])];
  const through = steps.length > 0 ? `, through ${steps.join(' → ')}` : '';
  return `${OPERATION_SENTENCES[operation](table ?? 'a table')}${through}${repetition(loop)}`;
}

const THROUGH = {
  manager: 'the entity manager',
  repository: 'a repository',
  entity: 'the entity itself',
  builder: 'a query builder',
  runner: 'the query runner',
} as const satisfies Record<OrmEvent['through'], string>;

export function ormSentence({ method, entity, through, loops }: OrmEvent): string {
  const loop = loops.includes('rows') ? 'rows' : undefined;
  return `${method}() changes rows of ${entity?.table ?? 'a table'} through ${THROUGH[through]}${repetition(loop)}`;
}

function repetition(loop: LoopKind | undefined): string {
  return loop === 'rows' ? ', once for each row' : '';
}

const STOP_SENTENCES = {
  helper: (code) => `${code} receives access to the database, but the guard cannot read its code`,
  application: (code) => `${code} runs code of the application, which the guard cannot follow`,
  outside: (code) => `${code} reaches code outside the migration, which can open its own database connection`,
  unknown: (code) => `${code} may change rows: its code is not in the files that the guard can read`,
  branch: (condition) =>
    `this data change runs under \`${condition}\`, and the guard cannot prove that this condition is false on PostgreSQL`,
  sql: (code) => `the guard cannot read the SQL text in ${code}`,
  synchronize: (code) =>
    `${code}() changes the database to fit the entities: it may drop columns with their values`,
  budget: (detail) => `the code is too large to follow: ${detail}`,
  module: (detail) => detail,
  unparsed: (detail) => detail,
  call: (detail) => detail,
  dynamic: (code) => `EXECUTE runs a string that is built at run time: ${code}`,
} as const satisfies Record<NonNullable<Finding['stop']>, (detail: string) => string>;

/** Why the guard cannot decide. @param detail the code or the whole sentence, by `stop` */
export function stopSentence(stop: NonNullable<Finding['stop']>, detail: string): string {
  return STOP_SENTENCES[stop](detail);
}
