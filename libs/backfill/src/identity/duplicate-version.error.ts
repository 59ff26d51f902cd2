import { BackfillError } from '../errors/backfill.error.js';

/**
 * The application has loaded two versions of the library. A backfill that is declared with one of them would
 * be run by the other.
 *
 * @publicApi
 */
export class DuplicateVersionError extends BackfillError {
  constructor(copies: readonly { readonly version: string; readonly folder: string }[]) {
    const list = copies.map(({ version, folder }) => `\n  ${version} in ${folder}`).join('');
    super(`Two versions of nestjs-backfill are loaded in one application:${list}`, {
      subject: 'nestjs-backfill',
      remedy:
        'Find who installs them with `npm ls nestjs-backfill`, give all of them the same version, and run `npm dedupe`.',
    });
  }
}
