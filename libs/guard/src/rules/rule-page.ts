import { LOCK_EFFECTS, LOCK_REMEDIES, LOCK_RULES, type LockRule } from 'nestjs-backfill-sql';
import { REMEDIES } from './remedies.js';
import type { Remedy } from './remedies/remedy.types.js';
import {
  DATA_RULES,
  FORM_RULES,
  isLockRule,
  OPEN_RULES,
  RULES,
  TIMELINE_RULES,
  type RuleId,
} from './rule.types.js';

const MAX_LINE_LENGTH = 100;
/** Code between backticks stays on one line. */
const SPACE_OUTSIDE_CODE = / (?=(?:[^`]*`[^`]*`)*[^`]*$)/;

/**
 * The documentation pages of all rules, by file name. They contain the texts of the reports.
 *
 * @publicApi
 */
export function rulePages(): ReadonlyMap<string, string> {
  return new Map([
    ...RULES.map((rule) => [`${rule}.md`, rulePage(rule)] as const),
    ['README.md', ruleIndex()],
  ]);
}

function rulePage(rule: RuleId): string {
  const { title, danger, steps, refused, instead }: Remedy = REMEDIES[rule];
  return [
    `# ${rule}`,
    '',
    `${title}.`,
    '',
    '## Danger',
    '',
    '```ts',
    refused,
    '```',
    '',
    wrapped(danger),
    '',
    ...(isLockRule(rule) ? lockSections(rule) : []),
    '## What to do instead',
    '',
    ...steps.map((step, index) => wrapped(`${String(index + 1)}. ${step}`, '   ')),
    '',
    '```ts',
    instead,
    '```',
    '',
    '## Exceptions',
    '',
    'A comment on the line above the statement suppresses the rule there. The reason is required:',
    '',
    '```ts',
    `// nestjs-backfill-ignore ${rule}: <reason>`,
    '```',
    '',
    ...(isLockRule(rule) ? exemption(rule) : []),
  ].join('\n');
}

function lockSections(rule: LockRule): readonly string[] {
  const { lock, scans, rewrites, buildsIndex, severity } = LOCK_EFFECTS[rule];
  const answer = (isTrue: unknown) => (isTrue === true ? 'yes' : 'no');
  return [
    '| lock | reads every row | writes the table again | builds an index | severity |',
    '| ---- | --------------- | ---------------------- | --------------- | -------- |',
    `| ${lock ?? 'none of its own'} | ${answer(scans)} | ${answer(rewrites)} | ${answer(buildsIndex)} | ${severity} |`,
    '',
    '## When it is safe',
    '',
    ...LOCK_REMEDIES[rule].safeWhen.map((sentence) => wrapped(`- ${sentence}`, '  ')),
    '',
  ];
}

function exemption(rule: LockRule): readonly string[] {
  return [
    'An exemption of the migration applies in the check and at run time:',
    '',
    '```ts',
    `static readonly allowsLocks = { reason: '…', rules: ['${rule}'] };`,
    '```',
    '',
  ];
}

function ruleIndex(): string {
  const list = (rules: readonly RuleId[]): readonly string[] =>
    rules.map((rule) => `- [\`${rule}\`](${rule}.md): ${REMEDIES[rule].title}`);
  return [
    '# The rules of the guard',
    '',
    '## Changes of rows',
    '',
    ...list(DATA_RULES),
    '',
    '## Locks',
    '',
    ...list(LOCK_RULES),
    '',
    '## Undecided code',
    '',
    ...list(OPEN_RULES),
    '',
    '## Structure of a migration',
    '',
    ...list(FORM_RULES),
    '',
    '## Columns of entities and backfills (`--timeline`)',
    '',
    ...list(TIMELINE_RULES),
    '',
  ].join('\n');
}

/** Breaks a paragraph into lines. @param indent what the second and later lines start with */
function wrapped(text: string, indent = ''): string {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(SPACE_OUTSIDE_CODE)) {
    if (line !== '' && `${line} ${word}`.length > MAX_LINE_LENGTH) {
      lines.push(line);
      line = `${indent}${word}`;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line].join('\n');
}
