import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import { Backfill, BackfillModule, BackfillService } from 'nestjs-backfill';
import { IsNull } from 'typeorm';
import { EXPRESSION, Lead } from './leads.mjs';

export const NAME = 'leads-search-name';

/**
 * Starts an application like a user's, calls `work` with its BackfillService, and closes it.
 * @template T
 * @param {string} url
 * @param {'set' | 'transform'} kind
 * @param {import('nestjs-backfill').PaceOptions} pace
 * @param {(service: BackfillService) => Promise<T>} work
 */
export async function withApplication(url, kind, pace, work) {
  class BenchModule {}
  Module({
    imports: [TypeOrmModule.forRoot({ type: 'postgres', url, entities: [Lead] }), BackfillModule.forRoot({})],
    providers: [declared(kind, pace)],
  })(BenchModule);
  const application = await NestFactory.createApplicationContext(BenchModule, { logger: false });
  try {
    return await work(application.get(BackfillService));
  } finally {
    await application.close();
  }
}

/**
 * Runs the backfill until it is proved complete.
 * @param {'set' | 'transform'} kind
 * @param {import('nestjs-backfill').PaceOptions} pace
 * @returns {(database: { url: string }) => Promise<void>}
 */
export const backfill =
  (kind, pace) =>
  ({ url }) =>
    withApplication(url, kind, pace, async (service) => {
      const { outcome, backfills } = await service.run();
      if (outcome !== 'complete') throw new Error(`The backfill ended ${outcome}: ${backfills[0]?.reason}`);
    });

/** @param {'set' | 'transform'} kind @param {import('nestjs-backfill').PaceOptions} pace */
function declared(kind, pace) {
  const options = { name: NAME, entity: Lead, where: { searchName: IsNull() }, ...pace };
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
