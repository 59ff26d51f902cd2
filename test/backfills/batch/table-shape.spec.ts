import { randomUUID } from 'node:crypto';
import { Backfill, type SetBackfill } from 'nestjs-backfill';
import { Column, Entity, IsNull, PrimaryColumn } from 'typeorm';
import { TestApplication } from '../../support/applications/application.ts';
import type { TestDatabase } from '../../support/server/database.ts';
import { Stage } from '../../support/applications/stage.ts';

@Entity('leads', { synchronize: false })
class Lead {
  @PrimaryColumn({ type: 'text', name: 'tenant_id' })
  tenantId!: string;

  @PrimaryColumn({ type: 'int' })
  id!: number;

  @Column({ type: 'text', nullable: true })
  slug!: string | null;
}

@Backfill<Lead>({ name: 'slugs', entity: Lead, where: { slug: IsNull() }, batchSize: 100, order: 'key' })
class SetSlug implements SetBackfill<Lead> {
  set() {
    return { slug: `'lead-' || id` };
  }
}

const create = (key: string) => (database: TestDatabase) =>
  database.query(`CREATE TABLE leads (tenant_id text NOT NULL, id int NOT NULL, slug text, filler text ${key});
    INSERT INTO leads (tenant_id, id, filler) SELECT 't' || i % 50, i, repeat('x', 1000) FROM generate_series(1, 12000) AS i;
    ANALYZE leads`);
const options = { entities: [Lead], backfills: [SetSlug] };

describe('a table whose primary key has another column order than the entity', () => {
  const stage = Stage.for({ ...options, before: create(', PRIMARY KEY (id, tenant_id)') });

  it('is read along the index of the key: no batch scans or sorts the table', async () => {
    const { plan } = await stage.application.service.plan();
    const explain = plan[0]?.explain.join('\n') ?? '';
    expect(explain).toContain('Index Scan using leads_pkey on leads');
    expect(explain).not.toContain('Seq Scan on leads');
    expect(explain).not.toMatch(/Sort Key:.*tenant_id/);
    expect(await stage.run('slugs')).toMatchObject({ status: 'complete', updated: 12_000, batches: 120 });
  });
});

describe('a large table without an index on the key of the entity', () => {
  const stage = Stage.for({ ...options, before: create('') });

  it('is refused because each batch would read the whole table; the reason contains the statement that builds the index', async () => {
    const report = await stage.run('slugs');
    expect(report).toMatchObject({ status: 'failed', updated: 0 });
    expect(report.reason).toContain('CREATE UNIQUE INDEX CONCURRENTLY ON public.leads ("tenant_id", "id")');
    await stage.query('CREATE UNIQUE INDEX ON leads (tenant_id, id)');
    expect(await stage.run('slugs')).toMatchObject({ status: 'complete', updated: 12_000 });
  });
});

describe('a table with row-level security', () => {
  const stage = Stage.for({ ...options, before: create(', PRIMARY KEY (id, tenant_id)') });
  const role = `role_${randomUUID().replaceAll('-', '')}`;
  let application: TestApplication;

  // Nested, so that its afterAll runs before the database is dropped.
  describe('that hides other tenants’ rows', () => {
    beforeAll(async () => {
      await stage.query(`CREATE ROLE ${role} LOGIN PASSWORD 'secret';
      GRANT ALL ON leads TO ${role}; GRANT CREATE ON DATABASE ${stage.database.name} TO ${role};
      ALTER TABLE leads ENABLE ROW LEVEL SECURITY;
      CREATE POLICY of_tenant ON leads USING (tenant_id = current_setting('app.tenant', true))`);
      const url = new URL(stage.database.url);
      [url.username, url.password] = [role, 'secret'];
      application = await TestApplication.start({
        ...options,
        database: stage.database.at(url.href),
        synchronize: false,
      });
    });
    afterAll(async () => {
      await application.stop();
      await stage.query(`DROP OWNED BY ${role} CASCADE; DROP ROLE ${role}`);
    });

    it('is never reported complete by a role that does not see every row', async () => {
      const { outcome, backfills } = await application.service.run();
      expect(outcome).toBe('failed');
      expect(backfills[0]).toMatchObject({ status: 'failed', proved: false });
      expect(backfills[0]?.reason).toContain(
        `row-level security hides rows of public.leads from the role "${role}"`,
      );
    });

    it('is backfilled by a role whose policy shows it every row', async () => {
      await stage.query(`CREATE POLICY backfill ON leads TO ${role} USING (true)`);
      expect(await application.service.run()).toMatchObject({ outcome: 'complete' });
      expect(await stage.value('SELECT count(*) FROM leads WHERE slug IS NULL')).toBe('0');
    });
  });
});
