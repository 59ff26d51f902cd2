import { resolve } from 'node:path';
import { DEFAULT_BASELINE, readBaseline, writeBaseline } from '../baseline/baseline.file.js';
import { checkFiles } from '../check/check-files.js';
import type { CheckOptions, CheckReport } from '../check/check.types.js';
import { baselineEntries, isChecked, judgeOutcome, type Outcome } from '../check/outcome.js';
import { GuardError, NoMigrationsError } from '../guard.error.js';
import { readDatabaseFacts, readTableSizes } from '../judge/severity/table-sizes.reader.js';
import { writeOutput } from '../output-file.js';
import { PACKAGE_VERSION } from '../package-version.js';
import { auditOf } from '../report/audit.model.js';
import { githubReport } from '../report/github.report.js';
import { htmlReport } from '../report/html.report.js';
import { jsonReport } from '../report/json.report.js';
import { markdownReport } from '../report/markdown.report.js';
import { plainText, printablePath, styledText } from '../report/terminal-text.js';
import { sarifReport } from '../report/sarif.report.js';
import { plural } from '../report/summary.js';
import { textReport, timingLine } from '../report/text.report.js';
import { type Arguments, parseArguments } from './arguments.js';
import { EXIT, type Console } from './console.js';
import { runExtract } from './extract.command.js';
import { runFix } from './fix.command.js';
import { runInit } from './init.command.js';
import { findMigrations } from '../init/project-setup.js';
import { USAGE } from './usage.js';

/** Runs the command `nestjs-backfill-guard`. @returns its exit code */
export async function run(args: readonly string[], streams: Console): Promise<number> {
  let console = forTerminals(streams);
  try {
    const parsed = parseArguments(args);
    if (parsed === 'help') {
      console.out(USAGE);
      return EXIT.clean;
    }
    if (parsed === 'version') {
      console.out(`${PACKAGE_VERSION}\n`);
      return EXIT.clean;
    }
    console = forTerminals({ ...streams, colour: parsed.colour ?? streams.colour });
    return await runCommand(parsed, console);
  } catch (error) {
    if (!(error instanceof GuardError)) throw error;
    console.error(`nestjs-backfill-guard: ${error.message}\n`);
    return EXIT.unusable;
  }
}

async function runCommand(args: Arguments, console: Console): Promise<number> {
  const paths = args.command === 'init' && args.paths.length === 0 ? [foundMigrations()] : args.paths;
  const options = {
    exclude: args.exclude,
    dmlHelpers: args.dmlHelpers,
    ...(await factsOf(args)),
    locks: args.locks,
    timeline: args.timeline,
    ...(args.sources.length === 0 ? {} : { sources: args.sources }),
  };
  const report = await checkFiles({ ...options, paths });
  if (report.migrations.length === 0 && report.problems.length === 0) throw new NoMigrationsError(paths);
  if (args.command === 'init') return runInit(report, paths[0] ?? '', console);
  if (args.command === 'extract')
    return await runExtract(report, args, {
      console,
      check: (files) => checkFiles({ ...options, paths: files }),
    });
  if (args.command === 'fix') return await runFix(report, args, console);
  const file = resolve(args.baseline ?? DEFAULT_BASELINE);
  if (args.updateBaseline) return updateBaseline(report, file, console);
  const outcome = judgeOutcome(report, readBaseline(file), file);
  return args.command === 'audit' ? runAudit(outcome, args, console) : runCheck(outcome, args, console);
}

/** @throws {NoMigrationsError} */
function foundMigrations(): string {
  const found = findMigrations(process.cwd());
  if (found === undefined) throw new NoMigrationsError(['this project']);
  return found;
}

function runAudit(outcome: Outcome, args: Arguments, console: Console): number {
  print(auditText(outcome, args), args, console);
  if (args.timing) console.error(`${timingLine(outcome.report.timing)}\n`);
  return outcome.problems.length > 0 ? EXIT.unusable : EXIT.clean;
}

function runCheck(outcome: Outcome, args: Arguments, console: Console): number {
  print(checkText(outcome, args, console), args, console);
  if (args.timing && args.format !== 'text') console.error(`${JSON.stringify(outcome.report.timing)}\n`);
  return exitCode(outcome, args);
}

function checkText(outcome: Outcome, args: Arguments, console: Console): string {
  switch (args.format) {
    case 'json':
      return jsonReport(outcome);
    case 'sarif':
      return sarifReport(outcome, PACKAGE_VERSION);
    case 'github':
      return githubReport(outcome);
    default:
      return textReport(outcome, {
        colour: args.output === undefined && console.colour,
        timing: args.timing,
      });
  }
}

function auditText(outcome: Outcome, { format }: Arguments): string {
  const audit = auditOf(outcome);
  if (format === 'html') return htmlReport(audit);
  return format === 'json' ? `${JSON.stringify({ format: 1, ...audit }, null, 2)}\n` : markdownReport(audit);
}

function print(text: string, { output }: Arguments, console: Console): void {
  if (output === undefined) console.out(text);
  else writeOutput(output, text);
}

/** A file that could not be checked comes before violations. */
function exitCode(outcome: Outcome, { strictBaseline }: Arguments): number {
  if (outcome.problems.length > 0) return EXIT.unusable;
  if (outcome.findings.some(({ status }) => status === 'new')) return EXIT.violations;
  const isTidy = outcome.stale.length === 0 && outcome.suppressionProblems.length === 0;
  return strictBaseline && !isTidy ? EXIT.violations : EXIT.clean;
}

function updateBaseline(report: CheckReport, file: string, console: Console): number {
  const [problem] = report.problems;
  if (problem) {
    console.error(
      `nestjs-backfill-guard: ${printablePath(problem.file)}: ${problem.problem}\n  → The baseline is only written when every file can be checked.\n`,
    );
    return EXIT.unusable;
  }
  const before = readBaseline(file);
  // This check did not read the other files, so their entries stay.
  const others = (before?.entries ?? []).filter((entry) => !isChecked(report, entry, file));
  const entries = [...others, ...baselineEntries(report, file)];
  const { counts } = writeBaseline(file, entries, Math.max(before?.initial ?? 0, entries.length));
  console.out(
    `${printablePath(file)}: ${plural(entries.length, 'grandfathered violation')} (${String(counts.HIGH)} HIGH, ${String(counts.MEDIUM)} MEDIUM, ${String(counts.LOW)} LOW)\n`,
  );
  return EXIT.clean;
}

/** The sizes of the tables, and the version of PostgreSQL. */
async function factsOf({
  tableSizes,
  database,
  postgres,
}: Arguments): Promise<Pick<CheckOptions, 'tableSizes' | 'postgres'>> {
  const version = postgres === undefined ? {} : { postgres };
  if (tableSizes !== undefined) return { tableSizes: readTableSizes(tableSizes), ...version };
  return database === undefined ? version : { ...(await readDatabaseFacts(database)), ...version };
}

/** Names of files and SQL may contain anything. */
function forTerminals({ out, error, colour }: Console): Console {
  const shown = colour ? styledText : plainText;
  return { colour, out: (text) => out(shown(text)), error: (text) => error(shown(text)) };
}
