import { BackfillError } from '../../../errors/backfill.error.js';

/** `index` names an index that no provider declares. @publicApi */
export class UndeclaredIndexError extends BackfillError {
  readonly option = 'index';

  constructor(className: string, named: string, declared: readonly string[]) {
    super(`${className}: the option \`index\` names ${named}, and no provider declares that index.`, {
      subject: className,
      remedy:
        'Decorate its class with @OnlineIndex and provide it in a module. ' +
        (declared.length > 0 ? `The declared indexes are ${declared.join(', ')}.` : 'No index is declared.'),
    });
  }
}
