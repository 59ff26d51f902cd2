import { IndexBuildError } from '../../libs/backfill/src/indexes/index.error.ts';
import { declaredIndex, IndexStage } from '../support/migrations/index-stage.ts';
import { LockHolder } from '../support/server/lock-holder.ts';

const stage = IndexStage.forEachTest();

it('reports both definitions of an index that differs, and replaces it only with `rebuild`', async () => {
  await stage.database.query('CREATE INDEX leads_tenant ON leads (tenant_id, id)');
  const both = { existing: 'USING btree (tenant_id, id)', declared: 'USING btree (tenant_id)' };
  expect(await stage.build([declaredIndex()])).toMatchObject({
    outcome: 'warnings',
    indexes: [{ status: 'differs', ...both }],
  });
  expect(await stage.build([declaredIndex()], { rebuild: true })).toMatchObject({
    outcome: 'done',
    indexes: [{ status: 'rebuilt', ...both }],
  });
  expect(await stage.validity()).toEqual({ leads_tenant: true });
  expect(await stage.build([declaredIndex()])).toMatchObject({ outcome: 'nothing-to-do' });
});

describe('after a killed rebuild', () => {
  it('a temporary index with another definition is dropped and built again', async () => {
    await stage.database.query('CREATE INDEX leads_tenant ON leads (email)');
    await stage.database.query('CREATE INDEX leads_tenant_nestjs_backfill_new ON leads (email, id)');
    await stage.build([declaredIndex()], { rebuild: true });
    expect(await stage.build([declaredIndex()])).toMatchObject({ outcome: 'nothing-to-do' });
    expect(await stage.validity()).toEqual({ leads_tenant: true });
  });

  it('the next run drops the replaced index', async () => {
    await stage.database.query('CREATE INDEX leads_tenant ON leads (tenant_id)');
    await stage.database.query('CREATE INDEX leads_tenant_nestjs_backfill_old ON leads (email)');
    await stage.build([declaredIndex()]);
    expect(await stage.validity()).toEqual({ leads_tenant: true });
  });

  it('indexes of the application with similar names are kept', async () => {
    await stage.database.query('CREATE INDEX leads_tenant ON leads (email)');
    await stage.database.query('CREATE INDEX leads_tenant_old ON leads (email)');
    await stage.database.query('CREATE INDEX leads_tenant_rebuild ON leads (email)');
    expect(await stage.build([declaredIndex()], { rebuild: true })).toMatchObject({ outcome: 'done' });
    expect(await stage.validity()).toEqual({
      leads_tenant: true,
      leads_tenant_old: true,
      leads_tenant_rebuild: true,
    });
  });
});

it('a swap of names that gets no lock fails with the name of the index, and the next run continues', async () => {
  await stage.database.query('CREATE INDEX leads_tenant ON leads (tenant_id, id)');
  await stage.database.query('CREATE INDEX leads_tenant_nestjs_backfill_new ON leads (tenant_id)');
  // This lock blocks only the swap, because the new index is already built.
  const other = await LockHolder.hold(stage.database, 'ALTER INDEX leads_tenant SET (fillfactor = 80)');
  const report = await stage.build([declaredIndex()], { rebuild: true });
  expect(report).toMatchObject({ outcome: 'warnings', indexes: [{ status: 'failed' }] });
  expect(report.indexes[0]?.error).toBeInstanceOf(IndexBuildError);
  expect(report.indexes[0]?.error?.message).toMatch(/"leads_tenant" was not built: .*lock timeout/);
  await other.release('ROLLBACK');
  expect(await stage.build([declaredIndex()], { rebuild: true })).toMatchObject({ outcome: 'done' });
  expect(await stage.validity()).toEqual({ leads_tenant: true });
});
