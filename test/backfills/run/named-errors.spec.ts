import { Backfill, type SetBackfill } from 'nestjs-backfill';
import { EntitySchema } from 'typeorm';
import { Stage } from '../../support/applications/stage.ts';
import { Recorder } from '../../support/runs/recorder.ts';

interface Item {
  id: string;
  odd: string | null;
}

/** Its table and its column have names that must be quoted. */
const Item = new EntitySchema<Item>({
  name: 'Item',
  tableName: 'Ite"ms',
  columns: {
    id: { type: 'bigint', primary: true },
    odd: { name: 'o"dd; name', type: 'text', nullable: true },
  },
});

@Backfill<Item>({ name: 'fill-items', entity: Item, where: (row) => `${row.odd} IS NULL`, batchSize: 2 })
class FillItems implements SetBackfill<Item> {
  set() {
    return { odd: `'x'` };
  }
}

const TABLE = '"Ite""ms"';

describe('an error of the database', () => {
  const stage = Stage.for({
    entities: [Item],
    backfills: [FillItems],
    synchronize: false,
    plainRole: true,
    before: (database) =>
      database.query(`CREATE TABLE ${TABLE} (id bigint PRIMARY KEY, "o""dd; name" text);
        INSERT INTO ${TABLE} SELECT n FROM generate_series(1, 6) AS n`),
  });
  const grant = (rights: string) => {
    const role = new URL((stage.application.dataSource.options as { url: string }).url).username;
    return stage.query(`REVOKE ALL ON ${TABLE} FROM "${role}"; GRANT ${rights} ON ${TABLE} TO "${role}"`);
  };

  it('for a missing right names the right and the GRANT', async () => {
    await grant('SELECT');
    const { status, reason } = await stage.run('fill-items');
    expect(status).toBe('failed');
    expect(reason).toMatch(
      /lacks a right: permission denied .*\n {2}→ Run as the owner: GRANT UPDATE ON .*Ite""ms" TO "plain_/,
    );
    expect(reason).not.toContain('schema migrations');
  });

  it('in a trigger names the function, and the row is in quarantine', async () => {
    await grant('SELECT, UPDATE');
    await stage.query(`CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF NEW.id = 3 THEN RAISE EXCEPTION 'not this one'; END IF; RETURN NEW; END $$;
      CREATE TRIGGER refuse BEFORE UPDATE ON ${TABLE} FOR EACH ROW EXECUTE FUNCTION refuse()`);
    const recorder = new Recorder();
    expect(await stage.run('fill-items', { recorder })).toMatchObject({ updated: 5, quarantined: 1 });
    expect(recorder.notes.join()).toContain('not this one (in PL/pgSQL function refuse() line 2 at RAISE)');
    await stage.query(`DROP TRIGGER refuse ON ${TABLE}`);
  });

  it('of a rule on the table says so', async () => {
    await stage.query(`CREATE RULE keep AS ON UPDATE TO ${TABLE} DO INSTEAD NOTHING`);
    const { status, reason } = await stage.run('fill-items', { retryQuarantined: true });
    expect(status).toBe('failed');
    expect(reason).toContain('Replace the rule with a trigger');
    await stage.query(`DROP RULE keep ON ${TABLE}`);
  });

  it('does not come from names with quotes: the backfill completes', async () => {
    expect(await stage.run('fill-items', { retryQuarantined: true })).toMatchObject({ status: 'complete' });
    expect(await stage.value(`SELECT count(*) FROM ${TABLE} WHERE "o""dd; name" = 'x'`)).toBe('6');
  });
});
