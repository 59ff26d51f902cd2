import { Backfill } from 'nestjs-backfill';
import { EntitySchema, IsNull, type ColumnType } from 'typeorm';
import { Stage } from '../../../support/applications/stage.ts';

const ROWS = 4_000;
const RANGES = 4;

/** Tables with unevenly distributed keys. Each key column has an SQL expression of the row's number `i`. */
const TABLES: Record<string, Record<string, readonly [ColumnType, string]>> = {
  'int with gaps': { id: ['int', 'CASE WHEN i <= 3900 THEN i ELSE i * 100000 END'] },
  'bigint, with most keys at the end': {
    id: ['bigint', '9223372036854775807 - 5000 + i - (i < 50)::int * 9223372036854000000'],
  },
  uuid: { id: ['uuid', 'md5(i::text)::uuid'] },
  text: { id: ['text', "CASE WHEN i % 10 = 0 THEN 'Ä' || i ELSE 'lead ''' || lpad(i::text, 6, '0') END"] },
  'timestamp with time zone': {
    id: ['timestamptz', "timestamptz '2024-01-01' + i * i * interval '1 microsecond'"],
  },
  'composite: tenants of very different sizes, and a number': {
    tenant: ['text', "CASE WHEN i % 100 = 0 THEN 'small ' || i ELSE 'large' END"],
    id: ['int', 'i'],
  },
};

const titles = Object.keys(TABLES);
const entities = titles.map((title, at) => {
  const keys = Object.entries(TABLES[title] ?? {}).map(
    ([name, [type]]) => [name, { type, primary: true }] as const,
  );
  return new EntitySchema({
    name: `Table${at}`,
    tableName: `table_${at}`,
    columns: { ...Object.fromEntries(keys), done: { type: 'boolean', nullable: true } },
  });
});

const backfills = entities.flatMap((entity, at) =>
  ['whole', 'half'].map((name) => {
    class Done {
      set() {
        return { done: 'true' };
      }
    }
    Backfill({
      name: `${name}-${at}`,
      entity,
      where: { done: IsNull() },
      batchSize: 20,
      maxWorkers: RANGES,
      order: 'key',
    })(Done);
    return Done;
  }),
);

describe.each(titles)('a sweep along a key of type %s', (title) => {
  const at = titles.indexOf(title);
  const columns = Object.entries(TABLES[title] ?? {});
  const stage = Stage.for({
    entities,
    backfills,
    prepare: (database) =>
      database.query(`INSERT INTO table_${at} (${columns.map(([name]) => name).join(', ')})
        SELECT ${columns.map(([, [, expression]]) => expression).join(', ')} FROM generate_series(1, ${ROWS}) AS i`),
  });

  const updatedByRange = async (name: string) =>
    (
      await stage.query<{ updated: number }>(
        'SELECT updated::int FROM nestjs_backfill.range WHERE name = $1 ORDER BY lower_key NULLS FIRST, id',
        [name],
      )
    ).map(({ updated }) => updated);

  it('is divided into ranges with the same number of rows', async () => {
    expect(await stage.run(`whole-${at}`)).toMatchObject({ status: 'complete', updated: ROWS, proved: true });
    const updated = await updatedByRange(`whole-${at}`);
    expect(updated).toHaveLength(RANGES);
    for (const rows of updated) expect(Math.abs(rows - ROWS / RANGES)).toBeLessThanOrEqual(1);
  });

  it('is divided by its pending rows if many rows are done', async () => {
    const key = columns.map(([name]) => name).join(', ');
    await stage.query(
      `UPDATE table_${at} SET done = CASE WHEN n > ${ROWS / 2} THEN NULL ELSE true END
       FROM (SELECT ${key}, row_number() OVER (ORDER BY ${key}) AS n FROM table_${at}) AS numbered
       WHERE (${columns.map(([name]) => `table_${at}.${name}`).join(', ')}) = (${columns.map(([name]) => `numbered.${name}`).join(', ')})`,
    );
    expect(await stage.run(`half-${at}`)).toMatchObject({ status: 'complete', updated: ROWS / 2 });
    for (const rows of await updatedByRange(`half-${at}`))
      expect(Math.abs(rows - ROWS / 2 / RANGES)).toBeLessThanOrEqual(1);
  });
});
