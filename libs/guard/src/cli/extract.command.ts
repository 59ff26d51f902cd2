import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { CheckReport } from '../check/check.types.js';
import { judgeOutcome } from '../check/outcome.js';
import { unifiedDiff } from '../extract/line-diff.js';
import { proposalFor } from '../extract/proposal.js';
import type { Proposal } from '../extract/proposal.types.js';
import { type Extracted, remainderOf, sqlRemainderOf } from '../extract/remainder.js';
import { GuardUsageError, UnreadableFileError } from '../guard.error.js';
import type { Finding } from '../judge/finding.types.js';
import { shownPath } from '../report/paths.js';
import { isDataRule } from '../rules/rule.types.js';
import { parseModule } from '../source/module-parser.js';
import type { ParsedModule } from '../source/parsed-module.js';
import type { Arguments } from './arguments.js';
import { EXIT, type Console } from './console.js';

/**
 * Proposes backfills for the data changes of one migration, and the migration without them. Writes the files
 * only with `--write`.
 */
export function runExtract(report: CheckReport, args: Arguments, console: Console): number {
  const file = migrationFile(report, args);
  const folder = resolve(args.into ?? join(dirname(dirname(file)), 'backfills'));
  const { proposals, extracted, remaining } = propose(report, folder);
  if (proposals.size === 0 && remaining.length === 0) {
    console.out(`${shownPath(file)}: nothing to extract\n`);
    return EXIT.clean;
  }
  // Before the first file is written: an error then leaves no half of the result.
  if (args.write) assertNoneExists([...proposals.values()], folder);
  for (const proposal of proposals.values()) emitProposal(proposal, folder, { args, console });
  const kept = rewriteMigration(file, extracted, { args, console });
  for (const finding of [...remaining, ...kept])
    console.error(`${shownPath(file)}:${String(finding.region.line)}: not extracted: ${finding.message}\n`);
  if (!args.write) console.error('no file was written; add --write to write the files\n');
  return EXIT.clean;
}

/** @throws {UnreadableFileError} @throws {GuardUsageError} when the path is not one migration file */
function migrationFile({ problems, migrations }: CheckReport, { paths }: Arguments): string {
  const [problem] = problems;
  if (problem) throw new UnreadableFileError(shownPath(problem.file), problem.problem);
  const file = resolve(paths[0] ?? '');
  if (migrations.length === 0 || migrations.some((migration) => migration.file !== file))
    throw new GuardUsageError('extract takes one migration file, not a folder');
  return file;
}

interface Proposed {
  readonly proposals: ReadonlyMap<string, Proposal>;
  readonly extracted: readonly Extracted[];
  /** Findings without a proposal. */
  readonly remaining: readonly Finding[];
}

/** One backfill for each data change of `up`. A backfill is not reverted, so `down` needs none. */
function propose(report: CheckReport, folder: string): Proposed {
  const proposals = new Map<string, Proposal>();
  const extracted: Extracted[] = [];
  const remaining: Finding[] = [];
  for (const { finding, migration, status } of judgeOutcome(report, undefined, folder).findings) {
    if (status === 'suppressed' || finding.direction !== 'up' || !isDataRule(finding.rule)) continue;
    const proposal = proposalFor(finding, migration, { folder, findEntities: true });
    if (!proposal) {
      remaining.push(finding);
      continue;
    }
    const unique = withUniqueName(proposal, proposals);
    proposals.set(unique.name, unique);
    extracted.push({ finding, backfill: unique.name });
  }
  return { proposals, extracted, remaining };
}

function withUniqueName(proposal: Proposal, known: ReadonlyMap<string, Proposal>): Proposal {
  if (!known.has(proposal.name)) return proposal;
  let suffix = 2;
  while (known.has(`${proposal.name}-${String(suffix)}`)) suffix++;
  const name = `${proposal.name}-${String(suffix)}`;
  const className = `${proposal.className}${String(suffix)}`;
  const code = proposal.code
    .replace(`'${proposal.name}'`, `'${name}'`)
    .replace(`class ${proposal.className} `, `class ${className} `);
  return { ...proposal, name, className, fileName: `${name}.backfill.ts`, code };
}

/** @throws {GuardUsageError} when a file of a backfill exists */
function assertNoneExists(proposals: readonly Proposal[], folder: string): void {
  for (const { fileName } of proposals)
    if (existsSync(join(folder, fileName)))
      throw new GuardUsageError(
        `${shownPath(join(folder, fileName))} exists already`,
        'Rename the existing file, or choose another folder with --into.',
      );
}

interface CommandContext {
  readonly args: Arguments;
  readonly console: Console;
}

function emitProposal({ fileName, code }: Proposal, folder: string, { args, console }: CommandContext): void {
  const path = join(folder, fileName);
  console.out(unifiedDiff(shownPath(path), undefined, code));
  if (!args.write) return;
  mkdirSync(folder, { recursive: true });
  writeFileSync(path, code);
}

/** @returns the findings whose statements stay in the migration */
function rewriteMigration(
  file: string,
  extracted: readonly Extracted[],
  { args, console }: CommandContext,
): readonly Finding[] {
  if (extracted.length === 0) return [];
  const before = readFileSync(file, 'utf8');
  const { text, kept } = file.endsWith('.sql')
    ? sqlRemainderOf(before, extracted)
    : remainderOf(parsedModule(file, before), extracted);
  if (text !== before) console.out(unifiedDiff(shownPath(file), before, text));
  if (args.write) writeFileSync(file, text);
  return kept;
}

/** @throws {UnreadableFileError} */
function parsedModule(file: string, text: string): ParsedModule {
  const parsed = parseModule(file, text);
  if (!parsed.ok) throw new UnreadableFileError(shownPath(file), parsed.failure.message);
  return parsed.module;
}
