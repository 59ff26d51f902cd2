import { Backfill, type SetBackfill } from 'nestjs-backfill';
import { EntitySchema, IsNull } from 'typeorm';
import { Stage } from '../../support/applications/stage.ts';

interface Order {
  id: number;
  v: string | null;
}

const Order = new EntitySchema<Order>({
  name: 'Order',
  tableName: 'orders',
  columns: { id: { type: 'int', primary: true }, v: { type: 'text', nullable: true } },
});

/** What the trigger does with the order 700: its title, the statement, and the code of its error. */
const FAULTS: Readonly<Record<string, readonly [string, string]>> = {
  'INTO STRICT that finds no row': ['SELECT val INTO STRICT x FROM rates WHERE order_id = -1', 'P0002'],
  'INTO STRICT that finds two rows': ['SELECT val INTO STRICT x FROM rates WHERE order_id = 500', 'P0003'],
  'a code of the application': [`RAISE EXCEPTION 'not for this customer' USING ERRCODE = 'CRM01'`, 'CRM01'],
  'a right that the trigger misses on purpose': [
    `RAISE EXCEPTION 'not for this customer' USING ERRCODE = 'insufficient_privilege'`,
    '42501',
  ],
  'a CASE without a match': ['CASE NEW.id WHEN 1 THEN NULL; END CASE', '20000'],
  'an internal error of a function in C': ['PERFORM float8_accum(ARRAY[1, 2]::float8[], 3)', 'XX000'],
  'a recursion without an end': ['PERFORM endless(1)', '54001'],
};
const TITLES = Object.keys(FAULTS);

/** @param at number of the fault; -1: none */
function backfill(name: string, value: string, at = -1): new () => object {
  @Backfill<Order>({ name, entity: Order, where: { v: IsNull() }, settings: { 'app.fault': String(at) } })
  class SetV implements SetBackfill<Order> {
    set() {
      return { v: value };
    }
  }
  return SetV;
}

const RATE = '(SELECT val FROM rates WHERE order_id = this_row.id)';

describe('an error that one row of a batch causes', () => {
  const stage = Stage.for({
    entities: [Order],
    backfills: [
      ...TITLES.map((_, at) => backfill(`fault-${at}`, `'x'`, at)),
      backfill('subquery', RATE),
      backfill('no-column', 'no_column'),
      backfill('broken-trigger', `'x'`, TITLES.length),
    ],
    prepare: async (database) => {
      const branches = [...Object.values(FAULTS).map(([statement]) => statement), 'x := no_column'];
      await database.query(`INSERT INTO orders SELECT n FROM generate_series(1, 1000) AS n;
        CREATE TABLE rates AS SELECT n AS order_id, 'x' AS val FROM generate_series(1, 1000) AS n;
        INSERT INTO rates VALUES (500, 'twice');
        CREATE FUNCTION endless(n int) RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN endless(n + 1); END';
        CREATE FUNCTION check_order() RETURNS trigger LANGUAGE plpgsql AS $$
        DECLARE x text; fault text := coalesce(current_setting('app.fault', true), ''); BEGIN
          ${branches
            .map((statement, at) => {
              const row = at < TITLES.length ? 'AND NEW.id = 700' : '';
              return `IF fault = '${at}' ${row} THEN ${statement}; END IF;`;
            })
            .join('\n')}
          RETURN NEW;
        END $$;
        CREATE TRIGGER check_order BEFORE UPDATE OF v ON orders FOR EACH ROW EXECUTE FUNCTION check_order()`);
    },
  });
  beforeEach(async () => {
    await stage.query('ALTER TABLE orders DISABLE TRIGGER check_order');
    await stage.query('UPDATE orders SET v = NULL');
    await stage.query('ALTER TABLE orders ENABLE TRIGGER check_order');
  });
  const quarantined = (name: string) =>
    stage.query(
      `SELECT key ->> 0 AS id, error_code AS code FROM nestjs_backfill.quarantined_row WHERE name = $1`,
      [name],
    );

  it.each(TITLES.map((title, at) => ({ title, at, code: FAULTS[title]?.[1] })))(
    'puts this row alone into quarantine: $title in a trigger',
    async ({ at, code }) => {
      expect(await stage.run(`fault-${at}`)).toMatchObject({
        status: 'incomplete',
        updated: 999,
        quarantined: 1,
      });
      expect(await quarantined(`fault-${at}`)).toEqual([{ id: '700', code }]);
    },
  );

  it('puts this row alone into quarantine: a subquery that returns two rows for it', async () => {
    expect(await stage.run('subquery')).toMatchObject({ status: 'incomplete', updated: 999, quarantined: 1 });
    expect(await quarantined('subquery')).toEqual([{ id: '500', code: '21000' }]);
  });

  it.each([
    ['the statement cannot be planned', 'no-column'],
    ['the trigger cannot be planned', 'broken-trigger'],
  ])('differs from an error of every row, which ends the run without a quarantine: %s', async (_, name) => {
    const report = await stage.run(name);
    expect(report).toMatchObject({ status: 'failed', updated: 0, quarantined: 0 });
    expect(report.reason).toContain('no_column');
  });
});
