import { LOCK_REMEDIES, type LockFinding, type LockRemedy, safeStatements } from 'nestjs-backfill-sql';

/**
 * Builds the message in this order: the problem, the statement and its position, the lock, the danger, and
 * the steps to take instead with code to paste.
 */
export function describeLockRefusal(
  migration: string,
  direction: string,
  [finding, ...others]: readonly [LockFinding, ...LockFinding[]],
  consequence: string,
): { readonly problem: string; readonly remedy: string } {
  const { position, text, rule, via } = finding;
  const through = via.length > 0 ? ` (through ${via.join(' → ')})` : '';
  return {
    problem: [
      `${migration}.${direction}() is refused: ${finding.message}. ${consequence}`,
      '',
      indent(shorten(text)),
      `    at line ${position.line}, column ${position.column} of the query${through}`,
      `    rule: ${rule}${effect(finding)}`,
      '',
      `Why: ${LOCK_REMEDIES[rule].danger}`,
      ...others.map((other) => `Also: ${other.message} (rule: ${other.rule}).`),
    ].join('\n'),
    remedy: remedyOf(finding, [finding, ...others]),
  };
}

/** One line for `locks: 'warn'`. */
export function lockWarning(migration: string, direction: string, finding: LockFinding): string {
  return `${migration}.${direction}(): ${finding.message} (rule: ${finding.rule}${effect(finding)}): ${shorten(finding.text, 160).replace(/\s+/g, ' ')}`;
}

/** A lock on a large table that no rule could judge. */
export function unnamedLockWarning(
  subject: string,
  { relation, mode, sql }: { readonly relation: string; readonly mode: string; readonly sql: string },
): string {
  return `${subject} has taken ${mode} on ${relation}, a large table that the SQL does not name, so that no lock rule could judge it. Write the statement into the migration: ${shorten(sql, 160).replace(/\s+/g, ' ')}`;
}

function effect({ lock, table, scans, rewrites, buildsIndex }: LockFinding): string {
  const on = table ? ` on ${table.schema === undefined ? '' : `${table.schema}.`}${table.name}` : '';
  const work = [
    rewrites ? 'writes the table again' : scans && 'reads every row',
    buildsIndex && !rewrites && 'builds an index',
  ].filter((part) => part !== false);
  const parts = [...(lock ? [`${lock}${on}`] : []), ...work];
  return parts.length > 0 ? `, ${parts.join(', ')}` : '';
}

function remedyOf(finding: LockFinding, all: readonly LockFinding[]): string {
  const { steps, instead }: LockRemedy = LOCK_REMEDIES[finding.rule];
  const statements = safeStatements(finding);
  const code = statements.length > 0 ? statements.map((sql) => `${sql};`).join('\n') : instead;
  const rules = [...new Set(all.map(({ rule }) => rule))].map((rule) => `'${rule}'`).join(', ');
  return [
    'Do it in steps that let the application run:',
    ...steps.map((step, index) => `  ${index + 1}. ${step}`),
    '',
    indent(code),
    '',
    '  If the danger is known and accepted, exempt the migration:',
    `      static readonly allowsLocks = { reason: '…', rules: [${rules}] };`,
    `  The rule: docs/guard/rules/${finding.rule}.md`,
  ].join('\n');
}

function shorten(sql: string, maxLength = 600): string {
  return sql.length > maxLength ? `${sql.slice(0, maxLength)} …` : sql;
}

function indent(text: string): string {
  return text.replace(/^/gm, '    ');
}
