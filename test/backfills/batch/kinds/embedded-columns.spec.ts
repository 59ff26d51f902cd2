import { Backfill, type SetBackfill, type TransformBackfill } from 'nestjs-backfill';
import { IsNull } from 'typeorm';
import { Address, PERSON_ENTITIES, Person } from '../../../support/tables/people.ts';
import { Stage } from '../../../support/applications/stage.ts';

@Backfill<Person>({
  name: 'transform-city',
  entity: Person,
  where: { address: { city: IsNull() } },
  reads: ['name', 'address'],
  writes: ['address'],
})
class TransformCity implements TransformBackfill<Person, 'name' | 'address'> {
  transform(rows: readonly Pick<Person, 'name' | 'address'>[]) {
    return rows.map(({ name, address }) => ({
      address: Object.assign(new Address(), { city: `${String(address.city)} of ${String(name)}` }),
    }));
  }
}

@Backfill<Person>({ name: 'set-city', entity: Person, where: { address: { city: IsNull() } } })
class SetCity implements SetBackfill<Person> {
  set() {
    return { 'address.city': `'of ' || name` };
  }
}

describe('columns of an embedded entity', () => {
  const stage = Stage.for({ entities: PERSON_ENTITIES, backfills: [TransformCity, SetCity] });
  afterEach(() => stage.query('TRUNCATE people RESTART IDENTITY'));

  it.each([
    ['set', 'set-city', 'of Ann'],
    ['transform', 'transform-city', 'null of Ann'],
  ])('are written by a `%s` backfill', async (_, name, city) => {
    await stage.query(`INSERT INTO people (name, age, score, active, tags, settings, seen_at, created_at, born_on, "personKind")
      VALUES ('Ann', 1, 1, true, '{}', '{}', now(), now(), now(), 'customer')`);
    expect(await stage.run(name)).toMatchObject({ status: 'complete', updated: 1 });
    expect(await stage.query('SELECT * FROM people')).toMatchObject([{ addressCity: city }]);
  });
});
