import type { DataFinding, WhereShape } from 'nestjs-backfill-sql';
import { quoteIdentifier } from '../../postgres/identifiers.js';
import { replacePlaceholders, sqlPieces } from '../../text/sql-pieces.js';

/** The code of a backfill class that replaces a data change, generated from the parsed statement. */
export function suggestBackfill(finding: DataFinding, entity: string | undefined): string {
  const table = finding.table?.name ?? 'rows';
  const entityName = entity ?? pascal(singular(table));
  const columns = finding.set.map(({ column }) => column);
  const name = kebab([table, verb(finding), ...columns.slice(0, 2)].join('-'));
  const head = [
    ...(hasParameters(finding) ? ['// Write the values into the places <value of $1> and so on.'] : []),
    `@Backfill<${entityName}>({`,
    `  name: '${name}',`,
    `  entity: ${entityName},`,
    `  where: ${where(finding)},`,
    ...(verb(finding) === 'purge' ? [`  kind: 'purge',`] : []),
    `})`,
  ];
  return [...head, ...body(finding, pascal(name), entityName)].join('\n');
}

function body(finding: DataFinding, className: string, entity: string): readonly string[] {
  switch (finding.operation) {
    case 'update':
    case 'merge':
      return [
        `export class ${className} implements SetBackfill<${entity}> {`,
        `  set() {`,
        `    return {`,
        ...assignments(finding),
        `    };`,
        `  }`,
        `}`,
      ];
    case 'delete':
    case 'truncate':
      return [`export class ${className} {}`];
    default:
      return [
        `export class ${className} implements ProcessBackfill<${entity}> {`,
        `  async process(batch, manager) {`,
        `    // change the rows of this batch as in: ${oneLine(finding.text)}`,
        `  }`,
        `}`,
      ];
  }
}

function assignments(finding: DataFinding): readonly string[] {
  if (finding.set.length === 0) return [`      column: 'sql expression',`];
  return finding.set.map(
    ({ column, expression }) =>
      `      ${property(camel(column))}: ${quoted(withoutParameters(expression) || 'sql expression')},`,
  );
}

/** The pending predicate: the condition of the statement, and a condition that is false after the change. */
function where(finding: DataFinding): string {
  const { where: shape, operation } = finding;
  const condition = shape && isMeaningful(shape) ? shape : undefined;
  const compared = condition?.conjuncts.flatMap(({ columns }) => columns) ?? [];
  const [first] = finding.set;
  const pending =
    first && operation === 'update' && !compared.includes(first.column)
      ? `${inSql(first.column)} IS NULL`
      : undefined;
  const parts = [condition?.text, pending].filter((part) => part !== undefined);
  return quoted(parts.length > 0 ? withoutParameters(parts.join(' AND ')) : 'condition of the pending rows');
}

/** With quotes only where PostgreSQL needs them. */
function inSql(column: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(column) ? column : quoteIdentifier(column);
}

function hasParameters({ set, where }: DataFinding): boolean {
  const texts = [where?.text ?? '', ...set.map(({ expression }) => expression)];
  return texts.some((text) => withoutParameters(text) !== text);
}

/**
 * The parameters of the statement do not exist in a backfill. Their values may be personal data, which does not
 * belong into the log of a deployment.
 */
function withoutParameters(sql: string): string {
  return sqlPieces(sql)
    .map(({ text, kind }) =>
      kind === 'code' ? replacePlaceholders(text, (position) => `<value of $${String(position)}>`) : text,
    )
    .join('');
}

function isMeaningful(shape: WhereShape): boolean {
  return shape.text !== '' && !shape.tautology;
}

function verb({ operation }: DataFinding): string {
  if (operation === 'delete' || operation === 'truncate') return 'purge';
  return operation === 'update' || operation === 'merge' ? 'set' : 'fill';
}

function quoted(text: string): string {
  return text.includes("'") || text.includes('\n') ? `\`${text.replace(/[`\\$]/g, '\\$&')}\`` : `'${text}'`;
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ');
}

function words(name: string): readonly string[] {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .split(/[^A-Za-z0-9]+/)
    .filter((word) => word !== '');
}

function kebab(name: string): string {
  return words(name)
    .map((word) => word.toLowerCase())
    .join('-');
}

function pascal(name: string): string {
  return words(name)
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('');
}

function camel(name: string): string {
  const [first = '', ...rest] = words(name);
  return first.charAt(0).toLowerCase() + first.slice(1) + pascal(rest.join('-'));
}

function property(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : quoted(name);
}

function singular(name: string): string {
  if (/ies$/i.test(name)) return name.replace(/ies$/i, 'y');
  return name.replace(/([^s])s$/i, '$1');
}
