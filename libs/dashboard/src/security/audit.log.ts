import { Injectable, Logger } from '@nestjs/common';
import { logText, quotedLogText } from './log.text.js';

/** An attempt to change something, or to rehearse a backfill. */
export interface Attempt {
  readonly action: string;
  readonly backfill: string;
  readonly actor: string;
  readonly role: string | null;
  readonly address: string;
}

/** One line of the log for each action that was carried out or refused. */
@Injectable()
export class AuditLog {
  readonly #logger = new Logger('BackfillDashboard');

  /** @param why the reason that the person has given; null: the action needs none */
  done(attempt: Attempt, why: string | null): void {
    const reason = why === null ? '' : `, reason: ${quotedLogText(why)}`;
    this.#logger.log(`Done: ${describe(attempt)}${reason}`);
  }

  refused(attempt: Attempt, because: string): void {
    this.#logger.warn(`Refused: ${describe(attempt)}, because ${logText(because).replace(/[.]$/, '')}.`);
  }
}

/** Values are in quotes, so that none can look like a part of the line. */
function describe({ action, backfill, actor, role, address }: Attempt): string {
  const [what, which, who, where] = [action, backfill, actor, address].map(quotedLogText);
  return `${what} of ${which} by ${who} (${role ?? 'no role'}) from ${where}`;
}
