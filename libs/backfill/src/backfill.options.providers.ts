import type { FactoryProvider } from '@nestjs/common';
import {
  MODULE_DEFAULTS,
  MODULE_OPTIONS_TOKEN,
  type BackfillModuleOptions,
} from './backfill.module-definition.js';
import { BACKFILL_MODULE_DEFAULTS, decideModuleDefaults } from './backfills/declare/module.options.js';
import { decideLedgerOptions, LEDGER_OPTIONS } from './ledger/ledger.options.js';
import { decideMigrationOptions, MIGRATION_OPTIONS } from './migrations/migrations-module.options.js';
import { isOneShotProcess } from './one-shot/invocation.js';
import { MODULE_NAME, refuseUnknownOptions } from './options/known-options.js';
import { CATCH_UP_OPTIONS, decideCatchUpOptions } from './schedule/catch-up.options.js';

/**
 * Give each feature its own part of the options of `BackfillModule.forRoot`. Each feature checks its part.
 */
export const optionsProviders: readonly FactoryProvider[] = [
  part(LEDGER_OPTIONS, decideLedgerOptions),
  part(BACKFILL_MODULE_DEFAULTS, decideModuleDefaults),
  part(CATCH_UP_OPTIONS, ({ catchUp }) =>
    decideCatchUpOptions(catchUp, { isAllowed: () => !isOneShotProcess() }),
  ),
  part(MIGRATION_OPTIONS, ({ migrations }) => decideMigrationOptions(migrations)),
];

function part(token: symbol, decide: (options: BackfillModuleOptions) => object): FactoryProvider<object> {
  return {
    provide: token,
    inject: [MODULE_OPTIONS_TOKEN],
    useFactory: (options: BackfillModuleOptions) => {
      refuseUnknownOptions(MODULE_NAME, options, { names: Object.keys(MODULE_DEFAULTS) });
      return decide(options);
    },
  };
}
