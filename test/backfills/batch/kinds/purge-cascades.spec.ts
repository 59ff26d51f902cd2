import { Backfill } from 'nestjs-backfill';
import { EntitySchema } from 'typeorm';
import { Stage } from '../../../support/applications/stage.ts';

const Customer = new EntitySchema<{ id: number; gone: boolean }>({
  name: 'Customer',
  tableName: 'customers',
  columns: { id: { type: 'int', primary: true }, gone: { type: 'boolean' } },
});

const options = { entity: Customer, kind: 'purge', where: 'gone', batchSize: 10 } as const;

@Backfill({ name: 'purge-customers', ...options })
class PurgeCustomers {}

@Backfill({ name: 'purge-accepted', ...options, cascades: 'accepted' })
class PurgeAccepted {}

/** Each customer has `orders` orders with two lines each, and one note. */
async function prepare(
  stage: Stage,
  { customers, orders }: { customers: number; orders: number },
): Promise<void> {
  await stage.query(`DROP TABLE IF EXISTS lines, orders, notes; TRUNCATE customers;
    DROP SCHEMA IF EXISTS nestjs_backfill CASCADE;
    CREATE TABLE orders (id int PRIMARY KEY, customer_id int CONSTRAINT of_customer REFERENCES customers ON DELETE CASCADE);
    CREATE INDEX ON orders (customer_id);
    CREATE TABLE lines (id int GENERATED ALWAYS AS IDENTITY, order_id int CONSTRAINT of_order REFERENCES orders ON DELETE CASCADE)
      PARTITION BY RANGE (order_id);
    CREATE TABLE lines_of_all PARTITION OF lines DEFAULT;
    CREATE TABLE notes (id int, customer_id int CONSTRAINT about_customer REFERENCES customers ON DELETE SET NULL);
    CREATE INDEX ON notes (id, customer_id)`);
  await stage.query('INSERT INTO customers SELECT n, true FROM generate_series(1, $1::int) AS n', [
    customers,
  ]);
  await stage.query(
    'INSERT INTO orders SELECT n, n % $1::int + 1 FROM generate_series(1, $1::int * $2::int) AS n',
    [customers, orders],
  );
  await stage.query('INSERT INTO lines (order_id) SELECT id FROM orders, generate_series(1, 2)');
  await stage.query('INSERT INTO notes SELECT id, id FROM customers');
}

describe('a `purge` whose deletes reach other tables through foreign keys', () => {
  const stage = Stage.for({ entities: [Customer], backfills: [PurgeCustomers, PurgeAccepted] });
  const remaining = async () => ({
    customers: await stage.value('SELECT count(*) FROM customers'),
    lines: await stage.value('SELECT count(*) FROM lines'),
  });
  const cascades = (orders: number, lines: number, notes: number) => [
    {
      constraint: 'of_order',
      table: 'public.lines',
      event: 'DELETE',
      action: 'CASCADE',
      isIndexed: false,
      rows: lines,
    },
    {
      constraint: 'about_customer',
      table: 'public.notes',
      event: 'DELETE',
      action: 'SET NULL',
      isIndexed: false,
      rows: notes,
    },
    {
      constraint: 'of_customer',
      table: 'public.orders',
      event: 'DELETE',
      action: 'CASCADE',
      isIndexed: true,
      rows: orders,
    },
  ];

  it('plans each foreign key to any depth, the rows that a measured batch takes along, and missing indexes', async () => {
    await prepare(stage, { customers: 40, orders: 3 });
    const { plan } = await stage.application.service.plan({ names: ['purge-customers'] });
    expect(plan[0]?.cascades).toEqual(cascades(30, 60, 10));
    expect(plan[0]?.warnings).toEqual(
      expect.arrayContaining([
        expect.stringContaining('No index of public.lines serves its foreign key of_order'),
        expect.stringContaining('No index of public.notes serves its foreign key about_customer'),
      ]),
    );
    expect(await remaining()).toEqual({ customers: '40', lines: '240' });
  });

  it('reports the rows that were taken along', async () => {
    await prepare(stage, { customers: 40, orders: 3 });
    const report = await stage.run('purge-customers');
    expect(report).toMatchObject({ status: 'complete', updated: 40, cascades: cascades(120, 240, 40) });
    expect(await remaining()).toEqual({ customers: '0', lines: '0' });
  });

  it('is refused before the first delete if it takes many rows along and `cascades` is not accepted', async () => {
    await prepare(stage, { customers: 40, orders: 30 });
    const { plan } = await stage.application.service.plan({ names: ['purge-customers'] });
    expect(plan[0]?.warnings).toContainEqual(expect.stringContaining('The run is refused'));
    const report = await stage.run('purge-customers');
    expect(report).toMatchObject({ status: 'failed', updated: 0 });
    expect(report.reason).toContain('of_order of public.lines ON DELETE CASCADE');
    expect(report.reason).toMatch(
      /a batch of \d+ rows? that was rolled back took \d+ rows along, so that the whole backfill takes ~3,640 rows along/,
    );
    expect(await remaining()).toEqual({ customers: '40', lines: '2400' });
    expect(await stage.run('purge-accepted')).toMatchObject({
      status: 'complete',
      cascades: cascades(1200, 2400, 40),
    });
  });

  it('stops before a batch that exceeds the bound, if the first rows did not show it', async () => {
    await prepare(stage, { customers: 40, orders: 3 });
    await stage.query('INSERT INTO orders SELECT 1000 + n, 35 FROM generate_series(1, 1500) AS n');
    const report = await stage.run('purge-customers');
    expect(report).toMatchObject({ status: 'failed' });
    expect(report.reason).toContain('the next batch would have taken too many along');
    expect(await stage.value('SELECT count(*) FROM orders WHERE customer_id = 35')).toBe('1503');
  });
});
