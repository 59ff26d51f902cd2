import type * as ast from 'oxc-parser';
import type { SqlParser } from 'nestjs-backfill-sql/tree';
import type { Finding } from '../judge/finding.types.js';
import { walkNodes } from '../extract/code/syntax.js';
import { parseModule } from '../source/module-parser.js';
import { type Edit, schemaMigrationEdits } from './schema-migration.edits.js';
import { isReverse, renameIn, reversalSql } from './rename-reversal.js';
import { type StepCall, stepCallOf } from './step-calls.js';

/** A migration after the fix. */
export interface Fix {
  readonly code: string;
  /** Findings whose statement stays as it is. */
  readonly kept: readonly Finding[];
  /** What the author must do in later migrations. */
  readonly later: readonly string[];
  /** The number of statements that were replaced. */
  readonly replaced: number;
  /** Classes that must extend `SchemaMigration`, which the author has to change. */
  readonly unguarded: readonly string[];
  /** Offsets of the statements that now commit one by one, although they cannot run twice. */
  readonly uncommitted: readonly number[];
  /** Renames whose reverse in `down` was not found, which the author has to change. */
  readonly unreverted: readonly string[];
}

/** The rules whose danger a step avoids. */
const FIXED_RULES: ReadonlySet<string> = new Set([
  'index-not-concurrent',
  'foreign-key-validated',
  'check-validated',
  'set-not-null-scan',
  'type-rewrite',
  'unique-constraint',
  'primary-key-added',
  'rename-table',
  'rename-column',
]);

interface SentStatement {
  readonly node: ast.ExpressionStatement;
  readonly receiver: string;
  readonly sql: string;
}

const UNCHANGED = { later: [], replaced: 0, unguarded: [], uncommitted: [], unreverted: [] };

/** Replaces statements that a lock rule reports by steps that do the same without the danger. */
export function fixMigration(
  parser: SqlParser,
  {
    file,
    code,
    findings,
  }: { readonly file: string; readonly code: string; readonly findings: readonly Finding[] },
): Fix {
  const parsed = parseModule(file, code);
  if (!parsed.ok) return { ...UNCHANGED, code, kept: findings };
  const { program } = parsed.module;
  const sent = statementsOf(program, code);
  const edits: Edit[] = [];
  const calls: StepCall[] = [];
  const kept: Finding[] = [];
  const done = new Set<SentStatement>();
  for (const finding of findings) {
    const statement = sent.find(
      ({ node }) => node.start <= finding.region.start && finding.region.start < node.end,
    );
    if (statement && done.has(statement)) continue;
    const call = statement && FIXED_RULES.has(finding.rule) ? stepCallOf(parser, statement.sql) : undefined;
    if (!statement || !call) {
      kept.push(finding);
      continue;
    }
    done.add(statement);
    calls.push(call);
    edits.push({
      start: statement.node.start,
      end: statement.node.end,
      text: codeOf(call, statement.receiver),
    });
  }
  const reversals = reversalsOf(parser, sent, done);
  edits.push(...reversals.flatMap(({ edit }) => edit ?? []));
  const classes = schemaMigrationEdits(program, code, edits);
  const commits = calls.some((call) => call.commits);
  const added = commits ? transactionEdits(program, edits) : [];
  edits.push(...added);
  const steps = [...new Set(calls.flatMap(({ step }) => step ?? []))].sort();
  const imports = [
    ...(classes.needsImport ? [{ names: ['SchemaMigration'], from: 'nestjs-backfill' }] : []),
    ...(steps.length > 0 ? [{ names: steps, from: 'nestjs-backfill/steps' }] : []),
  ];
  return {
    code: withImports(applied(code, [...edits, ...classes.edits]), imports),
    unguarded: classes.others,
    uncommitted: added.length > 0 ? notRepeatable(program, sent, [...done]) : [],
    unreverted: reversals.flatMap(({ sql, edit }) => (edit ? [] : [sql])),
    kept,
    later: calls.flatMap(({ later, code: args }) =>
      later === undefined ? [] : [`await ${later}(queryRunner, ${args});`],
    ),
    replaced: calls.length,
  };
}

