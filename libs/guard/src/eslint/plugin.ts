import { loadClassifier } from 'nestjs-backfill-sql';
import { loadParser } from 'nestjs-backfill-sql/tree';
import { resolve } from 'node:path';
import type { Rule } from 'eslint';
import { DEFAULT_BASELINE, readBaseline } from '../baseline/baseline.file.js';
import { MigrationChecker } from '../check/migration.checker.js';
import { judgeOutcome } from '../check/outcome.js';
import type { Finding } from '../judge/finding.types.js';
import { movedMigration, type MovedMigration } from './moved-migration.js';
import { packageVersion } from '../package-version.js';
import { REMEDIES } from '../rules/remedies.js';
import { shownPath } from '../report/paths.js';
import { plural } from '../report/summary.js';
import { isDataRule, isTimelineRule, RULES, type RuleId } from '../rules/rule.types.js';

/** ESLint runs rules synchronously, so the plugin loads the parser first. */
const [classifier, parser] = [await loadClassifier(), await loadParser()];

const NO_TIMING = { files: 1, totalMs: 0, readMs: 0, parseMs: 0, evaluateMs: 0, sqlMs: 0 } as const;

/** The findings of the last file: ESLint runs all rules on one file, which is then checked once. */
let last: CheckedFile | undefined;

interface CheckedFile {
  readonly file: string;
  readonly text: string;
  readonly findings: readonly Finding[];
  /** Undefined if no data change can move into a backfill. */
  readonly moved: MovedMigration | undefined;
}

function checked(file: string, text: string): CheckedFile {
  if (last?.file === file && last.text === text) return last;
  const migrations = new MigrationChecker(classifier, { paths: [file] }).checkText(file, text);
  const report = { covers: (path: string) => path === file, migrations, problems: [], timing: NO_TIMING };
  const baselineFile = resolve(DEFAULT_BASELINE);
  const findings = judgeOutcome(report, readBaseline(baselineFile), baselineFile)
    .findings.filter(({ status }) => status === 'new' || status === 'note')
    .map(({ finding }) => finding);
  // A file with data changes is rare, so it may cost the search for entities.
  const isMovable = findings.some(({ rule, direction }) => isDataRule(rule) && direction === 'up');
  const moved = isMovable ? movedMigration(report, text, parser) : undefined;
  last = { file, text, findings, moved };
  return last;
}

function ruleOf(id: RuleId): Rule.RuleModule {
  const { title, steps } = REMEDIES[id];
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
        const file = checked(context.filename, context.sourceCode.text);
        for (const finding of file.findings) if (finding.rule === id) report(context, finding, file);
      },
    }),
  };

  function report(context: Rule.RuleContext, finding: Finding, { file, text, moved }: CheckedFile): void {
    const { region, message, severity, reason } = finding;
    const move = finding.direction === 'up' && moved?.lines.has(region.line) ? moved : undefined;
    const command = `Or run \`npx nestjs-backfill-guard extract ${shownPath(file)} --write\`.`;
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
              fix: (fixer) => fixer.replaceTextRange([0, text.length], move.text),
            },
          ]
        : [],
    });
  }
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
