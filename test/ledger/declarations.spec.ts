import { Backfill, type TransformBackfill } from 'nestjs-backfill';
import { IsNull, LessThan } from 'typeorm';
import { fingerprintOf } from '../../libs/backfill/src/ledger/declaration.ts';
import { TestApplication } from '../support/applications/application.ts';
import { Stage } from '../support/applications/stage.ts';
import { BatchHook } from '../support/runs/batch-hook.ts';
import { Recorder } from '../support/runs/recorder.ts';
import { addLeads, Lead, LEAD_TABLES } from '../support/tables/lead-tables.ts';

const hook = new BatchHook();
const SHARED = {
  name: 'search-name',
  entity: Lead,
  reads: ['id', 'name'],
  writes: ['searchName'],
  maxWorkers: 2,
} as const;

/** As the release before declares it. */
@Backfill<Lead>({ ...SHARED, where: { searchName: IsNull(), id: LessThan('51') } })
class FirstLeads implements TransformBackfill<Lead> {
  transform(rows: readonly Lead[]) {
    return rows.map(({ name }) => ({ searchName: name.toLowerCase() }));
  }
}

@Backfill<Lead>({ ...SHARED, where: { searchName: IsNull() } })
class AllLeads implements TransformBackfill<Lead> {
  async transform(rows: readonly Lead[]) {
    await hook.run(rows.map(({ id }) => id));
    return rows.map(({ name }) => ({ searchName: name.toLowerCase() }));
  }
}

describe('two releases with another `where` under the same name and version', () => {
  const stage = Stage.for({
    entities: LEAD_TABLES,
    backfills: [AllLeads],
    prepare: (database) => addLeads(database, 100),
  });
  let before: TestApplication;
  beforeAll(async () => {
    before = await TestApplication.start({
      database: stage.database,
      entities: LEAD_TABLES,
      backfills: [FirstLeads],
    });
  });
  afterAll(() => before.stop());
  const statusBefore = async () => (await before.service.status({ names: ['search-name'] })).backfills[0];

  it('do not take each other’s completion for their own', async () => {
    expect((await before.service.run({ names: ['search-name'] })).backfills).toMatchObject([
      { status: 'complete', updated: 50 },
    ]);
    expect(await statusBefore()).toMatchObject({ status: 'complete' });
    expect(await stage.status('search-name')).toMatchObject({
      status: 'incomplete',
      provedAt: null,
      reason: expect.stringMatching(/proved with another `where`.*raise `version`/) as string,
    });
    expect(await stage.run('search-name')).toMatchObject({ status: 'complete', updated: 50 });
    expect(await stage.status('search-name')).toMatchObject({ status: 'complete' });
    expect(await statusBefore()).toMatchObject({ status: 'incomplete' });
    expect((await before.service.run({ names: ['search-name'] })).backfills).toMatchObject([
      { status: 'complete', updated: 0 },
    ]);
    expect(await statusBefore()).toMatchObject({ status: 'complete' });
  });

  it('do not take it during a run that they share, and say so', async () => {
    await stage.query('UPDATE leads SET search_name = NULL');
    hook.once(async () => {
      // The other release finds its ranges done, and proves.
      await stage.query(`UPDATE nestjs_backfill.backfill SET status = 'complete', completed_at = now(),
        proved_declaration = 'of the other release', proved_at = now()`);
      await stage.query(`INSERT INTO leads (id, tenant_id, name) VALUES (-1, '0', 'Behind')`);
    });
    const recorder = new Recorder();
    expect(await stage.run('search-name', { recorder })).toMatchObject({ status: 'complete', updated: 101 });
    expect(await stage.value('SELECT count(*) FROM leads WHERE search_name IS NULL')).toBe('0');
    expect(recorder.notes.join('\n')).toMatch(/proved it complete with another `where`.*raise `version`/);
  });
});

describe('the fingerprint of a predicate', () => {
  const withValue = (value: string) => fingerprintOf({ sql: '(a < $1)', parameters: [value] });

  it('changes with the condition and its values, but not with a time, which is another one in each process', () => {
    expect(withValue('1')).not.toBe(withValue('2'));
    expect(fingerprintOf({ sql: '(a > $1)', parameters: ['1'] })).not.toBe(withValue('1'));
    expect(withValue('2026-01-01T00:00:00.000Z')).toBe(withValue('2026-01-02 00:00:00+00'));
  });
});
