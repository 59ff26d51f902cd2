import {
  isInert,
  isRestorable,
  LOCK_EFFECTS,
  LockJudge,
  lockLookups,
  namedTables,
  safeStatements,
  type StatementClassifier,
} from 'nestjs-backfill-sql';
import type {
  DataFinding,
  DdlStatement,
  LockCatalog,
  LockContext,
  LockFinding,
  SchemaState,
  Statement,
  TableName,
  TextPosition,
  Unknown,
} from 'nestjs-backfill-sql';
import { KNOWN_DATABASE } from './known-database.fixtures.ts';
import { NEXT_RELEASE } from './statements.fixtures.ts';
import { AT_VERSION, IN_KNOWN_DATABASE, NEXT_MIGRATION, READ_AGAIN, ROLLED_BACK } from './more.fixtures.ts';

/** What happens between statements, by the mark in the text. */
const BETWEEN: Readonly<Record<string, (state: SchemaState) => void>> = {
  [NEXT_RELEASE]: (state) => state.startRelease(),
  [NEXT_MIGRATION]: (state) => state.startMigration(),
  [ROLLED_BACK]: (state) => state.forgetNew(),
  [READ_AGAIN]: (state) => state.forgetColumns(),
};
const MARKS = new RegExp(`(${Object.keys(BETWEEN).join('|')})`);

/** Earlier statements, and what happens after them. */
interface Earlier {
  readonly ddl: readonly DdlStatement[];
  readonly mark: string;
}

type Database = Pick<LockContext, 'postgres'> & { readonly catalog: LockCatalog | undefined };

/** What is known about each statement of a text, and the dangers of their locks, as lines. */
export function describeText(classifier: StatementClassifier, sql: string): string {
  const parts = sql.split(MARKS);
  const { statements, failure, temporary } = classifier.classify(parts.at(-1) ?? '');
  const history = parts.flatMap((part, at): readonly Earlier[] => {
    if (!(part in BETWEEN)) return [];
    return [
      { ddl: classifier.classify(parts[at - 1] ?? '').statements.flatMap(({ ddl }) => ddl), mark: part },
    ];
  });
  const version = sql.split(AT_VERSION)[1];
  const database: Database = {
    catalog: sql.includes(IN_KNOWN_DATABASE) ? KNOWN_DATABASE : undefined,
    ...(version !== undefined && { postgres: parseInt(version) }),
  };
  if (failure) return `${oneLine(sql)}\n  fails: ${failure.message} at ${placeOf(failure)}`;
  const several = statements.length > 1;
  const lines = statements.flatMap((statement) => [
    ...(several ? [`  ${oneLine(statement.text)}`, `  from ${placeOf(statement)} to ${statement.end}`] : []),
    `  ${statement.effect}${factsOf(statement)}`,
    ...statement.findings.map((finding) => `  ! ${findingLine(finding)}`),
    ...statement.unknowns.map((one) => `  ? ${unknownLine(one)}`),
  ]);
  const kept = temporary.size > 0 ? [`  temporary: ${[...temporary].join(' ').replaceAll('\0', '*')}`] : [];
  return [oneLine(sql), ...lines, ...kept, ...lockLines(statements, history, database)].join('\n');
}

function factsOf(statement: Statement): string {
  const { transaction, prepares, settings, calls, creates } = statement;
  const facts = [
    ...(transaction === undefined ? [] : [transaction]),
    ...(prepares === undefined ? [] : [`prepares ${prepares}`]),
    ...(statement.controlsTransaction ? ['controls the transaction'] : []),
    ...(statement.refusesTransaction ? ['refuses a transaction'] : []),
    ...(isInert(statement) ? ['inert'] : []),
    ...settings.map(({ name, value = '?' }) => `${name} = ${value}`),
    ...calls.map(
      (call) =>
        `${call.kind === 'procedure' ? 'CALL' : 'calls'} ${pathOf(call)}/${call.arguments} at ${placeOf(call)}`,
    ),
    ...creates.map((one) => `creates ${one.kind} ${pathOf(one)}/${one.parameters} in ${one.language}`),
  ];
  return facts.length > 0 ? ` (${facts.join(', ')})` : '';
}

