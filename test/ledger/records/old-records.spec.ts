import { RemovalLedger } from '../../../libs/backfill/src/ledger/records/removal.ledger.ts';
import { thinSamples } from '../../../libs/backfill/src/ledger/records/sample.ledger.ts';
import { LedgerWithNeighbours } from './neighbours.ts';

describe('old records', () => {
  let stage: LedgerWithNeighbours;
  beforeAll(async () => {
    stage = await LedgerWithNeighbours.create();
  });
  afterAll(() => stage.stop());

  it('of runs are thinned: one in a minute after an hour, one in a quarter of an hour after a day, none after 30 days', async () => {
    const times = [
      ...['12:00:10', '12:00:50', '12:01:10', '12:16:00'].map(
        (time) => `now()::date - interval '2 days' + time '${time}'`,
      ),
      ...[
        "date_trunc('minute', now()) - interval '3 hours'",
        "date_trunc('minute', now()) - interval '179 minutes 20 seconds'",
      ],
      ...[
        "date_trunc('minute', now()) - interval '179 minutes 10 seconds'",
        "now() - interval '30 minutes'",
        "now() - interval '29 minutes 59 seconds'",
      ],
      "now() - interval '31 days'",
    ];
    await stage.database.query('DELETE FROM nestjs_backfill.sample');
    for (const [at, time] of times.entries())
      for (const [subject, run] of [
        [`'names', 2, 'public.leads'`, 'a'],
        [`'names', 2, 'public.leads'`, 'b'],
        [`'others', 2, 'public.leads'`, 'a'],
      ])
        await stage.database.query(
          `INSERT INTO nestjs_backfill.sample (name, version, target, run, at, updated, batches) VALUES (${subject}, '${run}', ${time}, ${at}, 0)`,
        );
    const events = (age: string) =>
      stage.database.query(
        `UPDATE nestjs_backfill.event SET at = now() - interval '${age}' WHERE name = 'names' AND version = 2`,
      );
    await events('29 days');
    await stage.session.transaction(thinSamples({ schema: 'nestjs_backfill' }));
    const left = (await stage.own('sample', 'run, updated::int AS at')).sort(
      (a, b) => Number(a['at']) - Number(b['at']),
    );
    const kept = [2, 3, 6, 7, 8];
    expect(left.filter(({ run }) => run === 'a').map(({ at }) => at)).toEqual(kept);
    expect(left.filter(({ run }) => run === 'b').map(({ at }) => at)).toEqual(kept);
    expect(await stage.own('event', 'type')).toHaveLength(1);
    await events('31 days');
    await stage.session.transaction(thinSamples({ schema: 'nestjs_backfill' }));
    expect(await stage.own('event', 'type')).toHaveLength(0);
  });

  it('of a name are removed, but not while a process holds a lease', async () => {
    const removal = new RemovalLedger({ schema: 'nestjs_backfill' });
    const of = async (name: string) =>
      (await stage.neighbours()).filter((row) => JSON.stringify(row).includes(`\\"name\\": \\"${name}\\"`));
    const others = await of('others');
    expect(others.length).toBeGreaterThan(15);
    expect(await removal.remove(stage.session, 'names')).toBe(false);
    expect(await stage.ledger.status.read(stage.session)).toBe('running');
    await stage.database.query(
      `UPDATE nestjs_backfill.range SET lease_expires_at = now() WHERE name = 'names'`,
    );
    expect(await removal.remove(stage.session, 'names')).toBe(true);
    expect(await removal.otherNames(stage.session, [])).toEqual(['others']);
    expect(await of('others')).toEqual(others);
    // Events stay: they may still be delivered.
    expect(new Set(JSON.stringify(await of('names')).match(/"\?column\?":"\w+"/g))).toEqual(
      new Set(['"?column?":"event"']),
    );
  });
});
