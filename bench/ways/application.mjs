import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import { Backfill, BackfillModule, BackfillService } from 'nestjs-backfill';
import { IsNull } from 'typeorm';
import { ENTITIES, EXPRESSION } from '../tables/leads.mjs';

export const NAME = 'leads-search-name';

/**
 * What the measured application declares.
 * @typedef {object} Declared
 * @property {string} url
 * @property {import('../tables/leads.mjs').Key} key
 * @property {'set' | 'transform'} kind
 * @property {Pace} pace
 */
/** Options of `@Backfill` that ways choose. @typedef {Partial<import('nestjs-backfill').BackfillOptions>} Pace */

/**
 * The module of an application like a user's.
 * @param {Declared} declared
 * @param {readonly import('@nestjs/common').DynamicModule[]} [others] modules that it also imports
 */
export function moduleOf({ url, key, kind, pace }, others = []) {
  const entity = ENTITIES[key];
  class BenchModule {}
  Module({
    imports: [
      TypeOrmModule.forRoot({ type: 'postgres', url, entities: [entity] }),
      BackfillModule.forRoot({}),
      ...others,
    ],
    providers: [declare(kind, { ...pace, name: NAME, entity, where: { searchName: IsNull() } })],
  })(BenchModule);
  return BenchModule;
}

/**
 * Starts an application like a user's, calls `work` with its BackfillService, and closes it.
 * @template T
 * @param {Declared} declared
 * @param {(service: BackfillService) => Promise<T>} work
 */
export async function withApplication(declared, work) {
  const application = await NestFactory.createApplicationContext(moduleOf(declared), { logger: false });
  try {
    return await work(application.get(BackfillService));
  } finally {
    await application.close();
  }
}

/**
 * Runs the backfill until it is proved complete.
 * @param {'set' | 'transform'} kind
 * @param {Pace} pace
 * @returns {import('./ways.mjs').Way['run']}
 */
export const backfill =
  (kind, pace) =>
  ({ url, key }) =>
    withApplication({ url, key, kind, pace }, async (service) => {
      const { outcome, backfills } = await service.run();
      if (outcome !== 'complete') throw new Error(`The backfill ended ${outcome}: ${backfills[0]?.reason}`);
    });

/** @param {'set' | 'transform'} kind @param {import('nestjs-backfill').BackfillOptions} options */
function declare(kind, options) {
  if (kind === 'set') {
    class SetSearchName {
      set() {
        return { searchName: EXPRESSION };
      }
    }
    Backfill(options)(SetSearchName);
    return SetSearchName;
  }
  class TransformSearchName {
    /** @param {{ firstName: string, lastName: string }[]} rows */
    transform(rows) {
      return rows.map(({ firstName, lastName }) => ({
        searchName: `${firstName} ${lastName}`.toLowerCase(),
      }));
    }
  }
  Backfill({ ...options, reads: ['firstName', 'lastName'], writes: ['searchName'] })(TransformSearchName);
  return TransformSearchName;
}
