import { Backfill, IndexesService, OnlineIndex, type SetBackfill } from 'nestjs-backfill';
import { IsNull } from 'typeorm';
import { renderOneShotStatus } from '../../libs/backfill/src/one-shot/output/text/report.renderer.ts';
import { addLeads, Lead, LEAD_TABLES } from '../support/tables/lead-tables.ts';
import { Stage } from '../support/applications/stage.ts';

@OnlineIndex<Lead>({ name: 'as_declared', entity: Lead, columns: ['name'] })
class AsDeclared {}

@OnlineIndex<Lead>({ name: 'of_old', entity: Lead, columns: ['name'], where: 'search_name IS NULL' })
class OfOld {}

@OnlineIndex<Lead>({ name: 'broken', entity: Lead, columns: ['tenantId'] })
class Broken {}

@OnlineIndex<Lead>({ name: 'not_yet', entity: Lead, columns: ['tenantId', 'id'] })
class NotYet {}

@OnlineIndex<Lead>({ name: 'nonsense', entity: Lead, expression: 'no_such_column' })
class Nonsense {}

describe('the status of indexes', () => {
  const stage = Stage.for({
    entities: LEAD_TABLES,
    backfills: [AsDeclared, OfOld, Broken, NotYet, Nonsense],
    prepare: (database) => addLeads(database, 20),
  });

  it('lists missing indexes before the first build', async () => {
    const [{ indexes, undeclared } = { indexes: [], undeclared: [] }] = (await status()).dataSources;
    expect(new Set(indexes.map(({ presence }) => presence))).toEqual(new Set(['missing']));
    expect(undeclared).toEqual([]);
  });

  it('lists indexes that differ with both definitions, INVALID ones, and those no longer declared', async () => {
    await stage.application.context
      .get(IndexesService)
      .run({ log: { log: () => undefined, warn: () => undefined } });
    await stage.query(`DROP INDEX not_yet; DROP INDEX of_old; CREATE INDEX of_old ON leads (name);
      CREATE INDEX nonsense ON leads (id); CREATE INDEX left_over ON leads (id);
      INSERT INTO nestjs_backfill.online_index (name, table_name, definition) VALUES ('left_over', '"leads"', 'USING btree (id)');
      UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'broken'::regclass`);
    const before = await relations();
    const found = await status();
    expect(found.dataSources).toMatchObject([
      {
        indexes: [
          { name: 'as_declared', presence: 'exists' },
          {
            name: 'of_old',
            presence: 'differs',
            existing: 'USING btree (name)',
            declared: 'USING btree (name) WHERE (search_name IS NULL)',
          },
          { name: 'broken', presence: 'invalid' },
          { name: 'not_yet', presence: 'missing' },
          {
            name: 'nonsense',
            presence: 'misdeclared',
            reason: expect.stringContaining('no_such_column') as string,
          },
        ],
        undeclared: [{ name: 'left_over', table: '"leads"' }],
      },
    ]);
    expect(await relations()).toEqual(before);
    const text = renderOneShotStatus(found);
    expect(text).toContain(
      'of_old on "leads": differs. It is USING btree (name), but the declaration is USING btree (name) WHERE',
    );
    expect(text).toContain('left_over on "leads": no longer declared; it was not changed');
  });

  const status = () => stage.application.context.get(IndexesService).status();
  const relations = () =>
    stage.query(
      `SELECT oid, relname FROM pg_class WHERE relnamespace <> 'pg_toast'::regnamespace ORDER BY 1`,
    );
});

@Backfill<Lead>({ name: 'names', entity: Lead, where: { searchName: IsNull() } })
class Names implements SetBackfill<Lead> {
  set() {
    return { searchName: 'lower(name)' };
  }
}

describe('the status of an application that has removed its last index', () => {
  const stage = Stage.for({ entities: LEAD_TABLES, backfills: [Names] });

  it('still lists the index, which is no longer declared', async () => {
    await stage.run('names');
    await stage.query(`CREATE INDEX left_over ON leads (id);
      INSERT INTO nestjs_backfill.online_index (name, table_name, definition) VALUES ('left_over', '"leads"', 'USING btree (id)')`);
    const found = await stage.application.context.get(IndexesService).status();
    expect(renderOneShotStatus(found)).toContain('left_over on "leads": no longer declared');
  });
});
