import { REMEDIES, type Remedy } from './remedies.js';
import { DATA_RULES, FORM_RULES, OPEN_RULES, RULES, type RuleId } from './rule.types.js';

/** The documentation page of a rule, from what its messages print. @internal */
export function rulePage(rule: RuleId): string {
  const { title, danger, steps, refused, instead }: Remedy = REMEDIES[rule];
  return [
    `# ${rule}`,
    '',
    `${title}.`,
    '',
    '## The danger',
    '',
    danger,
    '',
    '```ts',
    refused,
    '```',
    '',
    '## What to do instead',
    '',
    ...steps.map((step, index) => `${String(index + 1)}. ${step}`),
    '',
    '```ts',
    instead,
    '```',
    '',
    '## Where it is right as it is',
    '',
    'A comment on the line above suppresses the rule there; the reason is part of it:',
    '',
    '```ts',
    `// nestjs-backfill-ignore ${rule}: <reason>`,
    '```',
    '',
  ].join('\n');
}

/** The list of all rules. @internal */
export function ruleIndex(): string {
  const list = (rules: readonly RuleId[]): readonly string[] =>
    rules.map((rule) => `- [\`${rule}\`](${rule}.md): ${REMEDIES[rule].title}`);
  return [
    '# The rules of the guard',
    '',
    '## Changes of rows',
    '',
    ...list(DATA_RULES),
    '',
    '## What cannot be decided',
    '',
    ...list(OPEN_RULES),
    '',
    '## The form of a migration',
    '',
    ...list(FORM_RULES),
    '',
  ].join('\n');
}

/** File name → text of all generated pages. @internal */
export function rulePages(): ReadonlyMap<string, string> {
  return new Map([
    ...RULES.map((rule) => [`${rule}.md`, rulePage(rule)] as const),
    ['README.md', ruleIndex()],
  ]);
}
