import { Backfill, type BackfillReport, type SetBackfill } from 'nestjs-backfill';
import { IsNull } from 'typeorm';
import { Stage } from '../../support/applications/stage.ts';
import { Lead, LEAD_TABLES } from '../../support/tables/lead-tables.ts';

@Backfill<Lead>({ name: 'names', entity: Lead, where: { searchName: IsNull() }, pause: 0 })
class Names implements SetBackfill<Lead> {
  set() {
    return { searchName: 'left(lower(name), 14)' };
  }
}

describe('a run with `predict`', () => {
  const stage = Stage.for({ entities: LEAD_TABLES, backfills: [Names] });

  /** About 1 MB for 1,000 rows. */
  const fill = async (rows: number) => {
    await stage.query('TRUNCATE leads');
    await stage.query('DROP SCHEMA IF EXISTS nestjs_backfill CASCADE');
    await stage.query('ALTER TABLE leads SET (autovacuum_enabled = off)');
    await stage.query(
      `INSERT INTO leads (tenant_id, name) SELECT '1', 'Lead ' || i || repeat('x', 950) FROM generate_series(1, ${rows}) AS i`,
    );
    await stage.query('VACUUM (ANALYZE) leads');
  };
  const run = async (): Promise<BackfillReport> => {
    const { backfills } = await stage.runAll({ predict: true });
    return backfills[0] as BackfillReport;
  };

  it('compares the prediction with what the run came to', async () => {
    await fill(36_000);
    const { comparison, updated } = await run();
    expect(updated).toBe(36_000);
    const [predicted, measured] = [comparison?.predicted, comparison?.measured];
    const growth = measured?.tableGrowthBytes ?? 0;
    expect(growth).toBeGreaterThan(0);
    // Snapshots of other sessions decide how much a run can prune. How exact predictions are is
    // measured by `npm run eval:plan`; here they only have to be about the same table.
    const ratio = (predicted?.tableGrowthBytes ?? 0) / growth;
    expect(ratio).toBeGreaterThan(1 / 4);
    expect(ratio).toBeLessThan(4);
    expect(measured?.serverWalBytes).toBeGreaterThan(0);
    expect(predicted?.ms).toBeGreaterThan(0);
  });

  it('predicts neither a later run nor a small table', async () => {
    expect((await run()).comparison).toBeUndefined();
    await fill(1_000);
    expect((await run()).comparison).toBeUndefined();
  });
});
