import { Backfill, type ProcessBackfill, type ProcessBatch } from 'nestjs-backfill';
import { IsNull, type EntityManager } from 'typeorm';
import { addLeads, Contact, Lead, LEAD_TABLES, resetLeads } from '../../../support/tables/lead-tables.ts';
import { Stage } from '../../../support/applications/stage.ts';
import { untilBlocked } from '../../../support/runs/until.ts';

@Backfill<Lead>({
  name: 'process-leads',
  entity: Lead,
  where: { searchName: IsNull() },
  reads: ['name'],
  batchSize: 7,
})
class ProcessLeads implements ProcessBackfill<Lead, 'id' | 'name'> {
  async process({ rows, context }: ProcessBatch<Lead, 'id' | 'name'>, manager: EntityManager) {
    for (const { id, name } of rows) {
      // A nested transaction commits with the batch, or not at all.
      await manager.transaction(async (nested) => {
        await nested.getRepository(Lead).update(id, { searchName: name.toLowerCase() });
      });
      await manager.save(Contact, { leadId: id, label: `${context.backfill} ${id}` });
      if (name === 'Lead 13') throw new Error('thirteen is unlucky');
    }
  }
}

/** The outcome of each row may be a message that was sent, so that a crash must not forget it. */
@Backfill<Lead>({ name: 'durable', entity: Lead, where: { searchName: IsNull() }, reads: ['id'] })
class Durable implements ProcessBackfill<Lead, 'id'> {
  async process({ rows }: ProcessBatch<Lead, 'id'>, manager: EntityManager) {
    await manager.query('UPDATE leads SET search_name = name WHERE id = ANY($1)', [rows.map(({ id }) => id)]);
  }
}

@Backfill<Lead>({
  name: 'declared-off',
  entity: Lead,
  where: { searchName: IsNull() },
  reads: ['id'],
  synchronousCommit: 'off',
})
class DeclaredOff extends Durable {}

describe('a `process` backfill', () => {
  const stage = Stage.for({ entities: LEAD_TABLES, backfills: [ProcessLeads, Durable, DeclaredOff] });
  beforeEach(async () => {
    await resetLeads(stage.database);
    await addLeads(stage.database, 40);
  });

  it('saves with TypeORM in the transaction of the batch, and saves nothing of a row whose code throws', async () => {
    expect(await stage.run('process-leads')).toMatchObject({
      status: 'incomplete',
      updated: 39,
      quarantined: 1,
    });
    const { quarantine } = await stage.status('process-leads');
    expect(quarantine).toMatchObject([{ key: ['13'], error: 'thirteen is unlucky' }]);
    expect(
      await stage.query(`SELECT l.id FROM leads AS l FULL JOIN contacts AS c ON c.lead_id = l.id
        WHERE l.search_name IS DISTINCT FROM lower(l.name) OR c.label IS DISTINCT FROM 'process-leads ' || l.id`),
    ).toEqual([{ id: '13' }]);
    expect(await stage.query('SELECT lead_id FROM contacts WHERE lead_id = 13')).toEqual([]);
  });

  it('locks the rows of the batch against other writers while its code runs', async () => {
    const other = await stage.database.connect('another session');
    await other.query(`BEGIN; INSERT INTO contacts VALUES (2, 'blocks the code')`);
    const running = stage.run('process-leads');
    await untilBlocked(stage.database, 'nestjs-backfill: process-leads');
    const free = await stage.query<{ id: string }>('SELECT id FROM leads FOR UPDATE SKIP LOCKED');
    await other.query('ROLLBACK');
    await other.end();
    await running;
    expect(free.map(({ id }) => Number(id)).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 33 }, (_, at) => at + 8),
    );
    expect(await stage.query('SELECT count(*)::int AS n FROM contacts')).toEqual([{ n: 39 }]);
  });

  describe('at the commit of a batch', () => {
    // A deferred trigger runs in the COMMIT itself, after everything that could still change the level.
    beforeEach(() =>
      stage.query(`CREATE TABLE commits (level text);
        CREATE FUNCTION record_commit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
          INSERT INTO commits VALUES (current_setting('synchronous_commit')); RETURN NULL; END $$;
        CREATE CONSTRAINT TRIGGER record_commit AFTER UPDATE ON leads DEFERRABLE INITIALLY DEFERRED
          FOR EACH ROW EXECUTE FUNCTION record_commit()`),
    );
    afterEach(() =>
      stage.query('DROP TRIGGER record_commit ON leads; DROP FUNCTION record_commit; DROP TABLE commits'),
    );
    const levels = () => stage.query('SELECT DISTINCT level FROM commits');

    it('waits for the disk, so that a crash of the server repeats no call of another system', async () => {
      expect(await stage.run('durable')).toMatchObject({ status: 'complete', updated: 40 });
      expect(await levels()).toEqual([{ level: 'on' }]);
    });

    it('does not wait if the backfill declares it', async () => {
      expect(await stage.run('declared-off')).toMatchObject({ status: 'complete', updated: 40 });
      expect(await levels()).toEqual([{ level: 'off' }]);
    });
  });
});
