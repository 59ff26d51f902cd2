import { BackfillError } from './backfill.error.js';

/**
 * The root module imports `BackfillModule` itself instead of `BackfillModule.forRoot()`.
 *
 * @publicApi
 */
export class ForRootMissingError extends BackfillError {
  constructor() {
    super('BackfillModule is imported without forRoot().', {
      subject: 'BackfillModule',
      remedy: 'Write `imports: [BackfillModule.forRoot()]` in the root module. Every option has a default.',
    });
  }
}
