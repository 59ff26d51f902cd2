import type { SqlParser } from 'nestjs-backfill-sql/tree';
import { dirname, join } from 'node:path';
import type { CheckReport } from '../check/check.types.js';
import type { Extraction } from '../extract/extraction.js';
import { extractMigration, filesOf } from '../extract/migration.extraction.js';
import { ProjectSources } from '../extract/project/entity.finder.js';
import { readSchema } from '../extract/project/schema.reader.js';
import type { GeneratedFile } from '../extract/write/generated.types.js';
import { GuardError } from '../guard.error.js';
import { shownPath } from '../report/paths.js';

/** What a migration becomes in an editor, which can change the open file only. */
export interface MovedMigration {
  /** The lines of the data changes that move. */
  readonly lines: ReadonlySet<number>;
  /** The text of the open file. */
  readonly text: string;
  /** The number of files that the text holds in comments. */
  readonly files: number;
}

/**
 * The migration as `extract` leaves it, with the code of the new files in comments at its end. Its `up` fails
 * until a person has moved that code into the files, so that no data change gets lost. Nothing if no data
 * change can move.
 */
export function movedMigration(
  report: CheckReport,
  text: string,
  parser: SqlParser,
): MovedMigration | undefined {
  const file = report.migrations[0]?.file;
  if (file === undefined || report.migrations.length > 1) return undefined;
  const extraction = extracted(report, { file, text }, parser);
  const up = extraction && UP.exec(extraction.migration);
  if (!extraction || extraction.backfills.length === 0 || !up) return undefined;
  const files = filesOf(extraction);
  const at = up.index + up[0].length;
  const start = extraction.migration.slice(0, at);
  const rest = extraction.migration.slice(at);
  const indent = /^\n([ \t]+)/.exec(rest)?.[1] ?? '    ';
  return {
    lines: new Set(extraction.backfills.map(({ move }) => move.place.line)),
    text: `${start}\n${indent}${reminder(files.length)}${rest.trimEnd()}\n${files.map(inComment).join('')}`,
    files: files.length,
  };
}

/** The start of the body of `up`. */
const UP = /^[ \t]*(?:public\s+)?(?:override\s+)?(?:async\s+)?up\s*\([^)]*\)\s*(?::\s*[^{]*)?\{/m;

function reminder(files: number): string {
  const them = files === 1 ? 'its file' : 'their files';
  return `throw new Error('Move the code in the comments at the end of this migration into ${them}, then remove this line.');`;
}

/** Line comments: the code may hold the end of a block comment. */
function inComment({ path, code }: GeneratedFile): string {
  const lines = code.trimEnd().split('\n');
  return `\n// ${shownPath(path)}\n${lines.map((line) => (line === '' ? '//\n' : `// ${line}\n`)).join('')}`;
}

function extracted(
  report: CheckReport,
  { file, text }: { readonly file: string; readonly text: string },
  parser: SqlParser,
): Extraction | undefined {
  try {
    const folder = join(dirname(dirname(file)), 'backfills');
    return extractMigration(report, text, {
      parser,
      folder,
      sources: new ProjectSources(file),
      schema: readSchema(parser, file),
    });
  } catch (error) {
    // The folder of an unsaved file may not exist.
    if (error instanceof GuardError || (error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
