import { Backfill, type SetBackfill, type TransformBackfill } from 'nestjs-backfill';
import { Column, Entity, IsNull, PrimaryColumn } from 'typeorm';
import { Stage } from '../../support/applications/stage.ts';
import { until } from '../../support/runs/until.ts';

@Entity('leads')
class Lead {
  @PrimaryColumn({ type: 'int' })
  id!: number;

  @Column({ type: 'text', nullable: true })
  slug!: string | null;

  @Column({ type: 'text', nullable: true })
  title!: string | null;

  @Column({ type: 'int', default: 0 })
  tenant!: number;
}

@Backfill<Lead>({ name: 'set', entity: Lead, where: { slug: IsNull() }, batchSize: 5_000, order: 'key' })
class SetSlug implements SetBackfill<Lead> {
  set() {
    return { slug: `'lead-' || id` };
  }
}

@Backfill<Lead>({
  name: 'transform',
  entity: Lead,
  where: { title: IsNull() },
  writes: ['title'],
  batchSize: 5_000,
  order: 'key',
})
class TransformTitle implements TransformBackfill<Lead, 'id'> {
  transform(rows: readonly Pick<Lead, 'id'>[]) {
    return rows.map(({ id }) => ({ title: `Lead ${id}` }));
  }
}

@Backfill<Lead>({ name: 'set-by-page', entity: Lead, where: { slug: IsNull() }, order: 'page' })
class SetSlugByPage extends SetSlug {}

@Backfill<Lead>({
  name: 'of-tenants',
  entity: Lead,
  where: { slug: IsNull() },
  tenant: 'tenant',
  order: 'key',
})
class SetSlugOfTenants extends SetSlug {}

const options = { entities: [Lead], backfills: [SetSlug, TransformTitle, SetSlugByPage, SetSlugOfTenants] };

describe('a table with wrong statistics', () => {
  const stage = Stage.for({
    ...options,
    // The planner believes that the table is empty and that a sequential scan costs nothing.
    prepare: (database) =>
      database.query(`ALTER TABLE leads SET (autovacuum_enabled = off);
        ANALYZE leads;
        INSERT INTO leads (id) SELECT generate_series(1, 60000)`),
  });

  it.each(['set', 'transform'])(
    'is read along the index of the key in the plan of a `%s` batch',
    async (name) => {
      const { plan } = await stage.application.service.plan({ names: [name] });
      const explain = plan[0]?.explain.join('\n') ?? '';
      expect(explain).toMatch(/Index.* Scan using .* on leads/);
      expect(explain).not.toMatch(/Seq Scan on leads/);
    },
  );

  it('is read by ranges of pages in the plan of a batch in page order', async () => {
    const { plan } = await stage.application.service.plan({ names: ['set-by-page'] });
    const explain = plan[0]?.explain.join('\n') ?? '';
    expect(explain).toMatch(/Tid Range Scan on leads/);
    expect(explain).not.toMatch(/Seq Scan on leads/);
  });

  it('is scanned by no batch in page order', async () => {
    const before = await scans(stage);
    expect(await stage.run('set-by-page')).toMatchObject({ status: 'complete', updated: 60_000 });
    const after = await scans(stage);
    await stage.query('UPDATE leads SET slug = NULL');
    // The count at the start, and the probes before and after the run. The batches add no scan.
    expect(after - before).toBeLessThanOrEqual(4);
  });

  it.each(['set', 'transform'])('is scanned by no batch of `%s`', async (name) => {
    const before = await scans(stage);
    expect(await stage.run(name)).toMatchObject({ status: 'complete', updated: 60_000, batches: 12 });
    const after = await scans(stage);
    // The count at the start, the lowest pending key, and the probes before and after the run. The batches add
    // no scan.
    expect(after - before).toBeLessThanOrEqual(4);
  });
});

/** The number of sequential scans of the table so far. */
const scans = (stage: Stage) =>
  readStatistics(stage, `SELECT seq_scan FROM pg_stat_user_tables WHERE relname = 'leads'`);

/** The number of entries read from the primary key's index so far. */
const keysRead = (stage: Stage) =>
  readStatistics(
    stage,
    `SELECT idx_tup_read FROM pg_stat_user_indexes JOIN pg_index USING (indexrelid) WHERE relname = 'leads' AND indisprimary`,
  );

/** Reads cumulative statistics. A session reports its own when it ends, so all others are ended first. */
async function readStatistics(stage: Stage, sql: string): Promise<number> {
  await stage.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`,
  );
  await until(
    async () =>
      (await stage.value(
        `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()`,
      )) === '0',
  );
  return Number(await stage.value(sql));
}

describe('a run with 30 pending rows scattered over a table of 300,000', () => {
  const stage = Stage.for({
    ...options,
    prepare: (database) =>
      database.query(`INSERT INTO leads (id, slug, title) SELECT i, CASE WHEN i % 10000 <> 7 THEN 'done' END, 'done'
        FROM generate_series(1, 300000) AS i`),
  });

  it('finds all of them in a few batches', async () => {
    const report = await stage.run('set');
    expect(report).toMatchObject({ status: 'complete', updated: 30 });
    expect(report.batches).toBeLessThanOrEqual(10);
    expect(await stage.value(`SELECT count(*) FROM leads WHERE slug = 'lead-' || id`)).toBe('30');
  });
});

describe('a run for one tenant of a hundred, with an index that begins with the tenant', () => {
  const stage = Stage.for({
    ...options,
    prepare: (database) =>
      database.query(`INSERT INTO leads (id, tenant) SELECT i, i % 100 FROM generate_series(1, 100000) AS i;
        CREATE INDEX leads_of_tenant ON leads (tenant, id);
        ANALYZE leads`),
  });

  it('uses that index and does not read the keys of other tenants', async () => {
    const { plan } = await stage.application.service.plan({ names: ['of-tenants'], tenants: ['7'] });
    expect(plan[0]?.explain.join('\n')).toMatch(
      /Index.* Scan using leads_of_tenant .*\n.*Index Cond: \(+tenant = /,
    );
    const before = await keysRead(stage);
    expect(await stage.run('of-tenants', { tenants: ['7'] })).toMatchObject({ updated: 1_000 });
    expect((await keysRead(stage)) - before).toBeLessThan(10_000);
  });

  it('compares tenants by their text: `08` is not the tenant 8', async () => {
    expect(await stage.run('of-tenants', { tenants: ['08'] })).toMatchObject({ updated: 0 });
    expect(await stage.run('of-tenants', { tenants: ['8', 'nobody'] })).toMatchObject({ updated: 1_000 });
  });
});

describe('a run with one old row that became pending again, and a partial index of pending rows', () => {
  const stage = Stage.for({
    ...options,
    prepare: (database) =>
      database.query(`INSERT INTO leads (id, slug) SELECT i, CASE WHEN i <> 5 THEN 'done' END FROM generate_series(1, 100000) AS i;
        CREATE INDEX leads_pending ON leads (id) WHERE slug IS NULL;
        ANALYZE leads`),
  });

  it('changes that row without reading the keys after it', async () => {
    const before = await keysRead(stage);
    expect(await stage.run('set')).toMatchObject({ status: 'complete', updated: 1 });
    expect((await keysRead(stage)) - before).toBeLessThan(1_000);
  });
});
