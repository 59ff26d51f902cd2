import { Injectable, Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import { Column, type DataSource, Entity, PrimaryColumn } from 'typeorm';
import { buildIndexes } from '../../libs/backfill/src/indexes/index.builder.ts';
import {
  DuplicateIndexNameError,
  IndexBuildError,
  IndexDeclarationError,
} from '../../libs/backfill/src/indexes/index.error.ts';
import { DeployLeaseLostError } from '../../libs/backfill/src/ledger/lease/deploy-lease.error.ts';
import { IndexExplorer } from '../../libs/backfill/src/indexes/index.explorer.ts';
import type { DeclaredIndex, OnlineIndexOptions } from '../../libs/backfill/src/indexes/index.options.ts';
import { OnlineIndex } from '../../libs/backfill/src/indexes/online-index.decorator.ts';
import { TestDatabase } from '../support/database.ts';
import { LockHolder } from '../support/lock-holder.ts';
import { postgres, rejection } from '../support/migrations.ts';
import { until } from '../support/until.ts';

@Entity('leads')
class Lead {
  @PrimaryColumn()
  id!: number;

  @Column({ name: 'tenant_id' })
  tenantId!: number;

  @Column()
  email!: string;
}

@Entity('calls')
class Call {
  @PrimaryColumn()
  id!: number;

  @PrimaryColumn()
  at!: Date;
}

let database: TestDatabase;
let dataSource: DataSource;
const lines: string[] = [];
const log = { log: (line: string) => void lines.push(line), warn: (line: string) => void lines.push(line) };

beforeEach(async () => {
  database = await TestDatabase.create();
  await database.query('CREATE TABLE leads (id int PRIMARY KEY, tenant_id int, email text)');
  await database.query(
    `INSERT INTO leads SELECT n, n % 3, 'lead' || n || '@x' FROM generate_series(1, 300) n`,
  );
  dataSource = await postgres(database, [], { entities: [Lead, Call] }).initialize();
  lines.length = 0;
});
afterEach(async () => {
  await dataSource.destroy();
  await database.drop();
});

function declared(options: Partial<OnlineIndexOptions<Lead>> = {}): DeclaredIndex {
  const all = {
    name: 'leads_tenant',
    entity: Lead,
    columns: ['tenantId'],
    ...options,
  } as unknown as OnlineIndexOptions;
  return { className: 'LeadsTenantIndex', options: all };
}

const build = (indexes: readonly DeclaredIndex[], options = {}) =>
  buildIndexes(dataSource, indexes, { log, ...options });

it('builds what is missing, and finds nothing to do the next time', async () => {
  const indexes = [
    declared(),
    declared({
      name: 'leads_email',
      columns: undefined,
      expression: 'lower(email) DESC',
      unique: true,
      where: 'tenant_id > 0',
    } as never),
    declared({ name: 'leads_with', columns: ['id'], include: ['email'] }),
    declared({ name: 'leads_brin', columns: ['id'], using: 'brin' }),
  ];
  expect(await build(indexes)).toMatchObject({
    outcome: 'done',
    indexes: [
      { status: 'built', declared: 'USING btree (tenant_id)' },
      { status: 'built', declared: 'UNIQUE USING btree (lower(email) DESC) WHERE (tenant_id > 0)' },
      { status: 'built', declared: 'USING btree (id) INCLUDE (email)' },
      { status: 'built', declared: 'USING brin (id)' },
    ],
  });
  expect(await validity()).toEqual({
    leads_brin: true,
    leads_email: true,
    leads_tenant: true,
    leads_with: true,
  });
  expect(await build(indexes)).toMatchObject({ outcome: 'nothing-to-do' });
});

it('drops an INVALID leftover of a broken build and builds it again', async () => {
  const holder = await database.connect();
  await holder.query('BEGIN; LOCK TABLE leads IN ROW EXCLUSIVE MODE');
  // Waits for the holder, and is cancelled meanwhile: as when a deployment is killed.
  const broken = await database.connect('builder');
  await broken.query('SET lock_timeout = 200');
  const failed = await rejection(broken.query('CREATE INDEX CONCURRENTLY leads_tenant ON leads (tenant_id)'));
  expect(failed).toMatchObject({ code: '55P03' });
  expect(await validity()).toEqual({ leads_tenant: false });
  await holder.query('ROLLBACK');
  await holder.end();
  await broken.end();
  expect(await build([declared()])).toMatchObject({ outcome: 'done', indexes: [{ status: 'built' }] });
  expect(await validity()).toEqual({ leads_tenant: true });
  expect(lines.join('\n')).toContain('INVALID');
});

it('reports an index that differs with both definitions, and replaces it only when asked to', async () => {
  await database.query('CREATE INDEX leads_tenant ON leads (tenant_id, id)');
  const both = { existing: 'USING btree (tenant_id, id)', declared: 'USING btree (tenant_id)' };
  expect(await build([declared()])).toMatchObject({
    outcome: 'warnings',
    indexes: [{ status: 'differs', ...both }],
  });
  expect(await build([declared()], { rebuild: true })).toMatchObject({
    outcome: 'done',
    indexes: [{ status: 'rebuilt', ...both }],
  });
  expect(await validity()).toEqual({ leads_tenant: true });
  expect(await build([declared()])).toMatchObject({ outcome: 'nothing-to-do' });
});

describe('a rebuild that was killed', () => {
  it('after its build is not gone on with once another definition is declared', async () => {
    await database.query('CREATE INDEX leads_tenant ON leads (email)');
    await database.query('CREATE INDEX leads_tenant_nestjs_backfill_new ON leads (email, id)');
    await build([declared()], { rebuild: true });
    expect(await build([declared()])).toMatchObject({ outcome: 'nothing-to-do' });
    expect(await validity()).toEqual({ leads_tenant: true });
  });

  it('before it dropped the old index leaves that to the next run', async () => {
    await database.query('CREATE INDEX leads_tenant ON leads (tenant_id)');
    await database.query('CREATE INDEX leads_tenant_nestjs_backfill_old ON leads (email)');
    await build([declared()]);
    expect(await validity()).toEqual({ leads_tenant: true });
  });

  it('does not mistake an index of the application for what it left behind', async () => {
    await database.query('CREATE INDEX leads_tenant ON leads (email)');
    await database.query('CREATE INDEX leads_tenant_old ON leads (email)');
    await database.query('CREATE INDEX leads_tenant_rebuild ON leads (email)');
    expect(await build([declared()], { rebuild: true })).toMatchObject({ outcome: 'done' });
    expect(await validity()).toEqual({
      leads_tenant: true,
      leads_tenant_old: true,
      leads_tenant_rebuild: true,
    });
  });
});

it('leaves no INVALID index on a partitioned table either, and goes on when the rows are unique', async () => {
  await database.query('CREATE TABLE calls (id int, at timestamptz) PARTITION BY RANGE (at)');
  await database.query(
    `CREATE TABLE calls_1 PARTITION OF calls FOR VALUES FROM ('2025-01-01') TO ('2026-01-01')`,
  );
  await database.query(
    `CREATE TABLE calls_2 PARTITION OF calls FOR VALUES FROM ('2026-01-01') TO ('2027-01-01')`,
  );
  await database.query(`INSERT INTO calls SELECT 1, '2026-02-02' FROM generate_series(1, 2)`);
  const options = { name: 'calls_key', entity: Call, columns: ['id', 'at'], unique: true };
  const index = { className: 'CallsKey', options };
  expect(await build([index])).toMatchObject({ outcome: 'warnings', indexes: [{ status: 'duplicates' }] });
  expect(Object.values(await validity())).not.toContain(false);
  await database.query('DELETE FROM calls');
  expect(await build([index])).toMatchObject({ outcome: 'done' });
  expect(await validity()).toEqual({ calls_key: true, calls_key_calls_1: true, calls_key_calls_2: true });
});

it('reports an index that is no longer declared, and leaves it', async () => {
  await build([declared()]);
  expect(await build([])).toMatchObject({ undeclared: [{ name: 'leads_tenant', table: '"leads"' }] });
  expect(await validity()).toEqual({ leads_tenant: true });
});

it('names the duplicate keys of a unique index, and leaves no INVALID index behind', async () => {
  await database.query(`UPDATE leads SET email = 'same@x' WHERE id <= 3`);
  const report = await build([declared({ name: 'leads_email', columns: ['email'], unique: true })]);
  expect(report).toMatchObject({
    outcome: 'warnings',
    indexes: [{ status: 'duplicates', duplicates: [{ key: '(same@x)', rows: 3 }] }],
  });
  expect(report.indexes[0]?.error).toBeInstanceOf(IndexBuildError);
  expect(await validity()).toEqual({});
});

it('builds the others when one fails', async () => {
  const report = await build([declared({ name: 'broken', where: 'nonsense = 1' }), declared()]);
  expect(report).toMatchObject({ outcome: 'warnings', indexes: [{ status: 'failed' }, { status: 'built' }] });
  expect(report.indexes[0]?.error).toBeInstanceOf(IndexDeclarationError);
  expect(report.indexes[0]?.error?.message).toContain('LeadsTenantIndex');
});

it.each([
  ['a property that is not there', { columns: ['tenant'] }, /no column "tenant"[\s\S]*id, tenantId, email/],
  ['a name that PostgreSQL would cut', { name: 'x'.repeat(64) }, /64 bytes/],
  ['nothing to be on', { columns: [] }, /on nothing/],
])('refuses %s by the class that declares it', async (_what, options, message) => {
  const report = await build([declared(options as never)]);
  expect(report.indexes[0]).toMatchObject({
    status: 'failed',
    error: expect.any(IndexDeclarationError) as unknown,
  });
  expect(report.indexes[0]?.error?.message).toMatch(message);
});

it('builds each partition by itself and attaches it; a run that was broken off is gone on with', async () => {
  await database.query('CREATE TABLE calls (id int, at timestamptz) PARTITION BY RANGE (at)');
  await database.query(
    `CREATE TABLE calls_1 PARTITION OF calls FOR VALUES FROM ('2025-01-01') TO ('2026-01-01')`,
  );
  await database.query(
    `CREATE TABLE calls_2 PARTITION OF calls FOR VALUES FROM ('2026-01-01') TO ('2027-01-01') PARTITION BY LIST (id)`,
  );
  await database.query('CREATE TABLE calls_2_1 PARTITION OF calls_2 DEFAULT');
  await database.query('CREATE INDEX calls_id ON ONLY calls (id)');
  const index = { className: 'CallsIndex', options: { name: 'calls_id', entity: Call, columns: ['id'] } };
  expect(await build([index])).toMatchObject({ outcome: 'done', indexes: [{ status: 'built' }] });
  expect(await validity()).toEqual({
    calls_id: true,
    calls_id_calls_1: true,
    calls_id_calls_2: true,
    calls_id_calls_2_1: true,
  });
  expect(await build([index])).toMatchObject({ outcome: 'nothing-to-do' });
});

it('two processes at once build each index once', async () => {
  const other = await postgres(database, [], { entities: [Lead, Call] }).initialize();
  const reports = await Promise.all([build([declared()]), buildIndexes(other, [declared()], { log })]);
  await other.destroy();
  expect(reports.map(({ error }) => error)).toEqual([undefined, undefined]);
  expect(reports.map(({ indexes }) => indexes[0]?.status).sort()).toEqual(['built', 'exists']);
});

describe('while another session has a transaction open', () => {
  let writer: LockHolder;

  beforeEach(async () => {
    writer = await LockHolder.hold(database, 'UPDATE leads SET tenant_id = 0 WHERE id = 1', 'a report');
  });
  const told = (text: string) => until(() => lines.some((line) => line.includes(text)));

  it('a build waits, says for whom, and is done when that ends', async () => {
    const running = build([declared()]);
    await told('waiting for pid');
    expect(lines.at(-1)).toMatch(
      /^leads_tenant: waiting for writers before build, waiting for pid \d+ \(a report\), idle in transaction, transaction open for \d+ s, query: UPDATE leads/,
    );
    await writer.release();
    expect(await running).toMatchObject({ outcome: 'done' });
  });

  it('a build that has waited for as long as allowed is given up, and leaves an INVALID index only where it says so', async () => {
    const report = await build([declared()], { maxWait: 100 });
    expect(report).toMatchObject({ outcome: 'warnings', indexes: [{ status: 'stopped' }] });
    const message = report.indexes[0]?.error?.message ?? '';
    expect(message).toMatch(/waited for .* as long as allowed, for pid \d+ \(a report\)/);
    expect(message).toContain('--max-wait');
    // The removal would have to wait for the writer, too.
    expect(message).toContain('It leaves an INVALID index behind, which the next run drops.');
    expect(await validity()).toEqual({ leads_tenant: false });
    await writer.release();
    expect(await build([declared()])).toMatchObject({ outcome: 'done' });
    expect(await validity()).toEqual({ leads_tenant: true });
  });

  it('a build that waits for a snapshot alone leaves nothing behind when it is given up', async () => {
    await writer.release();
    // Reads another table: it is in nobody's way but that of the last phase.
    await database.query('CREATE TABLE others (id int)');
    writer = await LockHolder.hold(
      database,
      'SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM others',
    );
    const report = await build([declared()], { maxWait: 100 });
    expect(report).toMatchObject({ outcome: 'warnings', indexes: [{ status: 'stopped' }] });
    expect(report.indexes[0]?.error?.message).not.toContain('INVALID');
    expect(await validity()).toEqual({});
    await writer.release();
  });

  it('a build is cancelled at once when the process is told to stop, and no other is begun', async () => {
    const stop = new AbortController();
    const running = build([declared(), declared({ name: 'leads_other' })], { signal: stop.signal });
    await told('waiting for pid');
    stop.abort('SIGTERM');
    const report = await running;
    expect(report).toMatchObject({
      outcome: 'warnings',
      indexes: [{ status: 'stopped' }, { status: 'stopped' }],
    });
    expect(report.indexes[0]?.error?.message).toContain('SIGTERM');
    expect(report.indexes[1]?.error?.message).toContain('SIGTERM before it was begun');
    const building = await database.query(`SELECT FROM pg_stat_progress_create_index`);
    expect(building).toEqual([]);
    await writer.release();
  });
});

it('a process that was overtaken while it built begins no further index', async () => {
  const writer = await LockHolder.hold(database, 'UPDATE leads SET tenant_id = 0 WHERE id = 1');
  const running = build([declared(), declared({ name: 'leads_other' })]);
  await until(() => writer.isWaitedFor(database));
  await database.query('UPDATE nestjs_backfill.deploy_lease SET fencing_token = fencing_token + 1');
  await writer.release();
  const report = await running;
  expect(report).toMatchObject({ outcome: 'warnings', indexes: [{ status: 'built' }] });
  expect(report.error).toBeInstanceOf(DeployLeaseLostError);
  expect(await validity()).toEqual({ leads_tenant: true });
});

it('a swap that does not get its lock names the index, and the next run goes on with it', async () => {
  await database.query('CREATE INDEX leads_tenant ON leads (tenant_id, id)');
  await database.query('CREATE INDEX leads_tenant_nestjs_backfill_new ON leads (tenant_id)');
  // In the way of the swap alone, since the new index is built already.
  const other = await LockHolder.hold(database, 'ALTER INDEX leads_tenant SET (fillfactor = 80)');
  const report = await build([declared()], { rebuild: true });
  expect(report).toMatchObject({ outcome: 'warnings', indexes: [{ status: 'failed' }] });
  expect(report.indexes[0]?.error).toBeInstanceOf(IndexBuildError);
  expect(report.indexes[0]?.error?.message).toMatch(/"leads_tenant" was not built: .*lock timeout/);
  await other.release('ROLLBACK');
  expect(await build([declared()], { rebuild: true })).toMatchObject({ outcome: 'done' });
  expect(await validity()).toEqual({ leads_tenant: true });
});

it('tells how far a build has come', async () => {
  // Stands still in the middle of the table, at a lock that the index's expression asks for.
  await database.query(`CREATE FUNCTION slowly(int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS $$
    BEGIN IF $1 = 200 THEN PERFORM pg_advisory_xact_lock(42); END IF; RETURN $1; END $$`);
  await database.query(`ALTER TABLE leads ADD COLUMN padding text DEFAULT repeat('x', 500)`);
  const gate = await LockHolder.hold(database, 'SELECT pg_advisory_xact_lock(42)', 'the gate');
  const running = build([
    declared({ name: 'leads_slowly', columns: undefined, expression: 'slowly(id)' } as never),
  ]);
  await until(() => lines.some((line) => line.includes('building index: scanning table')));
  expect(lines.join('\n')).toMatch(
    /leads_slowly: building index: scanning table, \d+ % of the table, waiting for pid \d+ \(the gate\)/,
  );
  await gate.release();
  expect(await running).toMatchObject({ outcome: 'done' });
});

it.each(['statement_timeout', 'lock_timeout'])('no %s of the role ends a build', async (timeout) => {
  await dataSource.destroy();
  dataSource = await postgres(database, [], {
    entities: [Lead, Call],
    extra: { options: `-c ${timeout}=200`, max: 1 },
  }).initialize();
  const writer = await LockHolder.hold(database, 'UPDATE leads SET tenant_id = 0 WHERE id = 1');
  const running = build([declared()]);
  await until(() => writer.isWaitedFor(database));
  const [waiting] = await database.query<{ since: Date }>('SELECT clock_timestamp() AS since');
  await until(async () => {
    const [row] = await database.query<{ long: boolean }>(
      `SELECT clock_timestamp() - $1::timestamptz > interval '400 ms' AS long`,
      [waiting?.since],
    );
    return row?.long === true;
  });
  await writer.release();
  expect(await running).toMatchObject({ outcome: 'done' });
  // The application's own queries on that connection are under it as before.
  expect(await dataSource.query(`SELECT current_setting('${timeout}') AS now`)).toEqual([{ now: '200ms' }]);
});

describe('declared with @OnlineIndex', () => {
  @OnlineIndex<Lead>({ name: 'leads_tenant', entity: Lead, columns: ['tenantId'] })
  class LeadsTenantIndex {}

  @OnlineIndex<Lead>({ name: 'leads_tenant', entity: Lead, columns: ['id'] })
  class Another {}

  @Injectable()
  class Unrelated {}

  async function explorer(providers: (new () => unknown)[]): Promise<IndexExplorer> {
    @Module({ providers })
    class Feature {}
    const app = await Test.createTestingModule({
      imports: [DiscoveryModule, Feature],
      providers: [IndexExplorer],
    }).compile();
    return app.get(IndexExplorer);
  }

  it('they are found in any module', async () => {
    const found = (await explorer([LeadsTenantIndex, Unrelated])).explore();
    expect(found).toMatchObject([{ className: 'LeadsTenantIndex', options: { name: 'leads_tenant' } }]);
    expect(await build(found)).toMatchObject({ outcome: 'done' });
  });

  it('two of one name are refused', async () => {
    const both = await explorer([LeadsTenantIndex, Another]);
    expect(() => both.explore()).toThrow(DuplicateIndexNameError);
  });
});

/** Of the indexes that are not a primary key's. */
async function validity(): Promise<Record<string, boolean>> {
  const rows = await database.query<{ name: string; valid: boolean }>(
    `SELECT indexrelid::regclass::text AS name, indisvalid AS valid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
      WHERE c.relnamespace = 'public'::regnamespace AND NOT indisprimary ORDER BY 1`,
  );
  return Object.fromEntries(rows.map(({ name, valid }) => [name, valid]));
}
