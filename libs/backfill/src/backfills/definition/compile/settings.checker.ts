import { optionPath, showOption } from '../../../options/known-options.js';
import { InvalidBackfillOptionError } from '../../../options/option.error.js';

const NAME = /^[a-z_][a-z0-9_$]*(\.[a-z_][a-z0-9_$]*)*$/i;

/** Settings that the library sets itself, and what to use instead. */
const OWN_SETTINGS: readonly { readonly names: RegExp; readonly remedy: string }[] = [
  { names: /^(lock|statement)_timeout$/, remedy: 'Use the option `lockTimeout` or `statementTimeout`.' },
  {
    names: /^(idle_in_transaction_session|transaction)_timeout$/,
    remedy: 'Use the option `idleInTransactionTimeout`.',
  },
  { names: /^synchronous_commit$/, remedy: 'Use the option `synchronousCommit`.' },
  { names: /^search_path$/, remedy: 'Give the schema of the entity or of the data source.' },
  {
    names: /^(role|session_authorization)$/,
    remedy: 'Give the data source another user, and name it with the option `dataSource`.',
  },
  {
    names:
      /^(application_name|jit|plan_cache_mode|max_parallel_workers_per_gather|enable_.*|(default_)?transaction_.*|nestjs_backfill\..*)$/,
    remedy: 'Leave it out: the library sets it for each transaction.',
  },
];

/** @throws InvalidBackfillOptionError for a setting that PostgreSQL or the library does not accept */
export function checkSettings(className: string, settings: unknown): void {
  if (settings === undefined) return;
  if (typeof settings !== 'object' || settings === null || Array.isArray(settings)) {
    throw invalid(
      className,
      'settings',
      `is ${JSON.stringify(settings)}`,
      "Give an object, e.g. `{ 'app.actor': 'backfill' }`.",
    );
  }
  for (const [name, value] of Object.entries(settings)) {
    const path = optionPath('settings', name);
    if (!NAME.test(name))
      throw invalid(className, path, 'is not the name of a setting', 'A name is e.g. `app.actor`.');
    if (typeof value !== 'string')
      throw invalid(className, path, `is ${showOption(value)}`, 'Give the value as text.');
    const own = OWN_SETTINGS.find(({ names }) => names.test(name.toLowerCase()));
    if (own) throw invalid(className, path, 'is set by the library', own.remedy);
  }
}

function invalid(
  className: string,
  option: string,
  problem: string,
  remedy: string,
): InvalidBackfillOptionError {
  return new InvalidBackfillOptionError(className, option, problem, remedy);
}