/** What takes the renames back, in place of the statements of `down` that did. */
function reversalsOf(
  parser: SqlParser,
  sent: readonly SentStatement[],
  done: ReadonlySet<SentStatement>,
): readonly { readonly sql: string; readonly edit: Edit | undefined }[] {
  return [...done]
    .flatMap(({ sql }) => renameIn(parser, sql) ?? [])
    .map((rename) => {
      const sql = reversalSql(rename);
      const reverse = sent.find((each) => {
        const found = done.has(each) ? undefined : renameIn(parser, each.sql);
        return found !== undefined && isReverse(found, rename);
      });
      const edit = reverse && {
        start: reverse.node.start,
        end: reverse.node.end,
        text: codeOf({ code: sql, commits: false }, reverse.receiver),
      };
      return { sql, edit };
    });
}

/** Statements of `up` that no step replaces: they fail if the migration starts again. */
function notRepeatable(
  program: ast.Program,
  sent: readonly SentStatement[],
  replaced: readonly SentStatement[],
): readonly number[] {
  const ups: ast.Node[] = [];
  walkNodes(program, (node) => {
    if (node.type === 'MethodDefinition' && node.key.type === 'Identifier' && node.key.name === 'up')
      ups.push(node);
    return true;
  });
  return sent
    .filter(
      (each) =>
        !(replaced.includes(each) && !/^\s*create\s/i.test(each.sql)) &&
        !/\bif\s+(?:not\s+)?exists\b/i.test(each.sql) &&
        ups.some((up) => up.start <= each.node.start && each.node.end <= up.end),
    )
    .map(({ node }) => node.start);
}

function codeOf({ step, code }: StepCall, receiver: string): string {
  return step === undefined
    ? `await ${receiver}.query(\`${code.replace(/[\\`]|\$\{/g, '\\$&')}\`);`
    : `await ${step}(${receiver}, ${code});`;
}

/** `await queryRunner.query('constant');`, in this form only. */
function statementsOf(program: ast.Program, code: string): readonly SentStatement[] {
  const found: SentStatement[] = [];
  walkNodes(program, (node) => {
    if (node.type !== 'ExpressionStatement' || node.expression.type !== 'AwaitExpression') return true;
    const call = node.expression.argument;
    if (
      call.type !== 'CallExpression' ||
      call.callee.type !== 'MemberExpression' ||
      call.arguments.length !== 1
    )
      return true;
    const { object, property } = call.callee;
    const sql = constantOf(call.arguments[0]);
    if (
      property.type === 'Identifier' &&
      property.name === 'query' &&
      object.type === 'Identifier' &&
      sql !== undefined
    )
      found.push({ node, receiver: code.slice(object.start, object.end), sql });
    return true;
  });
  return found;
}

function constantOf(argument: ast.Argument | undefined): string | undefined {
  if (argument?.type === 'Literal' && typeof argument.value === 'string') return argument.value;
  if (argument?.type === 'TemplateLiteral' && argument.expressions.length === 0)
    return argument.quasis[0]?.value.cooked ?? undefined;
  return undefined;
}

/** Adds `transaction = false` to the classes of the replaced statements that do not declare it. */
function transactionEdits(program: ast.Program, edits: readonly { readonly start: number }[]) {
  const added: { start: number; end: number; text: string }[] = [];
  walkNodes(program, (node) => {
    if (node.type !== 'ClassBody') return true;
    const isChanged = edits.some(({ start }) => node.start < start && start < node.end);
    const isDeclared = node.body.some(
      (item) =>
        item.type === 'PropertyDefinition' &&
        item.key.type === 'Identifier' &&
        item.key.name === 'transaction',
    );
    if (isChanged && !isDeclared)
      added.push({ start: node.start + 1, end: node.start + 1, text: '\n  readonly transaction = false;\n' });
    return false;
  });
  return added;
}

function applied(code: string, edits: readonly Edit[]): string {
  return [...edits]
    .sort((a, b) => b.start - a.start)
    .reduce((text, edit) => text.slice(0, edit.start) + edit.text + text.slice(edit.end), code);
}

interface Import {
  readonly names: readonly string[];
  readonly from: string;
}

/** After the first import, so that a comment at the top stays there. CommonJS gets `require`. */
function withImports(code: string, imports: readonly Import[]): string {
  const first = /^import\b[^;]*?\bfrom\s*['"][^'"]*['"];?[ \t]*\r?\n/m.exec(code);
  const isCommonJs = !first && /\bmodule\.exports\b|\bexports\.\w+\s*=/.test(code);
  const lines = imports.map(({ names, from }) =>
    isCommonJs
      ? `const { ${names.join(', ')} } = require('${from}');\n`
      : `import { ${names.join(', ')} } from '${from}';\n`,
  );
  const at = first ? first.index + first[0].length : 0;
  return code.slice(0, at) + lines.join('') + code.slice(at);
}
