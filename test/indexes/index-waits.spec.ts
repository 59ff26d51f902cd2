import { DeployLeaseLostError } from '../../libs/backfill/src/ledger/lease/deploy-lease.error.ts';
import { buildIndexes } from '../../libs/backfill/src/indexes/build/build-indexes.ts';
import { Call, declaredIndex, IndexStage, Lead } from '../support/migrations/index-stage.ts';
import { postgresDataSource } from '../support/migrations/migrations.ts';
import { TestDatabase } from '../support/server/database.ts';
import { LockHolder } from '../support/server/lock-holder.ts';
import { until } from '../support/runs/until.ts';

const stage = IndexStage.forEachTest();

describe('while another session has a transaction open', () => {
  let writer: LockHolder;

  beforeEach(async () => {
    writer = await LockHolder.hold(stage.database, 'UPDATE leads SET tenant_id = 0 WHERE id = 1', 'a report');
  });
  const logged = (text: string) => until(() => stage.lines.some((line) => line.includes(text)));

  it('a build waits, names that session, and finishes when the transaction ends', async () => {
    const running = stage.build([declaredIndex()]);
    await logged('waiting for pid');
    expect(stage.lines.at(-1)).toMatch(
      /^leads_tenant: waiting for writers before build, waiting for pid \d+ \(a report\), idle in transaction, transaction open for \d+ s, query: UPDATE leads/,
    );
    await writer.release();
    expect(await running).toMatchObject({ outcome: 'done' });
  });

  it('a build stops after `maxWait`, and its error states that an INVALID index is left behind', async () => {
    const report = await stage.build([declaredIndex()], { maxWait: 100 });
    expect(report).toMatchObject({ outcome: 'warnings', indexes: [{ status: 'stopped' }] });
    const message = report.indexes[0]?.error?.message ?? '';
    expect(message).toMatch(/waited for the maximum time of .* for pid \d+ \(a report\)/);
    expect(message).toContain('--max-wait');
    // Dropping it would wait for the writer too.
    expect(message).toContain('An INVALID index is left behind; the next run drops it.');
    expect(await stage.validity()).toEqual({ leads_tenant: false });
    await writer.release();
    expect(await stage.build([declaredIndex()])).toMatchObject({ outcome: 'done' });
    expect(await stage.validity()).toEqual({ leads_tenant: true });
  });

  it('a stopped build that waited only for a snapshot leaves no INVALID index behind', async () => {
    await writer.release();
    // It reads another table, so only the last phase of the build waits for it.
    await stage.database.query('CREATE TABLE others (id int)');
    writer = await LockHolder.hold(
      stage.database,
      'SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM others',
    );
    const report = await stage.build([declaredIndex()], { maxWait: 100 });
    expect(report).toMatchObject({ outcome: 'warnings', indexes: [{ status: 'stopped' }] });
    expect(report.indexes[0]?.error?.message).not.toContain('INVALID');
    expect(await stage.validity()).toEqual({});
    await writer.release();
  });

  it('a stop signal cancels the build at once, and no other build starts', async () => {
    const stop = new AbortController();
    const running = stage.build([declaredIndex(), declaredIndex({ name: 'leads_other' })], {
      signal: stop.signal,
    });
    await logged('waiting for pid');
    stop.abort('SIGTERM');
    const report = await running;
    expect(report).toMatchObject({
      outcome: 'warnings',
      indexes: [{ status: 'stopped' }, { status: 'stopped' }],
    });
    expect(report.indexes[0]?.error?.message).toContain('SIGTERM');
    expect(report.indexes[1]?.error?.message).toContain('SIGTERM before its build started');
    const building = await stage.database.query(
      `SELECT FROM pg_stat_progress_create_index WHERE datname = current_database()`,
    );
    expect(building).toEqual([]);
    await writer.release();
  });
});

it('a process that lost its lease during a build starts no other build', async () => {
  const writer = await LockHolder.hold(stage.database, 'UPDATE leads SET tenant_id = 0 WHERE id = 1');
  const running = stage.build([declaredIndex(), declaredIndex({ name: 'leads_other' })]);
  await until(() => writer.isWaitedFor(stage.database));
  await stage.database.query('UPDATE nestjs_backfill.deploy_lease SET fencing_token = fencing_token + 1');
  await writer.release();
  const report = await running;
  expect(report).toMatchObject({ outcome: 'warnings', indexes: [{ status: 'built' }] });
  expect(report.error).toBeInstanceOf(DeployLeaseLostError);
  expect(await stage.validity()).toEqual({ leads_tenant: true });
});

