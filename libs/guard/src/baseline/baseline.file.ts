import { existsSync, readFileSync } from 'node:fs';
import { writeOutput } from '../output-file.js';
import { BaselineError } from '../guard.error.js';
import { isRuleId, SEVERITIES, type Severity } from '../rules/rule.types.js';
import { BASELINE_FORMAT, type Baseline, type BaselineEntry } from './baseline.types.js';

/**
 * The file of the baseline, relative to the working directory.
 *
 * @publicApi
 */
export const DEFAULT_BASELINE = 'nestjs-backfill-baseline.json';

/**
 * Reads a baseline.
 *
 * @returns undefined when the file does not exist
 * @throws {BaselineError} when the file is not JSON, is not a baseline, or has a newer format
 * @publicApi
 */
export function readBaseline(path: string): Baseline | undefined {
  if (!existsSync(path)) return undefined;
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new BaselineError(
      path,
      `not JSON: ${error instanceof Error ? error.message : String(error)}`,
      'Restore it from version control, or write a new one with `--update-baseline`.',
    );
  }
  if (!isRecord(json) || typeof json['format'] !== 'number')
    throw new BaselineError(
      path,
      'not a baseline: it has no "format"',
      'Name a file that `--update-baseline` wrote.',
    );
  if (json['format'] > BASELINE_FORMAT)
    throw new BaselineError(
      path,
      `format ${String(json['format'])} is newer than the format that this version reads (${String(BASELINE_FORMAT)})`,
      'Update nestjs-backfill-guard to the version that wrote the baseline.',
    );
  const entries = json['entries'];
  if (!Array.isArray(entries))
    throw new BaselineError(path, 'not a baseline: it has no "entries"', 'Restore it from version control.');
  const checked = entries.map((entry: unknown, index) => {
    if (!isEntry(entry))
      throw new BaselineError(
        path,
        `entry ${String(index + 1)} is not valid: it needs rule, file, fingerprint and severity`,
        'Restore it from version control.',
      );
    return entry;
  });
  return {
    format: BASELINE_FORMAT,
    counts: countBySeverity(checked),
    initial: typeof json['initial'] === 'number' ? json['initial'] : checked.length,
    entries: checked,
  };
}

/**
 * Writes a baseline. The entries are sorted, so that reviews show small changes.
 *
 * @returns the written baseline
 * @throws {OutputFileError} when the file cannot be written
 * @publicApi
 */
export function writeBaseline(path: string, entries: readonly BaselineEntry[], initial: number): Baseline {
  const sorted = [...entries].sort(
    (a, b) =>
      compare(a.file, b.file) ||
      compare(a.direction ?? '', b.direction ?? '') ||
      compare(a.rule, b.rule) ||
      compare(a.fingerprint, b.fingerprint),
  );
  const baseline: Baseline = {
    format: BASELINE_FORMAT,
    counts: countBySeverity(sorted),
    initial,
    entries: sorted,
  };
  writeOutput(path, `${JSON.stringify(baseline, null, 2)}\n`);
  return baseline;
}

export function countBySeverity(items: readonly { readonly severity: Severity }[]): Record<Severity, number> {
  const counts: Record<Severity, number> = { HIGH: 0, MEDIUM: 0, LOW: 0 };
  for (const { severity } of items) counts[severity]++;
  return counts;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isEntry(value: unknown): value is BaselineEntry {
  if (!isRecord(value)) return false;
  const { rule, file, fingerprint, severity } = value;
  return (
    typeof rule === 'string' &&
    isRuleId(rule) &&
    typeof file === 'string' &&
    typeof fingerprint === 'string' &&
    (SEVERITIES as readonly unknown[]).includes(severity)
  );
}
