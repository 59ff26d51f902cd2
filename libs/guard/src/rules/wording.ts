import type { DmlOperation } from 'nestjs-backfill-sql';
import type { LoopKind, OrmEvent } from '../evaluate/machine/event.types.js';
import type { SuppressionProblem } from '../check/outcome.js';
import type { Finding } from '../judge/finding.types.js';

const SENTENCE: Readonly<Record<DmlOperation, (table: string) => string>> = {
  update: (table) => `UPDATE rewrites rows of ${table}`,
  insert: (table) => `INSERT adds rows to ${table}`,
  'insert-select': (table) => `INSERT … SELECT copies rows into ${table}`,
  delete: (table) => `DELETE removes rows of ${table}`,
  merge: (table) => `MERGE changes rows of ${table}`,
  copy: (table) => `COPY loads rows into ${table}`,
  truncate: (table) => `TRUNCATE empties ${table}`,
  'create-table-as': (table) => `CREATE TABLE AS copies rows into ${table}`,
  'select-into': (table) => `SELECT INTO copies rows into ${table}`,
  'large-object': () => 'large objects are written',
};

export interface Circumstances {
  readonly via: readonly string[];
  readonly loop?: LoopKind | undefined;
  readonly helper?: string | undefined;
  readonly inCte?: boolean;
}

/** What the statement does, and through what. */
export function operationSentence(
  operation: DmlOperation,
  table: string | undefined,
  { via, loop, helper, inCte }: Circumstances,
): string {
  const base = SENTENCE[operation](table ?? 'a table');
  const through = [...(helper === undefined ? [] : [`${helper}()`]), ...via, ...(inCte ? ['a CTE'] : [])];
  return `${base}${through.length > 0 ? `, through ${through.join(' → ')}` : ''}${loop === 'rows' ? ', once for each row' : ''}`;
}

const THROUGH = {
  manager: 'the entity manager',
  repository: 'a repository',
  entity: 'the entity itself',
  builder: 'a query builder',
  runner: 'the query runner',
} as const satisfies Record<OrmEvent['through'], string>;

export function ormSentence(event: OrmEvent): string {
  const loop = event.loops.includes('rows') ? ', once for each row' : '';
  return `${event.method}() changes rows of ${event.entity?.table ?? 'a table'} through ${THROUGH[event.through]}${loop}`;
}

/** What is wrong with a comment that is to suppress a finding, and what to write instead. */
export function suppressionSentence({ suppression: { rule }, problem }: SuppressionProblem): string {
  const comment = `nestjs-backfill-ignore${rule === '' ? '' : ` ${rule}`}`;
  switch (problem) {
    case 'no-reason':
      return `${comment} has no reason, and suppresses nothing: write one behind a colon`;
    case 'wildcard':
      return `${comment} would let everything through, and suppresses nothing: name the rule that the finding names, \`nestjs-backfill-ignore update: <reason>\`, one comment a rule`;
    case 'unknown-rule':
      return `${comment} names no rule of the guard, and suppresses nothing: name the rule that the finding names, one comment a rule`;
    case 'unused':
      return `${comment} suppresses nothing any more: remove it`;
  }
}

export function stopSentence(stop: NonNullable<Finding['stop']>, detail: string): string {
  switch (stop) {
    case 'helper':
      return `${detail} receives the database, and its code could not be read`;
    case 'application':
      return `${detail} runs code of the application, which could not be followed`;
    case 'outside':
      return `${detail} runs what is outside of this code, and may reach the database by itself`;
    case 'sql':
      return `the SQL in ${detail} is not known`;
    case 'budget':
      return `the code is too large to follow: ${detail}`;
    case 'module':
      return detail;
    case 'unparsed':
      return `PostgreSQL's parser refuses it: ${detail}`;
    case 'call':
      return `what ${detail} does could not be read`;
    case 'dynamic':
      return `EXECUTE of a string that is put together at run time: ${detail}`;
  }
}
