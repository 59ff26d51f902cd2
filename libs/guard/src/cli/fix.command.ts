import { LOCK_RULES } from 'nestjs-backfill-sql';
import { loadParser } from 'nestjs-backfill-sql/tree';
import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { CheckReport } from '../check/check.types.js';
import { unifiedDiff } from '../extract/line-diff.js';
import { fixMigration } from '../fix/migration.fix.js';
import { GuardUsageError, UnreadableFileError } from '../guard.error.js';
import { printablePath } from '../report/terminal-text.js';
import type { Arguments } from './arguments.js';
import { EXIT, type Console } from './console.js';

const RULES: ReadonlySet<string> = new Set(LOCK_RULES);

/** Replaces statements with dangerous locks by the safe steps. Writes the file only with `--write`. */
export async function runFix(report: CheckReport, args: Arguments, console: Console): Promise<number> {
  const file = resolve(args.paths[0] ?? '');
  const [problem] = report.problems;
  if (problem) throw new UnreadableFileError(printablePath(problem.file), problem.problem);
  if (report.migrations.some((migration) => migration.file !== file))
    throw new GuardUsageError('fix takes one migration file, not a folder');
  const code = readFileSync(file, 'utf8');
  const findings = report.migrations.flatMap(({ directions }) =>
    directions.flatMap((one) => one.findings.filter(({ rule }) => RULES.has(rule))),
  );
  const fix = fixMigration(await loadParser(), { file, code, findings });
  if (fix.replaced === 0) console.out(`${printablePath(file)}: nothing to fix\n`);
  else console.out(unifiedDiff(printablePath(file), code, fix.code));
  for (const { line, rule, message } of fix.kept)
    console.error(
      `${printablePath(file)}:${String(line)}: not fixed: ${message} (docs/guard/rules/${rule}.md has the steps)\n`,
    );
  for (const name of fix.unguarded)
    console.error(
      `${name} must extend SchemaMigration of nestjs-backfill, which runs the steps in every mode of TypeORM\n`,
    );
  const lines = fix.uncommitted.map((offset) => String(code.slice(0, offset).split('\n').length));
  if (lines.length > 1)
    console.error(
      `\`transaction = false\`: the statements now commit one by one. If one fails, those before it stay, and the migration starts again from its first statement. Only the steps can run twice: give the statements of lines ${lines.join(', ')} a migration each\n`,
    );
  for (const sql of fix.unreverted)
    console.error(`down() must take the rename back, also before it is finished: ${sql}\n`);
  for (const step of fix.later) console.error(`in a migration of a later release: ${step}\n`);
  if (fix.replaced === 0) return EXIT.clean;
  if (args.write) writeFileSync(file, fix.code);
  console.error(
    args.write ? `written: ${printablePath(file)}\n` : 'no file was written; add --write to write it\n',
  );
  return EXIT.clean;
}
