import { Backfill, type SetBackfill, type TransformBackfill } from 'nestjs-backfill';
import { EntitySchema } from 'typeorm';
import { Stage } from '../../../support/applications/stage.ts';

interface Country {
  id: number;
  code: string;
  name: string;
  done: boolean | null;
}

const Country = new EntitySchema<Country>({
  name: 'Country',
  tableName: 'countries',
  columns: {
    id: { type: 'int', primary: true },
    code: { type: 'text', unique: true },
    name: { type: 'text' },
    done: { type: 'boolean', nullable: true },
  },
});

const options = { entity: Country, where: 'done IS NULL', batchSize: 10 } as const;
const transformed = { ...options, reads: ['code'], writes: ['code', 'done'] } as const;

class SetCode implements SetBackfill<Country> {
  set() {
    return { code: 'upper(code)', done: 'true' };
  }
}

class TransformCode implements TransformBackfill<Country, 'id' | 'code'> {
  transform(rows: readonly Pick<Country, 'id' | 'code'>[]) {
    return rows.map(({ code }) => ({ code: code.toUpperCase(), done: true }));
  }
}

@Backfill<Country>({ ...options, name: 'set' })
class BySet extends SetCode {}
@Backfill<Country>({ ...options, name: 'set-accepted', cascades: 'accepted' })
class BySetAccepted extends SetCode {}
@Backfill<Country>({ ...transformed, name: 'transform' })
class ByTransform extends TransformCode {}
@Backfill<Country>({ ...transformed, name: 'transform-accepted', cascades: 'accepted' })
class ByTransformAccepted extends TransformCode {}

@Backfill<Country>({ ...options, name: 'set-name' })
class SetName implements SetBackfill<Country> {
  set() {
    return { name: 'upper(name)', done: 'true' };
  }
}

describe('a change of a column that other tables refer to', () => {
  const stage = Stage.for({
    entities: [Country],
    backfills: [BySet, BySetAccepted, ByTransform, ByTransformAccepted, SetName],
  });

  /** Each country has `cities` cities, which have one street each, and one office. */
  const prepare = async (countries: number, cities: number) => {
    await stage.query(`DROP TABLE IF EXISTS streets, cities, offices; TRUNCATE countries;
      DROP SCHEMA IF EXISTS nestjs_backfill CASCADE;
      CREATE TABLE cities (id int, country text CONSTRAINT of_country REFERENCES countries (code) ON UPDATE CASCADE, UNIQUE (id, country));
      CREATE TABLE streets (city int, country text, CONSTRAINT of_city FOREIGN KEY (city, country) REFERENCES cities (id, country) ON UPDATE CASCADE);
      CREATE INDEX ON streets (country, city);
      CREATE TABLE offices (country text CONSTRAINT in_country REFERENCES countries (code) ON UPDATE SET NULL)
        PARTITION BY LIST (country);
      CREATE TABLE offices_of_all PARTITION OF offices DEFAULT;
      CREATE INDEX ON offices (country)`);
    await stage.query(
      `INSERT INTO countries SELECT n, 'c' || n, 'Country ' || n FROM generate_series(1, $1::int) AS n`,
      [countries],
    );
    await stage.query(
      `INSERT INTO cities SELECT n, 'c' || n % $1::int + 1 FROM generate_series(1, $1::int * $2::int) AS n`,
      [countries, cities],
    );
    await stage.query('INSERT INTO streets SELECT id, country FROM cities');
    await stage.query('INSERT INTO offices SELECT code FROM countries');
  };

  const cascades = (cities: number, streets: number, offices: number) => [
    {
      constraint: 'of_country',
      table: 'public.cities',
      event: 'UPDATE',
      action: 'CASCADE',
      isIndexed: false,
      rows: cities,
    },
    {
      constraint: 'in_country',
      table: 'public.offices',
      event: 'UPDATE',
      action: 'SET NULL',
      isIndexed: true,
      rows: offices,
    },
    {
      constraint: 'of_city',
      table: 'public.streets',
      event: 'UPDATE',
      action: 'CASCADE',
      isIndexed: true,
      rows: streets,
    },
  ];

  it.each(['set', 'transform'])(
    'by %s: the plan names each foreign key to any depth, and the rows that a measured batch takes along',
    async (name) => {
      await prepare(40, 3);
      const { plan } = await stage.application.service.plan({ names: [name] });
      expect(plan[0]?.cascades).toEqual(cascades(30, 30, 10));
      expect(plan[0]?.warnings).toEqual(
        expect.arrayContaining([
          expect.stringContaining(
            'No index of public.cities serves its foreign key of_country, so that each changed row',
          ),
        ]),
      );
      expect(await stage.value("SELECT count(*) FROM cities WHERE country LIKE 'C%'")).toBe('0');
    },
  );

  it.each(['set', 'transform'])('by %s: the report counts the rows that were taken along', async (name) => {
    await prepare(40, 3);
    expect(await stage.run(name)).toMatchObject({
      status: 'complete',
      updated: 40,
      cascades: cascades(120, 120, 40),
    });
    expect(await stage.value("SELECT count(*) FROM streets WHERE country LIKE 'C%'")).toBe('120');
  });

  it.each(['set', 'transform'])(
    'by %s: is refused before the first change if it takes many rows along and `cascades` is not accepted',
    async (name) => {
      await prepare(40, 30);
      const report = await stage.run(name);
      expect(report).toMatchObject({ status: 'failed', updated: 0 });
      expect(report.reason).toContain('of_country of public.cities ON UPDATE CASCADE');
      expect(report.reason).toContain('so that the whole backfill takes ~2,440 rows along');
      expect(await stage.value("SELECT count(*) FROM cities WHERE country LIKE 'C%'")).toBe('0');
      expect(await stage.run(`${name}-accepted`)).toMatchObject({
        status: 'complete',
        cascades: cascades(1200, 1200, 40),
      });
    },
  );

  it.each(['set', 'transform'])(
    'by %s: stops before a batch that exceeds the bound, if the first rows did not show it',
    async (name) => {
      await prepare(40, 3);
      await stage.query("INSERT INTO cities SELECT 1000 + n, 'c35' FROM generate_series(1, 1500) AS n");
      const report = await stage.run(name);
      expect(report).toMatchObject({ status: 'failed' });
      expect(report.reason).toContain('the next batch would have taken too many along');
      expect(await stage.value("SELECT count(*) FROM cities WHERE country = 'c35'")).toBe('1503');
    },
  );

  it('has no cascades if no table refers to the changed columns', async () => {
    await prepare(40, 30);
    const { plan } = await stage.application.service.plan({ names: ['set-name'] });
    expect(plan[0]?.cascades).toEqual([]);
    expect(await stage.run('set-name')).toMatchObject({ status: 'complete', updated: 40 });
  });
});
