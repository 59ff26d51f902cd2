import type { LockFinding, LockRule } from '../lock.types.js';

/**
 * SQL to run instead, with the names of the statement; empty if only the application can avoid the danger.
 *
 * @publicApi
 */
export function safeStatements(finding: LockFinding): readonly string[] {
  return CODE[finding.rule]?.(finding) ?? [];
}

type CodeOf = (finding: LockFinding) => readonly string[];

const CODE: Readonly<Partial<Record<LockRule, CodeOf>>> = {
  'index-not-concurrent': ({ text }) =>
    /^\s*reindex/i.test(text)
      ? [inserted(text, /\breindex\s+(?:\([^)]*\)\s*)?(?:table|index|schema|database)\b/i)]
      : [inserted(text, /\b(?:create\s+(?:unique\s+)?|drop\s+)index\b/i)],
  'foreign-key-validated': (finding) => notValid(finding, `${tableName(finding)}_fkey`),
  'check-validated': (finding) =>
    /\bvalidate\b/i.test(finding.text) ? [finding.text] : notValid(finding, `${tableName(finding)}_check`),
  'set-not-null-scan': (finding) => setNotNull(finding, finding.names.column ?? 'column'),
  'unique-constraint': (finding) => usingIndex(finding, 'UNIQUE'),
  'primary-key-added': (finding) =>
    finding.buildsIndex
      ? usingIndex(finding, 'PRIMARY KEY')
      : [...(finding.names.columns ?? []).flatMap((column) => setNotNull(finding, column)), finding.text],
  'volatile-default': (finding) => {
    const [table, column] = [tableName(finding), quoted(finding.names.column ?? 'column')];
    return [
      `ALTER TABLE ${table} ADD COLUMN ${column} ${finding.names.type ?? 'type'}`,
      `ALTER TABLE ${table} ALTER COLUMN ${column} SET DEFAULT …`,
    ];
  },
  'partition-detached': ({ text }) => [`${text.replace(/;\s*$/, '')} CONCURRENTLY`],
  'json-column': ({ text }) => [text.replace(/\bjson\b/i, 'jsonb')],
  'refresh-not-concurrent': ({ text }) => [inserted(text, /\brefresh\s+materialized\s+view\b/i)],
  'enum-value-renamed': ({ names }) => [
    `ALTER TYPE ${names.type ?? ''} ADD VALUE IF NOT EXISTS '${(names.to ?? '').replaceAll("'", "''")}'`,
  ],
};

function inserted(text: string, after: RegExp): string {
  return text.replace(after, (words) => `${words} CONCURRENTLY`);
}

function notValid(finding: LockFinding, name: string): readonly string[] {
  if (/\badd\s+(?:column\s+)?(?!constraint|foreign|check)/i.test(finding.text)) return [];
  const constraint = quoted(finding.names.constraint ?? name);
  return [
    `${finding.text.replace(/;\s*$/, '')} NOT VALID`,
    `ALTER TABLE ${tableName(finding)} VALIDATE CONSTRAINT ${constraint}`,
  ];
}

function setNotNull(finding: LockFinding, name: string): readonly string[] {
  const [table, column] = [tableName(finding), quoted(name)];
  const check = quoted(`${finding.table?.name ?? 'table'}_${name}_not_null`);
  return [
    `ALTER TABLE ${table} ADD CONSTRAINT ${check} CHECK (${column} IS NOT NULL) NOT VALID`,
    `ALTER TABLE ${table} VALIDATE CONSTRAINT ${check}`,
    `ALTER TABLE ${table} ALTER COLUMN ${column} SET NOT NULL`,
    `ALTER TABLE ${table} DROP CONSTRAINT ${check}`,
  ];
}

function usingIndex(finding: LockFinding, kind: string): readonly string[] {
  const { columns = [], constraint } = finding.names;
  const name = quoted(constraint ?? [finding.table?.name, ...columns, 'key'].join('_'));
  return [
    `CREATE UNIQUE INDEX CONCURRENTLY ${name} ON ${tableName(finding)} (${columns.map(quoted).join(', ')})`,
    `ALTER TABLE ${tableName(finding)} ADD CONSTRAINT ${name} ${kind} USING INDEX ${name}`,
  ];
}

function tableName({ table }: LockFinding): string {
  if (!table) return 'table';
  const { schema, name } = table;
  return schema === undefined ? quoted(name) : `${quoted(schema)}.${quoted(name)}`;
}

/** Names that need no quotes stay readable. */
function quoted(name: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`;
}
