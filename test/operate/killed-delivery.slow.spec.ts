import { setTimeout as sleep } from 'node:timers/promises';
import { FixtureApp } from '../support/applications/fixture-app.ts';
import { Stage } from '../support/applications/stage.ts';
import { seededRandom } from '../support/runs/seeded-random.ts';
import { until } from '../support/runs/until.ts';
import { addLeads, Lead, LEAD_TABLES } from '../support/tables/lead-tables.ts';
import { Backfill, type BackfillService, type SetBackfill } from 'nestjs-backfill';
import { IsNull } from 'typeorm';

/** `EVENT_KILLS=200` for the long form. */
const KILLS = Number(process.env['EVENT_KILLS'] ?? 5);
/** Pauses, each with its resumption, for each kill. */
const CHANGES = 10;
const SEED = Number(process.env['EVENT_SEED'] ?? Date.now() % 1_000_000);

@Backfill<Lead>({ name: 'names', entity: Lead, where: { searchName: IsNull() } })
class Names implements SetBackfill<Lead> {
  set() {
    return { searchName: 'lower(name)' };
  }
}

async function change(service: BackfillService): Promise<void> {
  for (let at = 0; at < CHANGES; at++) {
    await service.pause('names', { by: 'ada' });
    await service.resume('names', { by: 'ada' });
  }
}

describe(`events over ${KILLS} kills of the process that delivers them (EVENT_SEED=${SEED})`, () => {
  const stage = Stage.for({ entities: LEAD_TABLES, backfills: [Names] });
  const receiver = new FixtureApp('events-app', 'main.mjs');
  const start = () => receiver.node([], { DATABASE_URL: stage.database.url });

  it('none is lost and none is invented', async () => {
    await stage.query('CREATE TABLE received (id text, type text)');
    await addLeads(stage.database, 1);
    const { service } = stage.application;
    // The first process records the subscriber.
    await stage.run('names', { maxDurationMs: 0 });
    const first = start();
    await first.printed('started');
    const random = seededRandom(SEED);
    let current = first;
    for (let kill = 0; kill < KILLS; kill++) {
      const changes = change(service);
      await current.printed('received');
      // Not a wait for something: the moment of the kill is random.
      await sleep(random(50));
      current.child.kill('SIGKILL');
      await Promise.all([current.ended, changes]);
      // As if the time of the lease had passed.
      await stage.query('UPDATE nestjs_backfill.event_subscriber SET lease_expires_at = now()');
      current = start();
      await current.printed('started');
    }
    const missing = `SELECT count(*) FROM nestjs_backfill.transition AS t WHERE t.from_status IN ('incomplete', 'paused')
      AND NOT EXISTS (SELECT FROM received AS r WHERE r.id = 'transition:' || t.id)`;
    await until(async () => (await stage.value(missing)) === '0');
    current.child.kill('SIGTERM');
    await current.ended;
    const invented = `SELECT r.id FROM received AS r LEFT JOIN nestjs_backfill.transition AS t ON r.id = 'transition:' || t.id
      WHERE t.id IS NULL OR r.type <> CASE t.to_status WHEN 'paused' THEN 'paused' ELSE 'resumed' END`;
    expect(await stage.query(invented)).toEqual([]);
    const [counts] = await stage.query<{ received: number; twice: number }>(
      'SELECT count(DISTINCT id)::int AS received, (count(*) - count(DISTINCT id))::int AS twice FROM received',
    );
    console.info(`${counts?.received} events, ${counts?.twice} of them delivered twice with the same id.`);
    expect(counts?.received).toBeGreaterThan(KILLS);
    expect(counts?.twice).toBeLessThanOrEqual(KILLS);
  });
});
