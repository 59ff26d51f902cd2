import { Backfill, type CopyBackfill, type RowColumns } from 'nestjs-backfill';
import { addLeads, Contact, Lead, LEAD_TABLES, resetLeads } from '../../../support/tables/lead-tables.ts';
import { Employee, PERSON_ENTITIES } from '../../../support/tables/people.ts';
import { Stage } from '../../../support/applications/stage.ts';
import { untilBlocked } from '../../../support/runs/until.ts';

@Backfill<Lead>({ name: 'copy-contacts', entity: Lead, into: Contact, batchSize: 7 })
class CopyContacts implements CopyBackfill<Lead, Contact> {
  copy(row: RowColumns<Lead>) {
    return { leadId: row.id, label: `${row.name} || ' (' || ${row.id} || ')'` };
  }
}

@Backfill<Lead>({
  name: 'copy-labels',
  entity: Lead,
  into: Contact,
  where: 'name IS NOT NULL',
  conflict: ['label'],
  batchSize: 7,
})
class CopyLabels implements CopyBackfill<Lead, Contact> {
  copy() {
    // A bare name refers to the source, even if the target has a column with that name.
    return { leadId: 'id', label: 'name' };
  }
}

@Backfill<Employee>({ name: 'copy-employees', entity: Employee, into: Contact })
class CopyEmployees implements CopyBackfill<Employee, Contact> {
  copy(row: RowColumns<Employee>) {
    return { leadId: row.id, label: `'employee ' || ${row.id}` };
  }
}

describe('a `copy` backfill', () => {
  const stage = Stage.for({
    entities: [...LEAD_TABLES, ...PERSON_ENTITIES],
    backfills: [CopyContacts, CopyLabels, CopyEmployees],
  });
  beforeEach(async () => {
    await resetLeads(stage.database);
    await addLeads(stage.database, 40);
  });

  it('inserts the rows that the target table does not have', async () => {
    await stage.query(`INSERT INTO contacts VALUES (3, 'of the application')`);
    expect(await stage.run('copy-contacts')).toMatchObject({
      status: 'complete',
      updated: 39,
      quarantined: 0,
    });
    expect(
      await stage.query(`SELECT lead_id FROM contacts AS c JOIN leads AS l ON l.id = c.lead_id
        WHERE c.label <> l.name || ' (' || l.id || ')'`),
    ).toEqual([{ lead_id: '3' }]);
    expect(await stage.run('copy-contacts')).toMatchObject({ status: 'complete', nothingToDo: true });
  });

  it('waits for a row that another session inserts at the same time, and does not change it', async () => {
    const other = await stage.database.connect('another session');
    await other.query(`BEGIN; INSERT INTO contacts VALUES (10, 'of another session')`);
    const running = stage.run('copy-contacts');
    await untilBlocked(stage.database, 'nestjs-backfill: copy-contacts');
    await other.query('COMMIT');
    await other.end();
    expect(await running).toMatchObject({ status: 'complete', updated: 39, quarantined: 0 });
    expect(await stage.query('SELECT label FROM contacts WHERE lead_id = 10')).toEqual([
      { label: 'of another session' },
    ]);
  });

  it('finds existing rows by the columns of `conflict`', async () => {
    await stage.query(`INSERT INTO contacts VALUES (1000, 'Lead 5')`);
    expect(await stage.run('copy-labels')).toMatchObject({ status: 'complete', updated: 39 });
    expect(await stage.query(`SELECT lead_id FROM contacts WHERE label = 'Lead 5'`)).toEqual([
      { lead_id: '1000' },
    ]);
  });

  it('quarantines a row that violates another unique column, and copies the rest', async () => {
    await stage.query(`INSERT INTO contacts VALUES (5, 'another label')`);
    expect(await stage.run('copy-labels')).toMatchObject({
      status: 'incomplete',
      updated: 39,
      quarantined: 1,
      remaining: 1,
    });
    const { quarantine } = await stage.status('copy-labels');
    expect(quarantine).toMatchObject([
      { key: ['5'], error: expect.stringContaining('has the same value in a unique column') as string },
    ]);
  });

  it('copies no rows of sibling entities if its entity is a child entity', async () => {
    await stage.query(`INSERT INTO people (name, age, score, active, tags, settings, seen_at, created_at, born_on, "personKind")
      SELECT 'p', 1, 1, true, '{}', '{}', now(), now(), now(), unnest(ARRAY['employee', 'customer'])`);
    expect(await stage.run('copy-employees')).toMatchObject({ status: 'complete', updated: 1 });
    expect(await stage.query('SELECT label FROM contacts')).toEqual([{ label: 'employee 1' }]);
  });
});
