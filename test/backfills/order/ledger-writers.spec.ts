import { randomUUID } from 'node:crypto';
import { Backfill, type BackfillReport, type ProcessBackfill, type ProcessBatch } from 'nestjs-backfill';
import { Column, Entity, IsNull, PrimaryColumn, type EntityManager } from 'typeorm';
import { TestApplication } from '../../support/applications/application.ts';
import { TestDatabase } from '../../support/server/database.ts';
import { describeSince } from '../../support/server/since.ts';

@Entity('visits')
class Visit {
  @PrimaryColumn('int')
  id!: number;

  @Column({ type: 'text', nullable: true })
  page!: string | null;
}

const COMMON = { entity: Visit, where: { page: IsNull() }, order: 'page', batchSize: 100 } as const;

@Backfill<Visit>({ ...COMMON, name: 'purge', kind: 'purge' })
class Purge {}
@Backfill<Visit>({ ...COMMON, name: 'set' })
class SetPage {
  set() {
    return { page: `'none'` };
  }
}
/** The IDs that the code of a class has seen: those of the other table are negative. */
const seen: number[] = [];
@Backfill<Visit>({ ...COMMON, name: 'transform', reads: ['id'], writes: ['page'] })
class Transform {
  transform(rows: readonly Pick<Visit, 'id'>[]) {
    return rows.map(() => ({ page: 'none' }));
  }
}
@Backfill<Visit>({ ...COMMON, name: 'process', reads: ['id'] })
class Process implements ProcessBackfill<Visit, 'id'> {
  async process({ rows }: ProcessBatch<Visit, 'id'>, manager: EntityManager) {
    seen.push(...rows.map(({ id }) => id));
    await manager.query(`UPDATE public.visits SET page = 'none' WHERE id = ANY($1)`, [
      rows.map(({ id }) => id),
    ]);
  }
}

// Key order has no file to redirect.
describeSince(14)('a role that may only write to the ledger', () => {
  let database: TestDatabase;
  let application: TestApplication;
  const role = `writer_${randomUUID().slice(0, 8)}`;

  beforeEach(async () => {
    database = await TestDatabase.create();
    application = await TestApplication.start({
      database,
      entities: [Visit],
      backfills: [Purge, SetPage, Transform, Process],
    });
    await database.query(`INSERT INTO visits (id) SELECT generate_series(1, 20000);
      CREATE SCHEMA other; CREATE TABLE other.visits (LIKE public.visits INCLUDING ALL);
      INSERT INTO other.visits (id) SELECT -generate_series(1, 20000); CREATE ROLE "${role}"`);
    seen.length = 0;
  });
  afterEach(async () => {
    await application.stop();
    await database.query(`DROP OWNED BY "${role}"; DROP ROLE "${role}"`);
    await database.drop();
  });

  const run = async (name: string, isShort = false): Promise<BackfillReport | undefined> => {
    let batches = 0;
    const stopWhen = () => (++batches > 2 ? 'Enough.' : null);
    const request = { names: [name], ...(isShort ? { stopWhen } : {}) };
    return (await application.service.run(request)).backfills[0];
  };

  it.each(['purge', 'set', 'transform', 'process'])(
    'cannot make a `%s` of the deploying role change or read another table by naming it in the ledger',
    async (name) => {
      expect(await run(name, true)).toMatchObject({ status: 'incomplete' });
      await database.query(`GRANT USAGE ON SCHEMA nestjs_backfill TO "${role}";
        GRANT SELECT, UPDATE ON ALL TABLES IN SCHEMA nestjs_backfill TO "${role}"`);
      const [file] = await database.query<{ id: string; node: string }>(
        `SELECT 'other.visits'::regclass::oid AS id, pg_relation_filenode('other.visits') AS node`,
      );
      await database.query(`SET ROLE "${role}"; UPDATE nestjs_backfill.range
        SET table_name = '"other"."visits"', table_id = ${file?.id}, file_node = ${file?.node} WHERE state = 'sweeping'`);
      expect(await run(name)).toMatchObject({ status: 'complete', remaining: 0 });
      expect(await database.query('SELECT FROM other.visits WHERE page IS NULL')).toHaveLength(20_000);
      expect(await database.query('SELECT FROM public.visits WHERE page IS NULL')).toEqual([]);
      expect(seen.filter((id) => id < 0)).toEqual([]);
    },
  );
});
