import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const PROJECT = join(import.meta.dirname, '../..');

/** Names that the field has another word for; see docs/glossary.md. */
const RETIRED_NAMES = [
  'Flight|canFlyAhead|fly',
  'Crew|Seats|Roster',
  'Course|TurnOutcome',
  'Breather|PaceGate',
  'RunClosing|ControlDesk',
  'FinishLease|LeaseKeeper|StopSign',
  'strikeOff|Gathered',
  '\\w+_MOST|\\w+_LEAST',
].map((names) => new RegExp(`\\b(?:${names})\\b`));

/** Phrases that a reader whose second language is English has to read twice. */
const UNCLEAR_PHRASES = [
  /\bheeds?\b/i,
  /\b(?:in|at) hand\b/i,
  /\bof what is\b/i,
  /\bis told\b/i,
  /\bwho (?:comes|has|holds|is)\b/i,
  /\bto be had\b/i,
  /\bsign of life\b/i,
];

const OWN_FILE = 'test/house/vocabulary.spec.ts';
/** Steps of the ledger's schema run once on each database and are never changed. */
const HISTORY = /^libs\/backfill\/src\/ledger\/schema\//;

function trackedFiles(): string[] {
  const list = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
    cwd: PROJECT,
    encoding: 'utf8',
  });
  return list
    .split('\n')
    .filter((file) => /\.(ts|mjs|cjs|js|md|sh|yml)$/.test(file) && file !== OWN_FILE && !HISTORY.test(file));
}

function found(patterns: readonly RegExp[]): string[] {
  return trackedFiles().flatMap((file) =>
    readFileSync(join(PROJECT, file), 'utf8')
      .split('\n')
      .flatMap((line, at) =>
        patterns.some((pattern) => pattern.test(line)) ? [`${file}:${at + 1}: ${line.trim()}`] : [],
      ),
  );
}

describe('the vocabulary', () => {
  it('reads every source file, test and page', () => {
    expect(trackedFiles().length).toBeGreaterThan(500);
  });

  it('has none of the retired names', () => {
    expect(found(RETIRED_NAMES)).toEqual([]);
  });

  it('has none of the unclear phrases', () => {
    expect(found(UNCLEAR_PHRASES)).toEqual([]);
  });
});
