import { quoteIdentifier } from '../../postgres/identifiers.js';
import { indexPredicate } from '../../backfills/pending/proof-query.js';
import type { Logger } from '@nestjs/common';
import type { BackfillDefinition } from '../../backfills/definition/definition.js';
import type { BackfillReport } from '../../report/report.js';
import { messageOf } from '../../postgres/error-classes.js';
import { formatDuration } from '../../text/duration.format.js';
import { formatCount, formatQuantity } from '../../text/quantity.format.js';
import type { Due } from './due.inspector.js';

type Level = 'log' | 'warn' | 'error';

/** A message that may recur in every round. */
interface RecurringMessage {
  readonly level: Level;
  /** Messages with the same subject are compared with each other. */
  readonly subject: string;
  readonly message: string;
}

/**
 * Logs the results of rounds: one line if rows were found, nothing otherwise. A message that recurs in each
 * round is logged once; its repetitions are logged at the debug level.
 */
export class RoundLog {
  readonly #logger: Pick<Logger, Level | 'debug'>;
  /** The last message by subject, without its numbers. */
  readonly #logged = new Map<string, string>();

  constructor(logger: Pick<Logger, Level | 'debug'>) {
    this.#logger = logger;
  }

  /** A problem of the round itself. */
  warn(message: string): void {
    this.#logger.warn(message);
  }

  debug(message: string): void {
    this.#logger.debug(message);
  }

  log(message: string): void {
    this.#logger.log(message);
  }

  inspected(definition: BackfillDefinition, due: Due): void {
    const { name } = definition;
    if (due.kind === 'sealed' && due.isNew) {
      this.log(
        `${name}: sealed by ${due.by}. While this constraint exists, no row can become pending, and rounds do not probe the table.`,
      );
    } else if (due.kind === 'skipped') {
      this.debug(`${name}: skipped, because ${due.reason}.`);
    } else if (due.kind === 'nothing') {
      this.debug(`${name}: nothing to catch up on.`);
    }
    if ((due.kind === 'nothing' || due.kind === 'run') && due.isIndexed === false)
      this.#withoutIndex(definition);
    if (due.kind !== 'run') this.#logged.delete(name);
  }

  ran(report: BackfillReport, due: Extract<Due, { kind: 'run' }>): void {
    const { name, status, reason, updated, nothingToDo, durationMs, quarantined } = report;
    if (status === 'failed')
      return this.#once({ level: 'error', subject: name, message: `${name}: failed. ${firstLine(reason)}` });
    if (updated === 0) {
      if (status === 'complete' || nothingToDo) return this.debug(`${name}: ${firstLine(reason)}`);
      return this.#once({
        level: 'warn',
        subject: name,
        message: `${name}: ${status}, no row could be changed. ${firstLine(reason)}`,
      });
    }
    const they = updated === 1 ? 'It' : 'They';
    const drift = due.isDrift ? ` ${they} had become pending after completion (drift).` : '';
    const inQuarantine = quarantined > 0 ? ` ${formatCount(quarantined)} in quarantine.` : '';
    const end = status === 'complete' ? '' : ` It is ${status}: ${firstLine(reason)}`;
    this.#logger[quarantined > 0 ? 'warn' : 'log'](
      `${name}: ${formatQuantity(updated, 'row')} done in ${formatDuration(durationMs)}.${drift}${inQuarantine}${end}`,
    );
  }

  /** A failed round does not affect the application. */
  roundFailed(name: string, error: unknown): void {
    this.#once({
      level: 'error',
      subject: name,
      message: `${name}: the round failed; the next one tries again. ${firstLine(messageOf(error))}`,
    });
  }

  #withoutIndex(definition: BackfillDefinition): void {
    const { name, table, key, index } = definition;
    const columns = key.map(({ databaseName }) => quoteIdentifier(databaseName)).join(', ');
    const remedy =
      index === null
        ? `Build one: CREATE INDEX CONCURRENTLY ON ${table} (${columns}) WHERE ${indexPredicate(definition)}`
        : `Build its index "${index.name}": --indexes`;
    this.#once({
      level: 'warn',
      subject: `${name}, index`,
      message: `${name}: no index serves its pending predicate, so each round probes only some keys and finds rows late. ${remedy}`,
    });
  }

  #once({ level, subject, message }: RecurringMessage): void {
    // Numbers are ignored: a message that differs only in a number, e.g. the seconds of a wait, is not new.
    const withoutNumbers = message.replace(/\d+/g, '#');
    if (this.#logged.get(subject) === withoutNumbers) return this.debug(message);
    this.#logged.set(subject, withoutNumbers);
    this.#logger[level](message);
  }
}

function firstLine(text: string): string {
  return text.split('\n')[0] ?? '';
}
