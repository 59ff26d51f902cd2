import type { Type } from '@nestjs/common';
import { Backfill, MigrationsService, type SetBackfill } from 'nestjs-backfill';
import { Column, Entity, IsNull, PrimaryColumn } from 'typeorm';
import { CatchUpApplication, CapturedLog, MODULE_JOB } from '../support/applications/catch-up.ts';
import { TestDatabase } from '../support/server/database.ts';
import { addLeads, Lead, LEAD_TABLES } from '../support/tables/lead-tables.ts';
import { migration } from '../support/migrations/migrations.ts';
import { renderStatus } from '../../libs/backfill/src/one-shot/output/text/status.renderer.ts';

@Backfill<Lead>({ name: 'search-name', entity: Lead, where: { searchName: IsNull() } })
class SearchName implements SetBackfill<Lead> {
  set() {
    return { searchName: 'lower(name)' };
  }
}

@Backfill<Lead>({
  name: 'direction',
  entity: Lead,
  where: (lead) => `${lead.lastCallDirection} IS NULL OR ${lead.lastCallDirection} = ''`,
})
class Direction implements SetBackfill<Lead> {
  set() {
    return { lastCallDirection: `'none'` };
  }
}

/** A table with a partition for each year. */
@Entity('events', { synchronize: false })
class Event {
  @PrimaryColumn({ type: 'int' })
  id!: number;

  @PrimaryColumn({ type: 'int' })
  year!: number;

  @Column({ type: 'text', nullable: true })
  kind!: string | null;
}

@Backfill<Event>({ name: 'kind', entity: Event, where: 'kind IS NULL AND year >= 2026' })
class Kind implements SetBackfill<Event> {
  set() {
    return { kind: `'call'` };
  }
}

let database: TestDatabase;
let app: CatchUpApplication;
let log: CapturedLog;

const start = (backfills: readonly Type[]) =>
  CatchUpApplication.start({
    database,
    entities: [...LEAD_TABLES, Event],
    backfills,
    catchUp: { cron: '0 0 1 1 *' },
  });

beforeEach(async () => {
  database = await TestDatabase.create();
  app = await start([SearchName, Direction]);
  await addLeads(database, 5);
  await app.runRound();
  log = CapturedLog.start();
});

afterEach(async () => {
  log.stop();
  await app.stop();
  await database.drop();
});

const sealedBy = async (name: string) => (await app.status(name)).sealedBy;
/** The time of the last probe; null if there was none. */
const probedAt = async (name: string) => (await app.status(name)).looked?.at ?? null;

