import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Backfill, type SetBackfill } from 'nestjs-backfill';
import { BackfillRecords } from 'nestjs-backfill/operate';
import { UnknownTargetError } from 'nestjs-backfill/errors';
import { DataSource, IsNull } from 'typeorm';
import { Ledger } from '../../libs/backfill/src/ledger/ledger.ts';
import { thinSamples } from '../../libs/backfill/src/ledger/records/sample.ledger.ts';
import { Session } from '../../libs/backfill/src/postgres/session.ts';
import { Stage } from '../support/applications/stage.ts';
import { addLeads, Lead, LEAD_TABLES, resetLeads } from '../support/tables/lead-tables.ts';

@Backfill<Lead>({ name: 'names', entity: Lead, where: { searchName: IsNull() }, tenant: 'tenantId' })
class Names implements SetBackfill<Lead> {
  set() {
    return { searchName: `CASE WHEN name LIKE 'bad%' THEN name::int::text ELSE lower(name) END` };
  }
}

const page = readFileSync(join(import.meta.dirname, '../../docs/operate.md'), 'utf8');

describe('the records of the ledger', () => {
  const stage = Stage.for({ entities: LEAD_TABLES, backfills: [Names] });
  const records = () => stage.application.context.get(BackfillRecords);
  beforeEach(() => resetLeads(stage.database));

  it('are empty, not an error, before the first run', async () => {
    expect(await records().overview()).toMatchObject({
      backfills: [{ name: 'names', status: 'pending', reason: 'It has never run.' }],
      unreadable: [],
    });
    const empty = { items: [], total: 0 };
    expect(await records().history('names')).toEqual(empty);
    expect(await records().tenants('names')).toEqual(empty);
    expect(await records().ranges('names')).toEqual(empty);
    expect(await records().quarantine('names')).toEqual([]);
    expect(await records().samples('names')).toEqual([]);
  });

  it('answer each question of docs/operate.md by the query that the page shows', async () => {
    await addLeads(stage.database, 20, 4);
    await stage.query(`INSERT INTO leads (tenant_id, name) VALUES ('0', 'bad 1'), ('0', 'bad 2')`);
    await stage.run('names');
    await stage.application.service.pause('names', { by: 'ada', why: 'lunch' });
    const queries = [...page.matchAll(/^```sql\n(.*?)^```/gms)].flatMap(([, sql = '']) =>
      sql.trim().split(';\n'),
    );
    expect(queries.length).toBeGreaterThan(5);
    const answers = await Promise.all(queries.map((sql) => stage.query<Record<string, unknown>>(sql)));
    const answerOf = (part: string) => answers[queries.findIndex((sql) => sql.includes(part))];
    expect(answerOf('duration')).toMatchObject([{ name: 'names', status: 'paused' }]);
    expect(answerOf('LIMIT 50')?.[0]).toMatchObject({ before: 'incomplete', after: 'paused', actor: 'ada' });
    expect(answerOf('v_tenants')).toHaveLength(4);
    expect(answerOf(`what = 'quarantined'`)).toHaveLength(2);
  });

  it('group the quarantine by error, whatever values the errors name', async () => {
    await stage.query(`INSERT INTO leads (name) SELECT 'bad ' || i FROM generate_series(1, 30) AS i`);
    await stage.run('names');
    const [group, ...others] = await records().quarantine('names');
    expect(others).toEqual([]);
    expect(group).toMatchObject({
      rows: 30,
      code: '22P02',
      error: 'invalid input syntax for type integer: …',
    });
    expect(group?.keys).toHaveLength(20);
  });

  it('keep fewer samples the older they are, and the same rates', async () => {
    await addLeads(stage.database, 1);
    await stage.run('names');
    await stage.query(`INSERT INTO nestjs_backfill.sample (name, version, target, run, at, updated, batches, remaining, throttled_ms)
      SELECT 'names', 1, 'public.leads', 'a run', now() - interval '2 hours' + i * interval '5 seconds', i * 500, i, 400000 - i * 500, i * 2500
      FROM generate_series(0, 720) AS i`);
    await stage.query(`INSERT INTO nestjs_backfill.sample (name, version, target, run, at, updated, batches)
      VALUES ('names', 1, 'public.leads', 'an old run', now() - interval '31 days', 1, 1)`);
    const rates = async () =>
      (await records().samples('names', { hours: 4 })).map(({ rowsPerSecond }) => rowsPerSecond);
    expect(new Set(await rates())).toEqual(new Set([100]));
    const session = await Session.open(stage.application.context.get(DataSource));
    await session.transaction(
      thinSamples(new Ledger({ schema: 'nestjs_backfill', owner: 'x', leaseMs: 1_000 })),
    );
    await session.close();
    const kept = Number(await stage.value('SELECT count(*) FROM nestjs_backfill.sample'));
    expect(kept).toBeGreaterThan(55);
    expect(kept).toBeLessThan(70);
    expect(new Set(await rates())).toEqual(new Set([100]));
    expect((await records().samples('names', { hours: 4 })).at(-1)).toMatchObject({
      throttled: 0.5,
      remaining: 40_000,
    });
  });

  it('refuse a table that the ledger does not have', async () => {
    await addLeads(stage.database, 1);
    await stage.run('names');
    await expect(records().history('names', { target: 'elsewhere' })).rejects.toThrow(UnknownTargetError);
    const { items } = await records().history('names', { target: 'public' });
    expect(items.filter(({ what }) => what === 'status')).toMatchObject([
      { after: 'complete' },
      { after: 'running' },
    ]);
  });
});
