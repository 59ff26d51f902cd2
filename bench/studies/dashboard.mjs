import 'reflect-metadata';
import { setTimeout as pause } from 'node:timers/promises';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import { Backfill, BackfillModule, BackfillService } from 'nestjs-backfill';
import { BackfillDashboardModule } from 'nestjs-backfill-dashboard';
import { IsNull } from 'typeorm';
import { median } from '../report/numbers.mjs';
import { ENTITIES, EXPRESSION } from '../tables/leads.mjs';

const BACKFILLS = 200;
const VISITS = 15;
/** The dashboard shares what it has read for a second. */
const FORGOTTEN_MS = 1_050;

/**
 * Measures the first page of the dashboard, with 200 backfills that have run, of as many tenants as rows. Each visit
 * reads the ledger, as if no other visitor had come in the last second.
 *
 * @param {import('../lib/bench-server.mjs').BenchServer} server
 * @param {{ rows: number, log: (line: string) => void }} options
 * @returns {Promise<{ medianMs: number, slowestMs: number, bytes: number, tenants: number }>}
 */
export async function measureDashboard(server, { rows, log }) {
  const { client, url } = await server.fresh(rows);
  await client.query(`UPDATE leads SET first_name = 'tenant ' || id`);
  const application = await NestFactory.create(moduleOf(url), { logger: false });
  try {
    await application.get(BackfillService).run();
    await application.listen(0, '127.0.0.1');
    const page = `${await application.getUrl()}/backfills/overview`.replace('[::1]', '127.0.0.1');
    const taken = [];
    let bytes = 0;
    // The first visit reads the phases, too.
    for (let visit = -1; visit < VISITS; visit++) {
      await pause(FORGOTTEN_MS);
      const startedAt = performance.now();
      const response = await fetch(page);
      bytes = (await response.arrayBuffer()).byteLength;
      if (response.status !== 200) throw new Error(`The first page answered ${response.status}.`);
      if (visit >= 0) taken.push(performance.now() - startedAt);
    }
    const found = { medianMs: median(taken), slowestMs: Math.max(...taken), bytes, tenants: rows };
    log(`the first page: median ${found.medianMs.toFixed(1)} ms, ${bytes} bytes`);
    return found;
  } finally {
    await application.close();
  }
}

/** @param {string} url */
function moduleOf(url) {
  class BenchModule {}
  Module({
    imports: [
      TypeOrmModule.forRoot({ type: 'postgres', url, entities: [ENTITIES.bigint] }),
      BackfillModule.forRoot({ defaults: { pause: 0 } }),
      BackfillDashboardModule.forRoot({ authorize: () => 'viewer' }),
    ],
    providers: Array.from({ length: BACKFILLS }, (_, at) => numbered(at)),
  })(BenchModule);
  return BenchModule;
}

/** @param {number} at */
function numbered(at) {
  class Numbered {
    set() {
      return { searchName: EXPRESSION };
    }
  }
  const name = `leads-search-name-${at}`;
  Backfill({ name, entity: ENTITIES.bigint, where: { searchName: IsNull() }, tenant: 'firstName' })(Numbered);
  return Numbered;
}
