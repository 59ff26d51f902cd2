import { resolve } from 'node:path';
import { attempt } from '../../evaluate/attempt.js';
import { Evaluator } from '../../evaluate/evaluator.js';
import type { EvaluationEvent } from '../../evaluate/machine/event.types.js';
import { findMigrations } from '../../evaluate/migrations/migration-classes.js';
import { runDirection } from '../../evaluate/migrations/migration-run.js';
import { isChunk } from '../../evaluate/values/text-value.js';
import { DML_HELPERS } from '../../check/dml-helpers.js';
import { ModuleLoader } from '../../source/module-loader.js';
import { ProjectFiles } from '../../source/project-files.js';

/** What a piece of the migration's code sends, also through helpers, constants and loops. */
export interface SentCode {
  /** The texts of its SQL; parts that are not known are a space. */
  readonly texts: readonly string[];
  /** It runs SQL, or code with the database, that cannot be read. */
  readonly isUnread: boolean;
}

const UNREAD: SentCode = { texts: [], isUnread: true };

/** Finds what the code between two offsets of the migration's file sends. */
export type SentCodeFinder = (start: number, end: number) => SentCode;

/** The first words of SQL whose other parts cannot make it another kind of statement. */
const KNOWN_START =
  /^(?:\s|--[^\n]*\n|\/\*[\s\S]*?\*\/|\()*(?:alter|analyze|comment|create|delete|drop|grant|insert|lock|merge|refresh|reindex|reset|revoke|select|set|truncate|update|vacuum|values|with)\b/i;

const OF_CONNECTION: ReadonlySet<string> = new Set(['helper', 'sql', 'budget', 'module']);

/** Follows `up` of a migration, as the check does. */
export function sentCodeFinder(file: string, text: string, name: string): SentCodeFinder {
  const path = resolve(file);
  const loader = new ModuleLoader(new ProjectFiles([file]));
  const evaluator = new Evaluator(loader, { dmlHelpers: new Set(DML_HELPERS) });
  const parsed = loader.load(path, text);
  const module = parsed?.ok ? parsed.module : undefined;
  const found = attempt(evaluator, () =>
    module ? findMigrations(evaluator, module, evaluator.moduleContext(module)) : [],
  );
  if (!found) return () => UNREAD;
  const migration = found.find((each) => each.name === name) ?? found[0];
  const events = migration ? (runDirection(evaluator, migration, 'up') ?? []) : [];
  if (events.some(stopsEvaluation)) return () => UNREAD;
  return (start, end) => {
    const own = events.filter(({ site, frames }) =>
      [...frames, site].some(
        (place) => place.source.path === path && start <= place.start && place.start < end,
      ),
    );
    const sent = own.map(sentBy);
    return {
      texts: sent.flatMap((each) => (typeof each === 'string' ? [each] : [])),
      isUnread: sent.includes(undefined),
    };
  };
}

/** The migration takes too many steps: what follows is not known. */
function stopsEvaluation(event: EvaluationEvent): boolean {
  return event.kind === 'undecided' && event.reason === 'budget' && event.frames.length === 0;
}

/** The SQL of an event, empty for what TypeORM sends; undefined if it cannot be read. */
function sentBy(event: EvaluationEvent): string | undefined {
  if (event.kind === 'helper') return undefined;
  // Other code has no access to the connection of the migration.
  if (event.kind === 'undecided') return OF_CONNECTION.has(event.reason) ? undefined : '';
  if (event.kind !== 'sql') return '';
  if (event.text.kind !== 'text') return undefined;
  const text = event.text.parts.map((part) => (isChunk(part) ? part.text : ' ')).join('');
  const isWhole = event.text.parts.every(isChunk);
  return isWhole || KNOWN_START.test(text) ? text : undefined;
}
