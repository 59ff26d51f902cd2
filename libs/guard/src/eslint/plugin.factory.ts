import type { Rule } from 'eslint';
import { GuardUsageError } from '../guard.error.js';
import { majorVersionOf, OLDEST_POSTGRES } from '../judge/locks/postgres-version.js';
import { PACKAGE_VERSION } from '../package-version.js';
import { shownPath } from '../report/paths.js';
import { plural } from '../report/summary.js';
import { REMEDIES } from '../rules/remedies.js';
import { isTimelineRule, RULES, type RuleId } from '../rules/rule.types.js';
import { rememberingLast, type CheckedFile, type FileCheck, type FileCheckSettings } from './file-check.js';
import type { Finding } from '../judge/finding.types.js';

/** The guard's rules for ESLint's flat configuration. */
export interface GuardPlugin {
  readonly meta: { readonly name: 'nestjs-backfill'; readonly version: string };
  readonly rules: Record<string, Rule.RuleModule>;
  readonly configs: { readonly recommended: RecommendedConfig };
}

/** All rules are errors except `backfill-comment`, which warns. */
export interface RecommendedConfig {
  readonly name: string;
  readonly files: string[];
  readonly plugins: { readonly 'nestjs-backfill': Pick<GuardPlugin, 'meta' | 'rules'> };
  readonly rules: Record<string, 'warn' | 'error'>;
}

/** The timeline needs all migrations and the sources; ESLint checks one file. */
const FILE_RULES = RULES.filter((id) => !isTimelineRule(id));

export function guardPlugin(fileCheck: FileCheck): GuardPlugin {
  const check = rememberingLast(fileCheck);
  const rules = Object.fromEntries(FILE_RULES.map((id) => [id, ruleOf(id, check)]));
  const meta = { name: 'nestjs-backfill', version: PACKAGE_VERSION } as const;
  const recommended = {
    name: 'nestjs-backfill/recommended',
    files: ['**/migrations/**/*.{ts,js,mts,mjs,cts,cjs}'],
    plugins: { 'nestjs-backfill': { meta, rules } },
    rules: Object.fromEntries(
      FILE_RULES.map(
        (id) => [`nestjs-backfill/${id}`, id === 'backfill-comment' ? 'warn' : 'error'] as const,
      ),
    ),
  };
  return { meta, rules, configs: { recommended } };
}

function ruleOf(id: RuleId, check: FileCheck): Rule.RuleModule {
  const { title } = REMEDIES[id];
  return {
    meta: {
      type: 'problem',
      docs: { description: title },
      schema: [],
      hasSuggestions: true,
      messages: {
        found: '{{message}} ({{severity}}: {{reason}}). {{remedy}}',
        move: 'Move the data changes of this migration into backfills: their code becomes comments at its end, for {{files}} to create',
      },
    },
    create: (context) => ({
      Program: () => {
        const { filename, sourceCode } = context;
        const checked = check(filename, sourceCode.text, settingsOf(context));
        for (const finding of checked.findings) if (finding.rule === id) report(context, finding, checked);
      },
    }),
  };
}

/** `settings: { 'nestjs-backfill': { postgres: 16 } }` of the configuration. */
function settingsOf({ settings }: Rule.RuleContext): FileCheckSettings {
  const own = settings['nestjs-backfill'] as { readonly postgres?: unknown } | undefined;
  if (own?.postgres === undefined) return {};
  const postgres = majorVersionOf(own.postgres);
  if (postgres === undefined)
    throw new GuardUsageError(
      `the setting "nestjs-backfill" of ESLint has postgres: ${JSON.stringify(own.postgres)}, which is not a version of PostgreSQL from ${OLDEST_POSTGRES} on`,
      "Give the major version of the oldest server: settings: { 'nestjs-backfill': { postgres: 16 } }.",
    );
  return { postgres };
}

function report(context: Rule.RuleContext, finding: Finding, { moved }: CheckedFile): void {
  const { region, message, severity, reason, rule } = finding;
  const { steps } = REMEDIES[rule];
  const move = finding.direction === 'up' && moved?.lines.has(region.line) ? moved : undefined;
  const command = `Or run \`npx nestjs-backfill-guard extract ${shownPath(context.filename)} --write\`.`;
  context.report({
    loc: {
      start: { line: region.line, column: region.column - 1 },
      end: { line: region.endLine, column: region.endColumn - 1 },
    },
    messageId: 'found',
    data: { message, severity, reason, remedy: [...steps, ...(move ? [command] : [])].join(' ') },
    suggest: move
      ? [
          {
            messageId: 'move',
            data: { files: plural(move.files, 'file') },
            fix: (fixer) => fixer.replaceTextRange([0, context.sourceCode.text.length], move.text),
          },
        ]
      : [],
  });
}
