import { Backfill, type RowColumns, type SetBackfill } from 'nestjs-backfill';
import { IsNull } from 'typeorm';
import { addLeads, Lead, LEAD_TABLES, resetLeads } from '../../../support/tables/lead-tables.ts';
import { Stage } from '../../../support/applications/stage.ts';

@Backfill<Lead>({ name: 'search-name', entity: Lead, where: { searchName: IsNull() }, tenant: 'tenantId' })
class SearchName implements SetBackfill<Lead> {
  set() {
    return { searchName: 'lower(name)' };
  }
}

@Backfill<Lead>({ name: 'last-call', entity: Lead, where: { lastCallDirection: IsNull() }, batchSize: 7 })
class LastCall implements SetBackfill<Lead> {
  set(row: RowColumns<Lead>) {
    return {
      lastCallDirection: `coalesce((SELECT c.direction FROM call_logs AS c WHERE c.lead_id = ${row.id}
        ORDER BY c.called_at DESC LIMIT 1), 'none') -- the latest call`,
    };
  }
}

describe('a `set` backfill', () => {
  const stage = Stage.for({ entities: LEAD_TABLES, backfills: [SearchName, LastCall] });
  beforeEach(() => resetLeads(stage.database));

  it('changes every pending row and proves it', async () => {
    await addLeads(stage.database, 2_345, 7);
    expect(await stage.runAll({ names: ['search-name'] })).toMatchObject({
      outcome: 'complete',
      backfills: [{ status: 'complete', updated: 2_345, remaining: 0, proved: true }],
    });
    expect(await stage.query('SELECT id FROM leads WHERE search_name IS DISTINCT FROM lower(name)')).toEqual(
      [],
    );
  });

  it('finds nothing to do in its second run', async () => {
    await addLeads(stage.database, 2_345, 7);
    await stage.run('search-name');
    expect(await stage.runAll({ names: ['search-name'] })).toMatchObject({
      outcome: 'nothing-to-do',
      backfills: [{ updated: 0, nothingToDo: true }],
    });
  });

  it('takes values from another table with a correlated subquery', async () => {
    await addLeads(stage.database, 40);
    await stage.query(`INSERT INTO call_logs (lead_id, direction, called_at)
      SELECT i % 30 + 1, (ARRAY['in', 'out'])[i % 2 + 1], '2024-01-01'::timestamptz + i * '1 hour'::interval
      FROM generate_series(1, 95) AS i`);
    expect(await stage.run('last-call')).toMatchObject({ status: 'complete', updated: 40 });
    expect(
      await stage.query(`SELECT l.id FROM leads l LEFT JOIN LATERAL
        (SELECT direction FROM call_logs WHERE lead_id = l.id ORDER BY called_at DESC LIMIT 1) AS c ON true
        WHERE l.last_call_direction IS DISTINCT FROM coalesce(c.direction, 'none')`),
    ).toEqual([]);
    expect(await stage.query('SELECT count(DISTINCT last_call_direction)::int AS n FROM leads')).toEqual([
      { n: 3 },
    ]);
  });
});
