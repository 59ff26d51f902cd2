import { Injectable, Logger } from '@nestjs/common';

/** An attempt to change something. */
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

  done(attempt: Attempt): void {
    this.#logger.log(`Done: ${describe(attempt)}`);
  }

  refused(attempt: Attempt, reason: string): void {
    this.#logger.warn(`Refused: ${describe(attempt)}, because ${reason}.`);
  }
}

/** Values are in quotes as JSON, so that none can begin a line of its own. */
function describe({ action, backfill, actor, role, address }: Attempt): string {
  const [what, which, who, where] = [action, backfill, actor, address].map((value) => JSON.stringify(value));
  return `${what} of ${which} by ${who} (${role ?? 'no role'}) from ${where}`;
}
