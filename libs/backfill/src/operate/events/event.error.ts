import { BackfillError } from '../../errors/backfill.error.js';

/** A method with `@OnBackfill` cannot receive events. @publicApi */
export class EventHandlerError extends BackfillError {
  constructor(method: string, problem: string, remedy: string) {
    super(`${method}: ${problem}.`, { subject: method, remedy });
  }
}
