import { Backfill, type ProcessBackfill, type ProcessBatch, type TransformBackfill } from 'nestjs-backfill';
import { IsNull, type EntityManager } from 'typeorm';
import { addLeads, Lead, LEAD_TABLES, resetLeads } from '../../support/tables/lead-tables.ts';
import { Stage } from '../../support/applications/stage.ts';
import type { TestDatabase } from '../../support/server/database.ts';

const settings = { 'app.actor': "the backfill's" };
const common = { entity: Lead, batchSize: 7, settings } as const;

@Backfill<Lead>({ name: 'set-names', ...common, where: { searchName: IsNull() } })
class SetNames {
  set() {
    return { searchName: 'name' };
  }
}

@Backfill<Lead>({
  name: 'transform-names',
  ...common,
  where: { searchName: IsNull() },
  reads: ['name'],
  writes: ['searchName'],
})
class TransformNames implements TransformBackfill<Lead, 'name'> {
  transform(rows: readonly Pick<Lead, 'name'>[]) {
    return rows.map(({ name }) => ({ searchName: name }));
  }
}

@Backfill<Lead>({ name: 'process-names', ...common, where: { searchName: IsNull() } })
class ProcessNames implements ProcessBackfill<Lead> {
  async process({ rows }: ProcessBatch<Lead>, manager: EntityManager): Promise<void> {
    await manager.query('UPDATE leads SET search_name = name WHERE id = ANY($1)', [rows.map(({ id }) => id)]);
  }
}

@Backfill<Lead>({ name: 'purge-names', ...common, kind: 'purge', where: { searchName: IsNull() } })
class PurgeNames {}

/** Records who changes or deletes a row. `current_setting` fails in a transaction that does not name the actor. */
async function audit(database: TestDatabase): Promise<void> {
  await database.query(`CREATE TABLE audit (actor text);
    CREATE FUNCTION audit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      INSERT INTO audit VALUES (current_setting('app.actor')); RETURN NULL; END $$;
    CREATE TRIGGER audit AFTER UPDATE OR DELETE ON leads FOR EACH ROW EXECUTE FUNCTION audit()`);
}

describe('the option `settings`', () => {
  const stage = Stage.for({
    entities: LEAD_TABLES,
    backfills: [SetNames, TransformNames, ProcessNames, PurgeNames],
    prepare: audit,
  });

  it.each(['set-names', 'transform-names', 'process-names', 'purge-names'])(
    'gives each transaction of %s its settings, and leaves none behind in the pool',
    async (name) => {
      await resetLeads(stage.database);
      await stage.query('TRUNCATE audit');
      await addLeads(stage.database, 20);
      await stage.application.service.plan({ names: [name] });
      expect(await stage.run(name)).toMatchObject({ status: 'complete', updated: 20 });
      expect(await stage.query('SELECT DISTINCT actor FROM audit')).toEqual([{ actor: "the backfill's" }]);
      const [row] = await stage.application.dataSource.query<[{ actor: string | null }]>(
        `SELECT nullif(current_setting('app.actor', true), '') AS actor`,
      );
      expect(row.actor).toBeNull();
    },
  );
});
