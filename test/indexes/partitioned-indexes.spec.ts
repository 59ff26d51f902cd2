import { Call, IndexStage } from '../support/migrations/index-stage.ts';

const stage = IndexStage.forEachTest();

it('leaves no INVALID index on a partitioned table, and continues when the rows are unique', async () => {
  await stage.database.query('CREATE TABLE calls (id int, at timestamptz) PARTITION BY RANGE (at)');
  await stage.database.query(
    `CREATE TABLE calls_1 PARTITION OF calls FOR VALUES FROM ('2025-01-01') TO ('2026-01-01')`,
  );
  await stage.database.query(
    `CREATE TABLE calls_2 PARTITION OF calls FOR VALUES FROM ('2026-01-01') TO ('2027-01-01')`,
  );
  await stage.database.query(`INSERT INTO calls SELECT 1, '2026-02-02' FROM generate_series(1, 2)`);
  const options = { name: 'calls_key', entity: Call, columns: ['id', 'at'], unique: true };
  const index = { className: 'CallsKey', options };
  expect(await stage.build([index])).toMatchObject({
    outcome: 'warnings',
    indexes: [{ status: 'duplicates' }],
  });
  expect(Object.values(await stage.validity())).not.toContain(false);
  await stage.database.query('DELETE FROM calls');
  expect(await stage.build([index])).toMatchObject({ outcome: 'done' });
  expect(await stage.validity()).toEqual({
    calls_key: true,
    calls_key_calls_1: true,
    calls_key_calls_2: true,
  });
});

it('builds an index on each partition and attaches it, also after an interrupted run', async () => {
  await stage.database.query('CREATE TABLE calls (id int, at timestamptz) PARTITION BY RANGE (at)');
  await stage.database.query(
    `CREATE TABLE calls_1 PARTITION OF calls FOR VALUES FROM ('2025-01-01') TO ('2026-01-01')`,
  );
  await stage.database.query(
    `CREATE TABLE calls_2 PARTITION OF calls FOR VALUES FROM ('2026-01-01') TO ('2027-01-01') PARTITION BY LIST (id)`,
  );
  await stage.database.query('CREATE TABLE calls_2_1 PARTITION OF calls_2 DEFAULT');
  await stage.database.query('CREATE INDEX calls_id ON ONLY calls (id)');
  const index = { className: 'CallsIndex', options: { name: 'calls_id', entity: Call, columns: ['id'] } };
  expect(await stage.build([index])).toMatchObject({ outcome: 'done', indexes: [{ status: 'built' }] });
  expect(await stage.validity()).toEqual({
    calls_id: true,
    calls_id_calls_1: true,
    calls_id_calls_2: true,
    calls_id_calls_2_1: true,
  });
  expect(await stage.build([index])).toMatchObject({ outcome: 'nothing-to-do' });
});
