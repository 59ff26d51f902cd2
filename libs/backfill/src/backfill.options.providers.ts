import type { FactoryProvider } from '@nestjs/common';
import {
  MODULE_DEFAULTS,
  MODULE_OPTIONS_TOKEN,
  type BackfillModuleOptions,
} from './backfill.module-definition.js';
import { BACKFILL_MODULE_DEFAULTS, resolveModuleDefaults } from './backfills/declare/module.options.js';
import type { Redaction } from './errors/redaction.js';
import { REDACTION } from './errors/redaction.scope.js';
import { ForRootMissingError } from './errors/for-root-missing.error.js';
import { resolveLedgerOptions, LEDGER_OPTIONS } from './ledger/ledger.options.js';
import { resolveMigrationOptions, MIGRATION_OPTIONS } from './migrations/migrations-module.options.js';
import { InvalidBackfillOptionError } from './options/option.error.js';
import { isOneShotProcess } from './one-shot/invocation.js';
import { MODULE_NAME, refuseUnknownOptions, showOption } from './options/known-options.js';
import { CATCH_UP_OPTIONS, resolveCatchUpOptions } from './schedule/catch-up.options.js';

/**
 * Provide each feature with its part of the options of `BackfillModule.forRoot`. The feature checks that
 * part.
 */
export const optionsProviders: readonly FactoryProvider[] = [
  part(LEDGER_OPTIONS, resolveLedgerOptions),
  part(BACKFILL_MODULE_DEFAULTS, resolveModuleDefaults),
  part(CATCH_UP_OPTIONS, ({ catchUp }) =>
    resolveCatchUpOptions(catchUp, { isAllowed: () => !isOneShotProcess() }),
  ),
  part(REDACTION, ({ redact }) => ({ redact: checkRedaction(redact) })),
  part(MIGRATION_OPTIONS, ({ migrations }) => resolveMigrationOptions(migrations)),
];

function part(token: symbol, decide: (options: BackfillModuleOptions) => object): FactoryProvider<object> {
  return {
    provide: token,
    inject: [{ token: MODULE_OPTIONS_TOKEN, optional: true }],
    useFactory: (options?: BackfillModuleOptions) => {
      if (options === undefined) throw new ForRootMissingError();
      refuseUnknownOptions(MODULE_NAME, options, { names: Object.keys(MODULE_DEFAULTS) });
      return decide(options);
    },
  };
}

function checkRedaction(redact: unknown): Redaction | undefined {
  if (redact === undefined || redact === true || typeof redact === 'function')
    return redact as Redaction | undefined;
  throw new InvalidBackfillOptionError(
    MODULE_NAME,
    'redact',
    `is ${showOption(redact)}`,
    'Give true, or a function `(text, context) => text`; leave it out to keep the texts of errors.',
  );
}
