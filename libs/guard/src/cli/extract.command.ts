import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { CheckReport } from '../check/check.types.js';
import { judgeOutcome } from '../check/outcome.js';
import { proposalFor, type Proposal } from '../extract/proposal.js';
import { unifiedDiff } from '../extract/line-diff.js';
import { type Extracted, remainderOf, sqlRemainderOf } from '../extract/remainder.js';
import { GuardUsageError, UnreadableFileError } from '../guard.error.js';
import type { Finding } from '../judge/finding.types.js';
import { isDataRule } from '../rules/rule.types.js';
import { shownPath } from '../report/paths.js';
import { parseModule } from '../source/module-parser.js';
import type { ParsedModule } from '../source/parsed-module.js';
import type { Arguments } from './arguments.js';
import { EXIT, type Console } from './console.js';

/** Proposes backfills for what one migration changes, and what is left of the migration; writes them only with `--write`. */
export function runExtract(report: CheckReport, args: Arguments, console: Console): number {
  const [problem] = report.problems;
  if (problem) throw new UnreadableFileError(shownPath(problem.file), problem.problem);
  const [first] = report.migrations;
  const file = resolve(args.paths[0] ?? '');
  if (!first || report.migrations.some((migration) => migration.file !== file))
    throw new GuardUsageError('extract takes one migration file, not a folder');
  const folder = resolve(args.into ?? join(dirname(dirname(file)), 'backfills'));
  const { proposals, taken, left } = propose(report, folder);
  if (proposals.size === 0 && left.length === 0) {
    console.out(`${shownPath(file)}: nothing to extract\n`);
    return EXIT.clean;
  }
  // Before anything is written, so that a refusal leaves nothing half done.
  for (const { fileName } of args.write ? proposals.values() : [])
    if (existsSync(join(folder, fileName)))
      throw new GuardUsageError(
        `${shownPath(join(folder, fileName))} exists already`,
        'Rename it, or choose another folder with --into.',
      );
  for (const proposal of proposals.values()) {
    const path = join(folder, proposal.fileName);
    console.out(unifiedDiff(shownPath(path), undefined, proposal.code));
    if (args.write) {
      mkdirSync(folder, { recursive: true });
      writeFileSync(path, proposal.code);
    }
  }
  const kept = rewriteMigration(file, taken, args, console);
  for (const finding of [...left, ...kept])
    console.error(`${shownPath(file)}:${String(finding.region.line)}: left to you: ${finding.message}\n`);
  if (!args.write) console.error('nothing was written: use --write\n');
  return EXIT.clean;
}

interface Proposed {
  readonly proposals: ReadonlyMap<string, Proposal>;
  readonly taken: readonly Extracted[];
  readonly left: readonly Finding[];
}

/** One backfill per data change of `up`; what `down` changes needs none, since a backfill is not undone. */
function propose(report: CheckReport, folder: string): Proposed {
  const proposals = new Map<string, Proposal>();
  const taken: Extracted[] = [];
  const left: Finding[] = [];
  for (const { finding, migration, status } of judgeOutcome(report, undefined, folder).findings) {
    if (status === 'suppressed' || finding.direction !== 'up' || !isDataRule(finding.rule)) continue;
    const proposal = proposalFor(finding, migration, { folder, findEntities: true });
    if (!proposal) {
      left.push(finding);
      continue;
    }
    const unique = uniqueName(proposal, proposals);
    proposals.set(unique.name, unique);
    taken.push({ finding, backfill: unique.name });
  }
  return { proposals, taken, left };
}

function uniqueName(proposal: Proposal, known: ReadonlyMap<string, Proposal>): Proposal {
  let suffix = 2;
  let { name } = proposal;
  while (known.has(name)) name = `${proposal.name}-${String(suffix++)}`;
  if (name === proposal.name) return proposal;
  const className = `${proposal.className}${String(suffix - 1)}`;
  const code = proposal.code
    .replace(`'${proposal.name}'`, `'${name}'`)
    .replace(`class ${proposal.className} `, `class ${className} `);
  return { ...proposal, name, className, fileName: `${name}.backfill.ts`, code };
}

/** @throws UnreadableFileError */
function parsedOf(file: string, text: string): ParsedModule {
  const parsed = parseModule(file, text);
  if (!parsed.ok) throw new UnreadableFileError(shownPath(file), parsed.failure.message);
  return parsed.module;
}

function rewriteMigration(
  file: string,
  taken: Proposed['taken'],
  args: Arguments,
  console: Console,
): readonly Finding[] {
  if (taken.length === 0) return [];
  const before = readFileSync(file, 'utf8');
  const { text, kept } = file.endsWith('.sql')
    ? sqlRemainderOf(before, taken)
    : remainderOf(parsedOf(file, before), taken);
  if (text !== before) console.out(unifiedDiff(shownPath(file), before, text));
  if (args.write) writeFileSync(file, text);
  return kept;
}
