import { randomUUID } from 'node:crypto';
import {
  Backfill,
  IndexesService,
  MigrationsService,
  OnlineIndex,
  SchemaMigration,
  type SetBackfill,
} from 'nestjs-backfill';
import { Column, Entity, IsNull, PrimaryColumn, type QueryRunner } from 'typeorm';
import { GrantsReader } from '../../libs/backfill/src/deploy/grants/grants.reader.ts';
import { renderHousekeeping } from '../../libs/backfill/src/one-shot/output/housekeeping/housekeeping.renderer.ts';
import { TestApplication } from '../support/applications/application.ts';
import { Recorder } from '../support/runs/recorder.ts';
import { TestDatabase } from '../support/server/database.ts';

@Entity('measures')
class Measure {
  @PrimaryColumn('int')
  id!: number;

  @Column({ type: 'text', nullable: true })
  unit!: string | null;
}

@Backfill<Measure>({ name: 'units', entity: Measure, where: { unit: IsNull() }, order: 'auto' })
class Units implements SetBackfill<Measure> {
  set() {
    return { unit: `'m'` };
  }
}
@OnlineIndex<Measure>({ name: 'measures_unit', entity: Measure, columns: ['unit'] })
class MeasuresByUnit {}

class AddNote1700000000001 extends SchemaMigration {
  override async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE measures ADD COLUMN note text');
  }
  override async down(): Promise<void> {}
}

const log = { log: () => undefined, warn: () => undefined };
/** Partitions at two depths, one in a schema of its own. */
const TABLES = `CREATE SCHEMA "old years";
  CREATE TABLE measures (id int PRIMARY KEY, unit text, pad text DEFAULT repeat('x', 200)) PARTITION BY RANGE (id);
  CREATE TABLE measures_new PARTITION OF measures FOR VALUES FROM (0) TO (10000);
  CREATE TABLE "old years"."Measures" PARTITION OF measures FOR VALUES FROM (10000) TO (20000) PARTITION BY RANGE (id);
  CREATE TABLE "old years".first PARTITION OF "old years"."Measures" FOR VALUES FROM (10000) TO (20000);
  INSERT INTO measures SELECT n FROM generate_series(1, 19999) AS n`;

describe('the statements of --grants for a partitioned table', () => {
  let owner: TestDatabase;
  const roles: string[] = [];
  const open: TestApplication[] = [];

  beforeEach(async () => {
    owner = await TestDatabase.create();
    await owner.query(`REVOKE ALL ON SCHEMA public FROM PUBLIC; ${TABLES}`);
    await owner.query('VACUUM ANALYZE measures');
  });
  afterEach(async () => {
    for (const each of open.splice(0)) await each.stop();
    await owner.drop();
    const admin = await TestDatabase.create();
    for (const role of roles.splice(0)) await admin.query(`DROP ROLE "${role}"`);
    await admin.drop();
  });

  async function createRole(): Promise<TestDatabase> {
    const role = `role ${randomUUID().slice(0, 8)}`;
    roles.push(role);
    await owner.query(`CREATE ROLE "${role}" LOGIN PASSWORD 'secret'`);
    const url = new URL(owner.url);
    [url.username, url.password] = [role, 'secret'];
    return owner.at(url.href);
  }
  async function start(database: TestDatabase): Promise<TestApplication> {
    const application = await TestApplication.start({
      database,
      entities: [Measure],
      backfills: [Units],
      providers: [MeasuresByUnit],
      migrations: [AddNote1700000000001],
      synchronize: false,
    });
    open.push(application);
    return application;
  }
  async function grant(): Promise<string> {
    const { context } = await start(owner);
    const sql = renderHousekeeping(await context.get(GrantsReader, { strict: false }).read(roles));
    await owner.query(sql);
    return sql;
  }
  /** The outcome of a run, and whether it names a right that keeps it from reading pages. */
  async function runWith({ service }: TestApplication) {
    const recorder = new Recorder();
    const report = await recorder.whileRunning(() => service.run({ observer: recorder }));
    return {
      status: report.backfills[0]?.status,
      isRestricted: JSON.stringify([recorder.notes, report]).includes('lacks a privilege'),
    };
  }

  it('let the deploying role migrate and index it, and both roles sweep its pages, at any depth of partitions', async () => {
    const [deploying, running] = [await createRole(), await createRole()];
    const sql = await grant();
    expect(sql).toContain('A partition of public.measures that another role creates later');
    const deployment = await start(deploying);
    const migrated = await deployment.context.get(MigrationsService).run();
    expect(migrated.dataSources.map(({ failed }) => failed?.error.message)).toEqual([undefined]);
    expect(await deployment.context.get(IndexesService).run({ log })).toMatchObject({ outcome: 'done' });
    expect(await runWith(deployment)).toEqual({ status: 'complete', isRestricted: false });
    await grant();
    await owner.query('UPDATE measures SET unit = NULL');
    expect(await runWith(await start(running))).toEqual({ status: 'complete', isRestricted: false });
  });

  it('that were not repeated for a new partition leave a backfill complete, in key order, for that right', async () => {
    const [, running] = [await createRole(), await createRole()];
    await grant();
    await (await start(owner)).service.run();
    await grant();
    await owner.query(`CREATE TABLE measures_late PARTITION OF measures FOR VALUES FROM (20000) TO (40000);
      UPDATE measures SET unit = NULL`);
    expect(await runWith(await start(running))).toEqual({ status: 'complete', isRestricted: true });
  });
});
