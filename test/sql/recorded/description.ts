import { isInert, LockJudge, safeStatements, type StatementClassifier } from 'nestjs-backfill-sql';
import type {
  DataFinding,
  DdlStatement,
  LockFinding,
  Statement,
  TableName,
  Unknown,
} from 'nestjs-backfill-sql';
import { NEXT_RELEASE } from './statements.fixtures.ts';

/** What is known about each statement of a text, and the dangers of their locks, as lines. */
export function describeText(classifier: StatementClassifier, sql: string): string {
  const [now = '', before = ''] = sql.split(NEXT_RELEASE).reverse();
  const { statements, failure, temporary } = classifier.classify(now);
  const history = classifier.classify(before).statements.flatMap(({ ddl }) => ddl);
  if (failure) return `${oneLine(sql)}\n  fails: ${failure.message}`;
  const several = statements.length > 1;
  const lines = statements.flatMap((statement) => [
    ...(several ? [`  ${oneLine(statement.text)}`] : []),
    `  ${statement.effect}${factsOf(statement)}`,
    ...statement.findings.map((finding) => `  ! ${findingLine(finding)}`),
    ...statement.unknowns.map((one) => `  ? ${unknownLine(one)}`),
  ]);
  const kept = temporary.size > 0 ? [`  temporary: ${[...temporary].join(' ').replaceAll('\0', '*')}`] : [];
  return [oneLine(sql), ...lines, ...kept, ...lockLines(statements, history)].join('\n');
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
    ...calls.map((call) => `calls ${pathOf(call)}/${call.arguments}`),
    ...creates.map((one) => `creates ${one.kind} ${pathOf(one)}/${one.parameters} in ${one.language}`),
  ];
  return facts.length > 0 ? ` (${facts.join(', ')})` : '';
}

function findingLine(finding: DataFinding): string {
  const { where, table, rows, position } = finding;
  const shape = where && [
    where.text,
    ...(where.tautology ? ['tautology'] : []),
    ...(where.joinOnly ? ['join'] : []),
    ...(where.selective ? ['selective'] : []),
    where.conjuncts.map(({ kind, columns }) => `${kind} ${columns.join(' ')}`).join(' & '),
  ];
  return [
    `${finding.rule}: ${finding.operation} ${table ? pathOf(table) : '?'} at ${position.line}:${position.column}`,
    ...finding.via.map((step) => `via ${step}`),
    ...(finding.inLoop ? ['in a loop'] : []),
    ...(finding.inCte ? ['in a CTE'] : []),
    ...(finding.dynamic ? ['dynamic'] : []),
    ...(rows === undefined ? [] : [`${rows} rows`]),
    ...finding.set.map(({ column, expression }) => `${column} := ${oneLine(expression)}`),
    ...(finding.sources.length > 0 ? [`from ${finding.sources.map(pathOf).join(' ')}`] : []),
    ...(shape ? [`where ${shape.join(' | ')}`] : []),
  ].join('; ');
}

function unknownLine({ kind, detail, likely, via, position }: Unknown): string {
  const place = `at ${position.line}:${position.column}`;
  return [`${kind}: ${detail}`, place, ...(likely ? [`likely ${likely}`] : []), ...via].join('; ');
}

/** Without a database, in a transaction and outside of one. */
function lockLines(statements: readonly Statement[], history: readonly DdlStatement[]): readonly string[] {
  const ddl = statements.flatMap((statement) => statement.ddl);
  const judged = (inTransaction: boolean, doubts: 'reported' | 'left out') => {
    const judge = new LockJudge();
    const context = { inTransaction, lockTimeoutMs: 3_000, doubts };
    judge.judge(history, context);
    judge.endTransaction();
    judge.state.startRelease();
    return judge.judge(ddl, context).map(lockLine);
  };
  const inTransaction = judged(true, 'left out');
  const doubts = judged(true, 'reported').filter((line) => !inTransaction.includes(line));
  const alone = judged(false, 'left out').filter((line) => !inTransaction.includes(line));
  return [
    ...inTransaction,
    ...doubts.map((line) => `${line} (in doubt)`),
    ...alone.map((line) => `${line} (without a transaction)`),
  ];
}

function lockLine(finding: LockFinding): string {
  const { rule, lock = 'no lock', table, alsoLocks, blocks, names } = finding;
  const effects = [
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
