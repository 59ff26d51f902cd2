import { loadParser } from 'nestjs-backfill-sql/tree';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import type { CheckReport } from '../check/check.types.js';
import { extractMigration, filesOf } from '../extract/migration.extraction.js';
import { unifiedDiff } from '../extract/line-diff.js';
import { ProjectSources } from '../extract/project/entity.finder.js';
import { readSchema } from '../extract/project/schema.reader.js';
import { nextSteps } from '../extract/report-text.js';
import type { GeneratedFile } from '../extract/write/generated.types.js';
import { GuardUsageError, UnreadableFileError } from '../guard.error.js';
import type { Finding } from '../judge/finding.types.js';
import { printablePath } from '../report/terminal-text.js';
import { isLockRule, type RuleId } from '../rules/rule.types.js';
import type { Arguments } from './arguments.js';
import { EXIT, type Console } from './console.js';

/** Where `extract` writes its messages, and how it checks what it has written. */
interface Surroundings {
  readonly console: Console;
  readonly check: (files: readonly string[]) => Promise<CheckReport>;
}

/**
 * Moves the data changes of one migration into backfills, and statements that depend on them into a contract
 * migration. Writes the files only with `--write`.
 */
export async function runExtract(
  report: CheckReport,
  args: Arguments,
  { console, check }: Surroundings,
): Promise<number> {
  const file = migrationFile(report, args);
  const folder = resolve(args.into ?? join(dirname(dirname(file)), 'backfills'));
  const before = readFileSync(file, 'utf8');
  const parser = await loadParser();
  const extraction = extractMigration(report, before, {
    parser,
    folder,
    sources: new ProjectSources(file),
    schema: readSchema(parser, file),
  });
  const { backfills, kept } = extraction;
  if (backfills.length === 0 && kept.length === 0) {
    console.out(`${printablePath(file)}: nothing to extract\n`);
    for (const { region, message } of undecided(report))
      console.error(`${printablePath(file)}:${String(region.line)}: not read: ${message}\n`);
    return EXIT.clean;
  }
  const files = filesOf(extraction);
  // Before the first file is written: an error then leaves no half of the result.
  if (args.write) assertNoneExists(backfills.map((backfill) => backfill.file.path));
  for (const { path, code } of files)
    console.out(
      unifiedDiff(printablePath(path), existsSync(path) ? readFileSync(path, 'utf8') : undefined, code),
    );
  if (extraction.migration !== before)
    console.out(unifiedDiff(printablePath(file), before, extraction.migration));
  for (const { line, reason } of kept)
    console.error(`${printablePath(file)}:${String(line)}: not extracted: ${reason}\n`);
  if (backfills.length === 0) return EXIT.clean;
  if (!args.write) {
    console.error('no file was written; add --write to write the files\n');
    return EXIT.clean;
  }
  writeFiles([...files, { path: file, code: extraction.migration }], console);
  const { contract } = extraction;
  const locks =
    contract === undefined ? [] : locksOf(await check(filesUntil(contract.file.path)), contract.file.path);
  console.error('\nNext steps:\n');
  for (const [at, step] of nextSteps(extraction, locks).entries())
    console.error(`  ${String(at + 1)}. ${step}\n`);
  return EXIT.clean;
}

/** The migrations up to this one, which tell what its tables are. */
function filesUntil(path: string): readonly string[] {
  return readdirSync(dirname(path))
    .filter((name) => /\.(?:[cm]?[jt]s|sql)$/.test(name) && !name.endsWith('.d.ts') && name <= basename(path))
    .map((name) => join(dirname(path), name));
}

/** The rules that refuse statements of `up` of this file. */
function locksOf({ migrations }: CheckReport, path: string): readonly RuleId[] {
  const findings = migrations
    .filter(({ file }) => file === path)
    .flatMap(({ directions }) => directions)
    .flatMap((direction) => direction.findings);
  return [...new Set(findings.map(({ rule }) => rule).filter(isLockRule))];
}

/** Code of `up` that may change rows, for all that the check knows. */
function undecided({ migrations }: CheckReport): readonly Finding[] {
  return migrations
    .flatMap(({ directions }) => directions)
    .flatMap(({ direction, findings }) => (direction === 'up' ? findings : []))
    .filter(({ rule }) => rule === 'cannot-decide');
}

/** @throws {UnreadableFileError} @throws {GuardUsageError} when the path is not one migration file */
function migrationFile({ problems, migrations }: CheckReport, { paths }: Arguments): string {
  const [problem] = problems;
  if (problem) throw new UnreadableFileError(printablePath(problem.file), problem.problem);
  const file = resolve(paths[0] ?? '');
  if (migrations.length === 0 || migrations.some((migration) => migration.file !== file))
    throw new GuardUsageError('extract takes one migration file, not a folder');
  return file;
}

/** @throws {GuardUsageError} when a file of a backfill exists */
function assertNoneExists(paths: readonly string[]): void {
  for (const path of paths)
    if (existsSync(path))
      throw new GuardUsageError(
        `${printablePath(path)} exists already`,
        'Rename the existing file, or choose another folder with --into.',
      );
}

function writeFiles(files: readonly GeneratedFile[], console: Console): void {
  for (const { path, code } of files) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, code);
    console.error(`written: ${printablePath(path)}\n`);
  }
}