it('logs the progress of a build', async () => {
  // The build stops in the middle of the table, at a lock that the index's expression takes.
  await stage.database.query(`CREATE FUNCTION slowly(int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS $$
    BEGIN IF $1 = 200 THEN PERFORM pg_advisory_xact_lock(42); END IF; RETURN $1; END $$`);
  await stage.database.query(`ALTER TABLE leads ADD COLUMN padding text DEFAULT repeat('x', 500)`);
  const gate = await LockHolder.hold(stage.database, 'SELECT pg_advisory_xact_lock(42)', 'the gate');
  const running = stage.build([
    declaredIndex({ name: 'leads_slowly', columns: undefined, expression: 'slowly(id)' } as never),
  ]);
  await until(() => stage.lines.some((line) => line.includes('building index: scanning table')));
  expect(stage.lines.join('\n')).toMatch(
    /leads_slowly: building index: scanning table, \d+ % of the table, waiting for pid \d+ \(the gate\)/,
  );
  await gate.release();
  expect(await running).toMatchObject({ outcome: 'done' });
});

it.each(['statement_timeout', 'lock_timeout'])('a build is not ended by the role’s %s', async (timeout) => {
  await stage.dataSource.destroy();
  stage.dataSource = await stage.connect({ extra: { options: `-c ${timeout}=200`, max: 1 } });
  const writer = await LockHolder.hold(stage.database, 'UPDATE leads SET tenant_id = 0 WHERE id = 1');
  const running = stage.build([declaredIndex()]);
  await until(() => writer.isWaitedFor(stage.database));
  const [waiting] = await stage.database.query<{ since: Date }>('SELECT clock_timestamp() AS since');
  await until(async () => {
    const [row] = await stage.database.query<{ long: boolean }>(
      `SELECT clock_timestamp() - $1::timestamptz > interval '400 ms' AS long`,
      [waiting?.since],
    );
    return row?.long === true;
  });
  await writer.release();
  expect(await running).toMatchObject({ outcome: 'done' });
  // The application's own queries on this connection have the timeout again.
  expect(await stage.dataSource.query(`SELECT current_setting('${timeout}') AS now`)).toEqual([
    { now: '200ms' },
  ]);
});

/** Databases of one template, e.g. one for each tenant, have the same OIDs. */
describe('while a clone of the database rebuilds its own index', () => {
  const definition = { name: 'leads_slowly', columns: undefined, expression: 'slowly(id)' } as never;

  it('the same index of this database is built, because nobody builds it here', async () => {
    const original = await TestDatabase.create();
    await original.session((client) =>
      client.query(`CREATE TABLE leads (id int PRIMARY KEY, tenant_id int, email text);
        INSERT INTO leads SELECT n FROM generate_series(1, 300) n;
        CREATE FUNCTION slowly(int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS $$
          BEGIN PERFORM pg_advisory_xact_lock_shared(42); RETURN $1; END $$;
        CREATE INDEX leads_slowly ON leads (slowly(id));
        UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'leads_slowly'::regclass`),
    );
    const clone = await TestDatabase.create();
    await stage.database.query(`DROP DATABASE ${clone.name}`);
    await stage.database.query(`CREATE DATABASE ${clone.name} TEMPLATE ${original.name}`);
    const gate = await LockHolder.hold(clone, 'SELECT pg_advisory_xact_lock(42)');
    const rebuild = clone.session((client) => client.query('REINDEX INDEX leads_slowly'));
    await until(() => gate.isWaitedFor(clone));
    const dataSource = await postgresDataSource(original, [], { entities: [Lead, Call] }).initialize();
    expect(await buildIndexes(dataSource, [declaredIndex(definition)], { log: stage.log })).toMatchObject({
      outcome: 'done',
      indexes: [{ status: 'built' }],
    });
    await dataSource.destroy();
    await gate.release();
    await rebuild;
    await Promise.all([original.drop(), clone.drop()]);
  });
});
