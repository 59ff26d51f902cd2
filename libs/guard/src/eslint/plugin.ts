import { loadClassifier } from 'nestjs-backfill-sql';
import { resolve } from 'node:path';
import type { Rule } from 'eslint';
import { DEFAULT_BASELINE, readBaseline } from '../baseline/baseline.file.js';
import { MigrationChecker } from '../check/migration.checker.js';
import { judgeOutcome } from '../check/outcome.js';
import type { Finding } from '../judge/finding.types.js';
import { packageVersion } from '../package-version.js';
import { REMEDIES } from '../rules/remedies.js';
import { isTimelineRule, RULES, type RuleId } from '../rules/rule.types.js';

/** ESLint runs rules synchronously, so the plugin loads the parser first. */
const classifier = await loadClassifier();

const NO_TIMING = { files: 1, totalMs: 0, readMs: 0, parseMs: 0, evaluateMs: 0, sqlMs: 0 } as const;

/** The findings of the last file: ESLint runs all rules on one file, which is then checked once. */
let last: { readonly file: string; readonly text: string; readonly findings: readonly Finding[] } | undefined;

function findingsOf(file: string, text: string): readonly Finding[] {
  if (last?.file !== file || last.text !== text) {
    const migrations = new MigrationChecker(classifier, { paths: [file] }).checkText(file, text);
    const baselineFile = resolve(DEFAULT_BASELINE);
    const outcome = judgeOutcome(
      { covers: (path) => path === file, migrations, problems: [], timing: NO_TIMING },
      readBaseline(baselineFile),
      baselineFile,
    );
    last = {
      file,
      text,
      findings: outcome.findings
        .filter(({ status }) => status === 'new' || status === 'note')
        .map(({ finding }) => finding),
    };
  }
  return last.findings;
}

function ruleOf(id: RuleId): Rule.RuleModule {
  const { title, steps } = REMEDIES[id];
  return {
    meta: {
      type: 'problem',
      docs: { description: title },
      schema: [],
      messages: { found: '{{message}} ({{severity}}: {{reason}}). {{remedy}}' },
    },
    create: (context) => ({
      Program: () => {
        for (const { rule, region, message, severity, reason } of findingsOf(
          context.filename,
          context.sourceCode.text,
        )) {
          if (rule !== id) continue;
          const loc = {
            start: { line: region.line, column: region.column - 1 },
            end: { line: region.endLine, column: region.endColumn - 1 },
          };
          context.report({
            loc,
            messageId: 'found',
            data: { message, severity, reason, remedy: steps.join(' ') },
          });
        }
      },
    }),
  };
}

/** The timeline needs all migrations and the sources; ESLint checks one file. */
const FILE_RULES = RULES.filter((id) => !isTimelineRule(id));

const rules: Record<string, Rule.RuleModule> = Object.fromEntries(FILE_RULES.map((id) => [id, ruleOf(id)]));

const meta = { name: 'nestjs-backfill', version: packageVersion() } as const;

/** All rules are errors except `backfill-comment`, which warns. */
const recommended = {
  name: 'nestjs-backfill/recommended',
  files: ['**/migrations/**/*.{ts,js,mts,mjs,cts,cjs}'],
  plugins: { 'nestjs-backfill': { meta, rules } },
  rules: Object.fromEntries(
    FILE_RULES.map((id) => [`nestjs-backfill/${id}`, id === 'backfill-comment' ? 'warn' : 'error'] as const),
  ),
};

/**
 * The guard's rules for ESLint's flat configuration.
 *
 * @publicApi
 * @example
 * export default [plugin.configs.recommended];
 */
const plugin = { meta, rules, configs: { recommended } };

export default plugin;
