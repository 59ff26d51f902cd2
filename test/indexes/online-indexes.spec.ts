import { buildIndexes } from '../../libs/backfill/src/indexes/build/build-indexes.ts';
import { IndexBuildError, IndexDeclarationError } from '../../libs/backfill/src/indexes/index.error.ts';
import { declaredIndex, IndexStage } from '../support/migrations/index-stage.ts';
import { rejection } from '../support/migrations/migrations.ts';

const stage = IndexStage.forEachTest();

it('builds missing indexes, and finds nothing to do the next time', async () => {
  const indexes = [
    declaredIndex(),
    declaredIndex({
      name: 'leads_email',
      columns: undefined,
      expression: 'lower(email) DESC',
      unique: true,
      where: 'tenant_id > 0',
    } as never),
    declaredIndex({ name: 'leads_with', columns: ['id'], include: ['email'] }),
    declaredIndex({ name: 'leads_brin', columns: ['id'], using: 'brin' }),
  ];
  expect(await stage.build(indexes)).toMatchObject({
    outcome: 'done',
    indexes: [
      { status: 'built', declared: 'USING btree (tenant_id)' },
      { status: 'built', declared: 'UNIQUE USING btree (lower(email) DESC) WHERE (tenant_id > 0)' },
      { status: 'built', declared: 'USING btree (id) INCLUDE (email)' },
      { status: 'built', declared: 'USING brin (id)' },
    ],
  });
  expect(await stage.validity()).toEqual({
    leads_brin: true,
    leads_email: true,
    leads_tenant: true,
    leads_with: true,
  });
  expect(await stage.build(indexes)).toMatchObject({ outcome: 'nothing-to-do' });
});

it('uses the default of an option that is undefined', async () => {
  const options = { schema: undefined, lease: undefined, maxWait: undefined, rebuild: undefined };
  expect(await stage.build([declaredIndex()], options as never)).toMatchObject({ outcome: 'done' });
});

it('drops an INVALID index of an interrupted build and builds it again', async () => {
  const holder = await stage.database.connect();
  await holder.query('BEGIN; LOCK TABLE leads IN ROW EXCLUSIVE MODE');
  // The build waits for the holder and is cancelled, as when a deployment is killed.
  const broken = await stage.database.connect('builder');
  await broken.query('SET lock_timeout = 200');
  const failed = await rejection(broken.query('CREATE INDEX CONCURRENTLY leads_tenant ON leads (tenant_id)'));
  expect(failed).toMatchObject({ code: '55P03' });
  expect(await stage.validity()).toEqual({ leads_tenant: false });
  await holder.query('ROLLBACK');
  await holder.end();
  await broken.end();
  expect(await stage.build([declaredIndex()])).toMatchObject({
    outcome: 'done',
    indexes: [{ status: 'built' }],
  });
  expect(await stage.validity()).toEqual({ leads_tenant: true });
  expect(stage.lines.join('\n')).toContain('INVALID');
});

it('reports an index that is no longer declared, and keeps it', async () => {
  await stage.build([declaredIndex()]);
  expect(await stage.build([])).toMatchObject({
    undeclared: [{ name: 'leads_tenant', table: 'public.leads' }],
  });
  expect(await stage.validity()).toEqual({ leads_tenant: true });
});

it('names the duplicate keys of a unique index, and leaves no INVALID index behind', async () => {
  await stage.database.query(`UPDATE leads SET email = 'same@x' WHERE id <= 3`);
  const report = await stage.build([
    declaredIndex({ name: 'leads_email', columns: ['email'], unique: true }),
  ]);
  expect(report).toMatchObject({
    outcome: 'warnings',
    indexes: [{ status: 'duplicates', duplicates: [{ key: '(same@x)', rows: 3 }] }],
  });
  expect(report.indexes[0]?.error).toBeInstanceOf(IndexBuildError);
  expect(await stage.validity()).toEqual({});
});

it('builds the other indexes when one fails', async () => {
  const report = await stage.build([
    declaredIndex({ name: 'broken', where: 'nonsense = 1' }),
    declaredIndex(),
  ]);
  expect(report).toMatchObject({ outcome: 'warnings', indexes: [{ status: 'failed' }, { status: 'built' }] });
  expect(report.indexes[0]?.error).toBeInstanceOf(IndexDeclarationError);
  expect(report.indexes[0]?.error?.message).toContain('LeadsTenantIndex');
});

it.each([
  ['an unknown property', { columns: ['tenant'] }, /no column "tenant"[\s\S]*id, tenantId, email/],
  ['a name that PostgreSQL would cut', { name: 'x'.repeat(64) }, /64 bytes/],
  ['an index without columns', { columns: [] }, /neither columns nor an expression/],
])('refuses %s with the name of the declaring class', async (_what, options, message) => {
  const report = await stage.build([declaredIndex(options as never)]);
  expect(report.indexes[0]).toMatchObject({
    status: 'failed',
    error: expect.any(IndexDeclarationError) as unknown,
  });
  expect(report.indexes[0]?.error?.message).toMatch(message);
});

it('builds each index once when two processes run at the same time', async () => {
  const other = await stage.connect();
  const reports = await Promise.all([
    stage.build([declaredIndex()]),
    buildIndexes(other, [declaredIndex()], { log: stage.log }),
  ]);
  await other.destroy();
  expect(reports.map(({ error }) => error)).toEqual([undefined, undefined]);
  expect(reports.map(({ indexes }) => indexes[0]?.status).sort()).toEqual(['built', 'exists']);
});