function findingLine(finding: DataFinding): string {
  const { where, table, rows } = finding;
  const shape = where && [
    where.text,
    ...(where.tautology ? ['tautology'] : []),
    ...(where.joinOnly ? ['join'] : []),
    ...(where.selective ? ['selective'] : []),
    where.conjuncts.map(({ kind, columns }) => `${kind} ${columns.join(' ')}`).join(' & '),
  ];
  return [
    `${finding.rule}: ${finding.operation} ${table ? pathOf(table) : '?'} at ${placeOf(finding)}`,
    ...finding.via.map((step) => `via ${step}`),
    ...(finding.inLoop ? ['in a loop'] : []),
    ...(finding.inCte ? [`in a CTE: ${oneLine(finding.text)}`] : []),
    ...(finding.dynamic ? ['dynamic'] : []),
    ...(rows === undefined ? [] : [`${rows} rows`]),
    ...finding.set.map(({ column, expression }) => `${column} := ${oneLine(expression)}`),
    ...(finding.sources.length > 0 ? [`from ${finding.sources.map(pathOf).join(' ')}`] : []),
    ...(shape ? [`where ${shape.join(' | ')}`] : []),
  ].join('; ');
}

function unknownLine({ kind, detail, likely, via, ...unknown }: Unknown): string {
  const facts = [`at ${placeOf(unknown)}`, ...(likely ? [`likely ${likely}`] : []), ...via];
  return [`${kind}: ${detail}`, ...facts].join('; ');
}

function placeOf({ position }: { readonly position: TextPosition }): string {
  return `${position.line}:${position.column}`;
}

/** In a transaction and outside of one. */
function lockLines(
  statements: readonly Statement[],
  history: readonly Earlier[],
  database: Database,
): readonly string[] {
  const ddl = statements.flatMap((statement) => statement.ddl);
  const judged = (inTransaction: boolean, doubts: 'reported' | 'left out') => {
    const judge = new LockJudge();
    const context = { inTransaction, lockTimeoutMs: 3_000, doubts, ...database };
    for (const { ddl: earlier, mark } of history) {
      judge.judge(earlier, context);
      judge.endTransaction();
      BETWEEN[mark]?.(judge.state);
    }
    // An inspection that is not accepted leaves no trace.
    judge.inspect(ddl, context);
    const findings = ddl.flatMap((statement) => {
      const inspection = judge.inspect([statement], context);
      judge.accept(inspection);
      return inspection.findings;
    });
    const isTakenBack = (finding: LockFinding) =>
      isRestorable(finding) && !judge.state.dropped.isMissing(finding);
    return {
      findings,
      lines: findings.map((finding) => `${lockLine(finding)}${isTakenBack(finding) ? ' (taken back)' : ''}`),
    };
  };
  const inTransaction = judged(true, 'left out').lines;
  const doubtful = judged(true, 'reported');
  const doubts = doubtful.lines.filter((line) => !inTransaction.includes(line));
  const everyLineAlone = judged(false, 'left out').lines;
  const alone = everyLineAlone.filter((line) => !inTransaction.includes(line));
  return [
    ...inTransaction.map((line) => (everyLineAlone.includes(line) ? line : `${line} (in a transaction)`)),
    ...doubts.map((line) => `${line} (in doubt)`),
    ...alone.map((line) => `${line} (without a transaction)`),
    ...lookupLines(ddl, doubtful.findings),
    ...nameLines(statements),
  ];
}

/** What the catalog of the database is asked about the statements. */
function lookupLines(ddl: readonly DdlStatement[], findings: readonly LockFinding[]): readonly string[] {
  const lookups = lockLookups(ddl, findings);
  if (!lookups) return [];
  const { tables, indexes, functions, types } = lookups;
  const asked = { tables: tables.map(pathOf), indexes: indexes.map(pathOf), functions, types };
  const lists = Object.entries(asked).filter(([, names]) => names.length > 0);
  return [`  looks up ${lists.map(([kind, names]) => `${kind} ${names.join(' ')}`).join('; ')}`];
}

function nameLines(statements: readonly Statement[]): readonly string[] {
  const names = new Set(namedTables(statements).map(pathOf));
  return names.size > 0 ? [`  names ${[...names].join(' ')}`] : [];
}

function lockLine(finding: LockFinding): string {
  const { rule, lock = 'no lock', table, alsoLocks, blocks, names } = finding;
  const { severity, dependsOnSize } = LOCK_EFFECTS[rule];
  const effects = [
    `${severity}${dependsOnSize ? ' if large' : ''}`,
    ...(finding.scans ? ['scans'] : []),
    ...(finding.rewrites ? ['rewrites'] : []),
    ...(finding.buildsIndex ? ['builds an index'] : []),
  ];
  return [
    `  # ${rule}: ${lock} on ${[...(table ? [table] : []), ...alsoLocks].map(pathOf).join(' ')}`,
    `${blocks} wait`,
    ...effects,
    finding.message,
    ...Object.entries(names).map(([name, value]) => `${name} ${JSON.stringify(value)}`),
    ...finding.via,
    ...safeStatements(finding).map((sql) => `safe: ${oneLine(sql)}`),
  ].join('; ');
}

function pathOf({ schema, name }: TableName): string {
  return schema === undefined ? name : `${schema}.${name}`;
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}
