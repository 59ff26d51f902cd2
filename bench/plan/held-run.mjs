import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import { Backfill, BackfillModule, BackfillService } from 'nestjs-backfill';
import { IsNull } from 'typeorm';
import { entityOf, EXPRESSION } from './random-table.mjs';

/**
 * A prediction and what the run came to. Bytes, and seconds.
 * @typedef {{ seconds: number, wal: number, growth: number, heapOnly: number }} Effect
 * @typedef {{ predicted: Effect, actual: Effect, bytesBefore: number, autovacuums: number }} HeldRun
 */

/**
 * Plans the backfill of the table `leads`, runs it with the defaults of the library, and reads what it came to.
 * @param {import('pg').Client} client connected to the same database
 * @param {string} url
 * @param {import('./random-table.mjs').RandomTable} table
 * @returns {Promise<HeldRun>}
 */
export function holdPrediction(client, url, table) {
  return withService(url, table, async (service) => {
    const { plan } = await service.plan();
    const prediction = plan[0]?.prediction;
    if (!prediction) throw new Error('The plan has no prediction.');
    const before = await readState(client);
    const { outcome, backfills } = await service.run();
    if (outcome !== 'complete') throw new Error(`The backfill ended ${outcome}: ${backfills[0]?.reason}`);
    const after = await readState(client);
    const { ms, walBytes, tableGrowthBytes, indexGrowthBytes, heapOnlyShare } = prediction;
    return {
      predicted: {
        seconds: ms / 1000,
        wal: walBytes,
        growth: tableGrowthBytes + indexGrowthBytes,
        heapOnly: heapOnlyShare,
      },
      actual: {
        seconds: (backfills[0]?.durationMs ?? 0) / 1000,
        wal: after.wal - before.wal,
        growth: after.bytes - before.bytes,
        heapOnly: await heapOnlyShareOf(client),
      },
      bytesBefore: before.bytes,
      autovacuums: after.autovacuums - before.autovacuums,
    };
  });
}

/**
 * @template T
 * @param {string} url
 * @param {import('./random-table.mjs').RandomTable} table
 * @param {(service: BackfillService) => Promise<T>} work
 */
async function withService(url, table, work) {
  const entity = entityOf(table);
  const backfill = declare(table.kind, entity);
  class EvalModule {}
  Module({
    imports: [
      TypeOrmModule.forRoot({ type: 'postgres', url, entities: [entity] }),
      BackfillModule.forRoot({}),
    ],
    providers: [backfill],
  })(EvalModule);
  const application = await NestFactory.createApplicationContext(EvalModule, { logger: false });
  try {
    return await work(application.get(BackfillService));
  } finally {
    await application.close();
  }
}

/** @param {'set' | 'transform'} kind @param {import('typeorm').EntitySchema} entity */
function declare(kind, entity) {
  const options = {
    name: 'names',
    entity,
    where: { searchName: IsNull() },
    order: /** @type {const} */ ('auto'),
  };
  if (kind === 'set') {
    class SetNames {
      set() {
        return { searchName: EXPRESSION };
      }
    }
    Backfill(options)(SetNames);
    return SetNames;
  }
  class TransformNames {
    /** @param {{ firstName: string, lastName: string }[]} rows */
    transform(rows) {
      return rows.map(({ firstName, lastName }) => ({
        searchName: `${firstName} ${lastName}`.toLowerCase(),
      }));
    }
  }
  Backfill({ ...options, reads: ['firstName', 'lastName'], writes: ['searchName'] })(TransformNames);
  return TransformNames;
}

/** @param {import('pg').Client} client */
async function readState(client) {
  const { rows } = await client.query(
    `SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::float8 AS wal,
      (pg_relation_size('leads') + pg_indexes_size('leads'))::float8 AS bytes,
      (SELECT (autovacuum_count + autoanalyze_count)::int FROM pg_stat_user_tables WHERE relname = 'leads') AS autovacuums`,
  );
  return /** @type {{ wal: number, bytes: number, autovacuums: number }} */ (rows[0]);
}

/**
 * The sessions of the library report their counts when they are idle or end, at the latest after a second.
 * @param {import('pg').Client} client
 */
async function heapOnlyShareOf(client) {
  await new Promise((resolve) => setTimeout(resolve, 1_100));
  const { rows } = await client.query(
    `SELECT n_tup_hot_upd::float8 / greatest(n_tup_upd, 1) AS share FROM pg_stat_user_tables WHERE relname = 'leads'`,
  );
  return /** @type {number} */ (rows[0].share);
}
