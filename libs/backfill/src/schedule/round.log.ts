import type { Logger } from '@nestjs/common';
import type { BackfillDefinition } from '../backfills/definition/definition.js';
import { formatCount, formatQuantity } from '../text/quantity.format.js';
import { formatDuration } from '../text/duration.format.js';
import type { BackfillReport } from '../backfills/report/report.js';
import { messageOf } from '../postgres/error-classes.js';
import type { Due } from './due.inspector.js';

type Level = 'log' | 'warn' | 'error';

/**
 * Tells what rounds do: a line where something was found, and nothing where not. What stays as it is from round to round is told once.
 */
export class RoundLog {
  readonly #logger: Pick<Logger, Level | 'debug'>;
  readonly #told = new Map<string, string>();

  constructor(logger: Pick<Logger, Level | 'debug'>) {
    this.#logger = logger;
  }

  debug(message: string): void {
    this.#logger.debug(message);
  }

  log(message: string): void {
    this.#logger.log(message);
  }

  looked(definition: BackfillDefinition, due: Due): void {
    const { name } = definition;
    if (due.kind === 'sealed' && due.newly) {
      this.log(
        `${name}: sealed by ${due.by}: while that stands, nothing can become pending, and no row is looked for.`,
      );
    } else if (due.kind === 'left') {
      this.#logger.debug(`${name}: left alone, since ${due.why}.`);
    } else if (due.kind === 'nothing') {
      this.#logger.debug(`${name}: nothing to catch up on.`);
    }
    if ((due.kind === 'nothing' || due.kind === 'run') && due.indexed === false)
      this.#withoutIndex(definition);
    if (due.kind !== 'run') this.#told.delete(name);
  }

  ran(
    { name, status, reason, updated, nothingToDo, durationMs, quarantined }: BackfillReport,
    drift: boolean,
  ): void {
    if (status === 'failed') return this.#once('error', name, `${name}: failed. ${gist(reason)}`);
    const rows = formatQuantity(updated, 'row');
    if (updated === 0) {
      if (status === 'complete' || nothingToDo) return this.#logger.debug(`${name}: ${gist(reason)}`);
      return this.#once('warn', name, `${name}: ${status}, nothing could be done. ${gist(reason)}`);
    }
    const what = drift ? `${rows} had become pending since it was complete (drift), and` : `${rows}`;
    const done = updated === 1 ? 'is done' : 'are done';
    const ending = status === 'complete' ? '' : ` It is ${status}: ${gist(reason)}`;
    const set = quarantined > 0 ? ` ${formatCount(quarantined)} in quarantine.` : '';
    this.#logger[quarantined > 0 ? 'warn' : 'log'](
      `${name}: ${what} ${done}, in ${formatDuration(durationMs)}.${set}${ending}`,
    );
  }

  /** A round that could not do its work; the application is no worse for it. */
  failed(name: string, error: unknown): void {
    this.#once(
      'error',
      name,
      `${name}: the round could not be carried out, the next one tries again. ${gist(messageOf(error))}`,
    );
  }

  #withoutIndex({ name, table, key, pending }: BackfillDefinition): void {
    const columns = key.map(({ databaseName }) => databaseName).join(', ');
    const where =
      pending.parameters.length === 0 ? pending.text.replaceAll('"this_row".', '').replace(/\s+/g, ' ') : '…';
    this.#once(
      'warn',
      `${name}, index`,
      `${name}: no index serves its pending predicate, so that each round looks at some keys only and finds rows late. Build one: CREATE INDEX CONCURRENTLY ON ${table} (${columns}) WHERE ${where}`,
    );
  }

  #once(level: Level, subject: string, message: string): void {
    // Numbers that change by themselves, e.g. seconds waited, make no new message.
    const gist = message.replace(/\d+/g, '#');
    if (this.#told.get(subject) === gist) return this.#logger.debug(message);
    this.#told.set(subject, gist);
    this.#logger[level](message);
  }
}

function gist(text: string): string {
  return text.split('\n')[0] ?? '';
}