describe('a complete backfill', () => {
  it('is sealed by NOT NULL on the column that its predicate tests for NULL, and is not probed again', async () => {
    await app.runRound();
    const before = await probedAt('search-name');
    await database.query('ALTER TABLE leads ALTER search_name SET NOT NULL');
    await app.runRound();
    expect(await sealedBy('search-name')).toBe('NOT NULL of search_name');
    expect(log.visible).toContainEqual(
      expect.stringContaining('search-name: sealed by NOT NULL of search_name'),
    );
    await app.runRound();
    expect(await probedAt('search-name')).toBe(before);
    expect(await sealedBy('direction')).toBeNull();
  });

  it('is never sealed on a partitioned table, because a later partition can contain pending rows', async () => {
    await database.query(`CREATE TABLE events (id int, year int, kind text, PRIMARY KEY (id, year)) PARTITION BY RANGE (year);
      CREATE TABLE events_2025 PARTITION OF events FOR VALUES FROM (2025) TO (2026)`);
    await app.stop();
    app = await start([Kind]);
    await app.runRound();
    await app.runRound();
    expect(await app.status('kind')).toMatchObject({ status: 'complete', sealedBy: null });
    await database.query(`CREATE TABLE events_2026 PARTITION OF events FOR VALUES FROM (2026) TO (2027);
      INSERT INTO events VALUES (1, 2026, NULL)`);
    await app.runRound();
    expect(await database.query('SELECT kind FROM events')).toEqual([{ kind: 'call' }]);
  });

  it('is sealed by a CHECK constraint that contradicts its predicate, once the constraint is validated', async () => {
    await database.query(
      `ALTER TABLE leads ADD CONSTRAINT has_direction CHECK (last_call_direction IS NOT NULL AND last_call_direction <> '') NOT VALID`,
    );
    await app.runRound();
    expect(await sealedBy('direction')).toBeNull();
    await database.query('ALTER TABLE leads VALIDATE CONSTRAINT has_direction');
    await app.runRound();
    expect(await sealedBy('direction')).toBe('the constraint has_direction');
  });

  it('is not sealed by a constraint that still allows a part of its predicate', async () => {
    await database.query('ALTER TABLE leads ALTER last_call_direction SET NOT NULL');
    await app.runRound();
    expect(await sealedBy('direction')).toBeNull();
    await database.query(`INSERT INTO leads (name, last_call_direction) VALUES ('New', '')`);
    await app.runRound();
    expect(await app.status('direction')).toMatchObject({ status: 'complete', drift: { rows: 1 } });
  });

  it('is no longer sealed after the constraint is dropped, and rounds find its rows again', async () => {
    await database.query('ALTER TABLE leads ALTER search_name SET NOT NULL');
    await app.runRound();
    await database.query('ALTER TABLE leads ALTER search_name DROP NOT NULL');
    await addLeads(database, 1);
    await app.runRound();
    expect(await sealedBy('search-name')).toBeNull();
    expect(await app.status('search-name')).toMatchObject({ status: 'complete', drift: { rows: 1 } });
  });

  it('is no longer sealed after a run has found pending rows', async () => {
    await database.query('ALTER TABLE leads ALTER search_name SET NOT NULL');
    await app.runRound();
    await database.query('ALTER TABLE leads ALTER search_name DROP NOT NULL');
    await addLeads(database, 1);
    await app.application.service.run({ names: ['search-name'] });
    expect(await app.status('search-name')).toMatchObject({ status: 'complete', sealedBy: null, updated: 6 });
  });

  it('is shown with its seal by --status', async () => {
    await database.query('ALTER TABLE leads ALTER search_name SET NOT NULL');
    await addLeads(database, 0);
    await app.runRound();
    const status = renderStatus(await app.application.service.status());
    expect(status).toContain(
      'Sealed by NOT NULL of search_name. While this constraint exists, no row can become pending.',
    );
  });
});

describe('a job', () => {
  it('ends and logs that when all its backfills are sealed', async () => {
    await database.query(`ALTER TABLE leads ALTER search_name SET NOT NULL, ALTER last_call_direction SET NOT NULL,
      ADD CONSTRAINT has_direction CHECK (last_call_direction <> '')`);
    await app.runRound();
    expect(log.visible).toContainEqual(
      `log: ${MODULE_JOB} has ended: all its backfills are sealed, so no row can become pending.`,
    );
    expect(app.registry.getCronJob(MODULE_JOB).isActive).toBe(false);
  });

  it('continues while one of its backfills is not sealed', async () => {
    await database.query('ALTER TABLE leads ALTER search_name SET NOT NULL');
    await app.runRound();
    expect(app.registry.getCronJob(MODULE_JOB).isActive).toBe(true);
  });
});

describe('a contract migration', () => {
  const contract = (name: string, up: string) => migration(name, { requires: ['search-name'], up });

  async function migrate(...migrations: (new () => object)[]): Promise<void> {
    const { dataSource, context } = app.application;
    dataSource.setOptions({ migrations });
    await (dataSource as unknown as { buildMetadatas(): Promise<void> }).buildMetadatas();
    const report = await context
      .get(MigrationsService)
      .run({ log: { log: () => undefined, warn: () => undefined } });
    expect(report.outcome).toBe('done');
  }

  it('seals the backfills in `requires` with its name if it makes their predicates impossible', async () => {
    const Contract = contract('RequireSearchName', 'ALTER TABLE leads ALTER search_name SET NOT NULL');
    await migrate(Contract);
    expect(await sealedBy('search-name')).toBe(`migration ${Contract.name}: NOT NULL of search_name`);
    await app.runRound();
    expect(await sealedBy('search-name')).toBe(`migration ${Contract.name}: NOT NULL of search_name`);
  });

  it('seals nothing if the predicates stay possible', async () => {
    // No entity reads it, so the lock rules let it be dropped.
    await database.query('ALTER TABLE leads ADD COLUMN former_name text');
    await migrate(contract('DropOldColumn', 'ALTER TABLE leads DROP COLUMN former_name'));
    expect(await sealedBy('search-name')).toBeNull();
  });
});
