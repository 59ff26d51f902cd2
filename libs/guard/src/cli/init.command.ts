import { existsSync, mkdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { DEFAULT_BASELINE, writeBaseline } from '../baseline/baseline.file.js';
import type { CheckReport } from '../check/check.types.js';
import { baselineEntries } from '../check/outcome.js';
import { GuardUsageError } from '../guard.error.js';
import { projectSetup } from '../init/project-setup.js';
import { writeOutput } from '../output-file.js';
import { printablePath } from '../report/terminal-text.js';
import { plural } from '../report/summary.js';
import { isDataRule, isLockRule, type RuleId } from '../rules/rule.types.js';
import { EXIT, type Console } from './console.js';

/**
 * Prepares a project: the baseline of its old data changes, and the entries of ESLint and of continuous
 * integration. It overwrites no baseline and no workflow.
 *
 * @param migrations the folder of the migrations, as the commands name it
 * @throws {GuardUsageError} if a file cannot be checked
 */
export function runInit(report: CheckReport, migrations: string, console: Console): number {
  const [problem] = report.problems;
  if (problem)
    throw new GuardUsageError(
      `${printablePath(problem.file)}: ${problem.problem}`,
      'The baseline is only written when every file can be checked.',
    );
  const baseline = resolve(DEFAULT_BASELINE);
  const entries = baselineEntries(report, baseline);
  const count = (isCounted: (rule: RuleId) => boolean): number =>
    entries.filter(({ rule }) => isCounted(rule)).length;
  const found = [
    plural(count(isDataRule), 'data change'),
    `${String(count((rule) => rule === 'cannot-decide'))} undecided`,
    plural(count(isLockRule), 'dangerous lock'),
    `${String(count((rule) => rule === 'not-schema-migration'))} without SchemaMigration`,
  ];
  console.out(`${plural(report.migrations.length, 'migration')} in ${migrations}: ${found.join(', ')}\n`);
  if (existsSync(baseline)) console.out(`kept:    ${DEFAULT_BASELINE}\n`);
  else if (entries.length > 0) {
    writeBaseline(baseline, entries, entries.length);
    console.out(`written: ${DEFAULT_BASELINE}, so that only new violations fail the check\n`);
  }
  const { files, hints } = projectSetup(process.cwd(), migrations);
  for (const { path, text } of files) {
    mkdirSync(dirname(join(process.cwd(), path)), { recursive: true });
    writeOutput(join(process.cwd(), path), text);
    console.out(`written: ${path}\n`);
  }
  for (const hint of hints) console.out(`to do:   ${hint}\n`);
  console.out(`next:    npx nestjs-backfill-guard check ${migrations}\n`);
  return EXIT.clean;
}
