import type { Routine } from 'nestjs-backfill-sql';
import { basename } from 'node:path';
import type { SqlEvent } from '../evaluate/machine/event.types.js';
import type { Direction } from '../judge/finding.types.js';
import { judgeEvents, verdictOf } from '../judge/judge.js';
import { SchemaMemory } from '../judge/severity/schema-memory.js';
import type { LockDeclaration } from '../judge/locks/lock-declaration.js';
import type { LockChecker } from '../judge/locks/lock.checker.js';
import type { SqlClassifier } from '../judge/reading/sql-classifier.js';
import type { KnownTables } from '../judge/severity/table-growth.js';
import { SourceText } from '../source/source-text.js';
import type { DirectionReport, MigrationReport } from './check.types.js';
import { sqlSuppressions } from './suppressions.js';

interface SqlFileContext {
  readonly classifier: SqlClassifier;
  readonly routines: Routine[];
  readonly tables: KnownTables;
  readonly lockChecker: (declaration: LockDeclaration) => LockChecker | undefined;
  /** Gets the SQL of `up` before it is judged. */
  readonly onUp: (event: SqlEvent) => void;
}

/**
 * Checks a migration in SQL: the whole file, or its sections if it has the markers of goose, sql-migrate or
 * dbmate.
 */
export function checkSqlFile(
  file: string,
  content: string,
  { classifier, routines, tables, lockChecker, onUp }: SqlFileContext,
): MigrationReport {
  const source = new SourceText(file, content);
  const directions = sectionsOf(file, content).map(({ direction, start, end }): DirectionReport => {
    const site = { source, start, end };
    const text = withoutClientCommands(content.slice(start, end));
    const event: SqlEvent = {
      kind: 'sql',
      text: { kind: 'text', parts: [{ text, site }] },
      site: { source, start, end: start },
      frames: [],
      loops: [],
    };
    if (direction === 'up') onUp(event);
    const locks = direction === 'up' ? lockChecker(declarationOf(text)) : undefined;
    const found = judgeEvents([event], {
      classifier,
      direction,
      file,
      memory: new SchemaMemory(),
      tables,
      routines,
      temporary: { names: new Set() },
      locks,
    });
    const findings = locks?.settled(found) ?? found;
    return { direction, verdict: verdictOf(findings), findings };
  });
  return { file, name: basename(file), directions, notes: [], suppressions: sqlSuppressions(source) };
}

/** goose, sql-migrate and dbmate open a transaction unless the file says no. Other runners are not known. */
function declarationOf(text: string): LockDeclaration {
  const allowed = new Set<string>();
  if (
    /^[ \t]*--[ \t]*(?:\+goose[ \t]+no[ \t]+transaction|.*\bnotransaction\b|migrate:up.*transaction:[ \t]*false)/im.test(
      text,
    )
  )
    return { allowed, transaction: 'none' };
  const isManaged = /^[ \t]*--[ \t]*(?:\+(?:goose|migrate)|migrate:)/im.test(text);
  return { allowed, transaction: isManaged ? 'open' : 'unknown' };
}

interface Section {
  readonly direction: Direction;
  readonly start: number;
  readonly end: number;
}

const MARKER = /^[ \t]*--[ \t]*(?:\+(?:goose|migrate)|migrate:|@)?[ \t]*(up|down)\b[^\n]*$/gim;

function sectionsOf(file: string, content: string): readonly Section[] {
  const whole = { start: 0, end: content.length };
  if (/(?:\.|_|-)(?:down|undo|rollback)\.sql$/i.test(file)) return [{ direction: 'down', ...whole }];
  const markers = [...content.matchAll(MARKER)].filter((match) =>
    /\+(?:goose|migrate)|migrate:/i.test(match[0]),
  );
  if (markers.length === 0) return [{ direction: 'up', ...whole }];
  return markers.map((match, index) => ({
    direction: (match[1] ?? 'up').toLowerCase() as Direction,
    start: match.index,
    end: markers[index + 1]?.index ?? content.length,
  }));
}

/** Commands of psql that run other text (`\i`, `\!`, `\gexec`). They stay, and the parser rejects them. */
const COMMANDS_THAT_RUN_SQL = String.raw`copy\b|ir?\b|include|!|gexec\b`;
const CLIENT_COMMAND = new RegExp(String.raw`^[ \t]*\\(?!${COMMANDS_THAT_RUN_SQL})[a-z?][^\n]*$`, 'gim');

/** Replaces psql's own commands and the rows after COPY … FROM stdin by blanks, which keep all positions. */
function withoutClientCommands(sql: string): string {
  const blank = (text: string): string => text.replace(/[^\n]/g, ' ');
  return sql
    .replace(
      /(^copy\b[^;]*\bfrom\s+stdin\b[^;]*;[^\n]*\n)([^]*?)^\\\.[ \t]*$/gim,
      (_, head: string, rows: string) => `${head}${blank(rows)}  `,
    )
    .replace(CLIENT_COMMAND, blank)
    .replace(/^([ \t]*)\\copy\b/gim, '$1 copy');
}
