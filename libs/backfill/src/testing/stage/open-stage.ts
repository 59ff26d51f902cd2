import { Module, type DynamicModule, type INestApplicationContext, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { BackfillMetadata } from '../../backfills/declare/backfill-metadata.accessor.js';
import type { BackfillOptions } from '../../backfills/declare/backfill.options.js';
import type { BackfillDefinition } from '../../backfills/definition/definition.js';
import { BackfillRegistry } from '../../backfills/definition/backfill.registry.js';
import { asOneShot } from '../../one-shot/invocation.js';
import { stopSchedules } from '../../one-shot/startup/schedule.stopper.js';
import { RehearsalError } from '../rehearsal.error.js';
import type { RehearsalOptions } from '../rehearsal.options.js';
import { Stage } from './stage.js';

/** Starts the application, works with the tables, and closes it. */
export type OpenStage = <T>(work: (stage: Stage) => Promise<T>) => Promise<T>;

@Module({})
class RehearsalModule {}

export function stageFor(backfill: Type<unknown>, options: RehearsalOptions): OpenStage {
  return (work) =>
    // No scheduled round may change the rows meanwhile.
    asOneShot(async () => {
      const root: DynamicModule = {
        module: RehearsalModule,
        imports: [...options.imports],
        providers: [...(options.providers ?? [])],
      };
      const app = await NestFactory.createApplicationContext(root, {
        logger: ['error', 'warn'],
        abortOnError: false,
      });
      try {
        stopSchedules(app);
        const definition = definitionOf(backfill, app);
        await options.prepare?.(definition.dataSource);
        const stage = new Stage(definition, options);
        await stage.open();
        try {
          return await work(stage);
        } finally {
          await stage.close();
        }
      } finally {
        await app.close();
      }
    });
}

/** @throws RehearsalError if the application of the rehearsal does not have the backfill */
function definitionOf(backfill: Type<unknown>, app: INestApplicationContext): BackfillDefinition {
  const name = nameOf(backfill);
  const registry = registryOf(app);
  if (registry === null) {
    throw new RehearsalError(
      backfill.name,
      'the application of the rehearsal has no BackfillModule.',
      'Add your module that imports BackfillModule, or BackfillModule.forRoot() itself, to `imports`.',
    );
  }
  if (registry.names.includes(name)) return registry.get(name);
  throw new RehearsalError(
    backfill.name,
    'no module of `imports` provides the class.',
    `Add the module that provides it to \`imports\`, or give \`providers: [${backfill.name}]\` beside them.`,
  );
}

function registryOf(app: INestApplicationContext): BackfillRegistry | null {
  try {
    return app.get(BackfillRegistry, { strict: false });
  } catch {
    // Nest has no other reason to refuse a provider that was created when the application started.
    return null;
  }
}

/** @throws RehearsalError */
function nameOf(backfill: Type<unknown>): string {
  const options = Reflect.getMetadata(BackfillMetadata.KEY, backfill) as BackfillOptions | undefined;
  if (options) return options.name;
  throw new RehearsalError(
    backfill.name,
    'the class is no backfill, because it has no @Backfill.',
    'Give `rehearse` a class with @Backfill({ name, entity, where }).',
  );
}
