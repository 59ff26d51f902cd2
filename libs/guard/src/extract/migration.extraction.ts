import type { CheckReport } from '../check/check.types.js';
import { judgeOutcome } from '../check/outcome.js';
import { UnreadableFileError } from '../guard.error.js';
import { shownPath } from '../report/paths.js';
import { isDataRule } from '../rules/rule.types.js';
import { parseModule } from '../source/module-parser.js';
import { sentCodeFinder } from './code/sent-code.js';
import { extract, type Extraction, type ExtractionContext } from './extraction.js';
import { extractSqlFile } from './sql-file.extraction.js';
import type { GeneratedFile } from './write/generated.types.js';

/**
 * Moves the data changes of one migration. A backfill is not reverted, so `down` needs none.
 *
 * @param report the check of this migration alone
 * @throws {UnreadableFileError} when the text cannot be parsed
 */
export function extractMigration(report: CheckReport, text: string, context: ExtractionContext): Extraction {
  const judged = judgeOutcome(report, undefined, context.folder).findings.filter(
    ({ finding }) => finding.direction === 'up' && isDataRule(finding.rule),
  );
  const findings = judged.filter(({ status }) => status !== 'suppressed').map(({ finding }) => finding);
  const suppressed = judged
    .filter(({ status }) => status === 'suppressed')
    .map(({ finding }) => finding.region.line);
  const [migration] = report.migrations;
  const file = migration?.file ?? '';
  if (file.endsWith('.sql')) return extractSqlFile({ file, text, findings, suppressed }, context);
  const parsed = parseModule(file, text);
  if (!parsed.ok) throw new UnreadableFileError(shownPath(file), parsed.failure.message);
  const name = migration?.name ?? '';
  const sentCode = sentCodeFinder(file, text, name);
  return extract({ module: parsed.module, name, findings, suppressed, sentCode }, context);
}

/** The files that an extraction adds. */
export function filesOf({ backfills, tables, contract }: Extraction): readonly GeneratedFile[] {
  return [...backfills.map(({ file }) => file), ...tables, ...(contract ? [contract.file] : [])];
}
