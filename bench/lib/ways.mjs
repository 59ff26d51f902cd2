import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import { Backfill, BackfillModule, BackfillService } from 'nestjs-backfill';
import { IsNull } from 'typeorm';
import { EXPRESSION, Lead } from './table.mjs';

/** @typedef {{ client: import('pg').Client, url: string }} Bench */

/**
 * One UPDATE of the whole table: the least work there can be, and the longest locks.
 * @param {Bench} bench
 */
export async function oneUpdate({ client }) {
  await client.query(`UPDATE leads SET search_name = ${EXPRESSION} WHERE search_name IS NULL`);
}

/**
 * The loop that is often written by hand: the first 200 pending rows, again and again.
 * @param {Bench} bench
 */
export async function predicateOnlyLoop({ client }) {
  for (;;) {
    const { rowCount } = await client.query(
      `WITH batch AS (SELECT id FROM leads WHERE search_name IS NULL LIMIT 200 FOR UPDATE SKIP LOCKED)
       UPDATE leads SET search_name = ${EXPRESSION} FROM batch WHERE leads.id = batch.id`,
    );
    if (rowCount === 0) return;
  }
}

/**
 * This library, as an application would run it.
 * @param {'set' | 'transform'} kind
 * @param {import('nestjs-backfill').PaceOptions} pace
 * @returns {(bench: Bench) => Promise<void>}
 */
export function backfill(kind, pace) {
  const options = { name: 'leads-search-name', entity: Lead, where: { searchName: IsNull() }, ...pace };
  class SetSearchName {
    set() {
      return { searchName: EXPRESSION };
    }
  }
  class TransformSearchName {
    /** @param {{ firstName: string, lastName: string }[]} rows */
    transform(rows) {
      return rows.map(({ firstName, lastName }) => ({
        searchName: `${firstName} ${lastName}`.toLowerCase(),
      }));
    }
  }
  const Declared = kind === 'set' ? SetSearchName : TransformSearchName;
  Backfill(
    kind === 'set' ? options : { ...options, reads: ['firstName', 'lastName'], writes: ['searchName'] },
  )(Declared);

  return async ({ url }) => {
    class BenchModule {}
    Module({
      imports: [
        TypeOrmModule.forRoot({ type: 'postgres', url, entities: [Lead] }),
        BackfillModule.forRoot({}),
      ],
      providers: [Declared],
    })(BenchModule);
    const application = await NestFactory.createApplicationContext(BenchModule, { logger: false });
    try {
      const report = await application.get(BackfillService).run();
      if (report.outcome !== 'complete')
        throw new Error(`The backfill ended ${report.outcome}: ${report.backfills[0]?.reason}`);
    } finally {
      await application.close();
    }
  };
}
