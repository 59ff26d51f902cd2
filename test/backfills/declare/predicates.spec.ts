import { Backfill, type BackfillOptions, type PendingPredicate, type SetBackfill } from 'nestjs-backfill';
import {
  And,
  Any,
  ArrayContainedBy,
  ArrayContains,
  ArrayOverlap,
  Between,
  Equal,
  ILike,
  In,
  IsNull,
  JsonContains,
  LessThan,
  LessThanOrEqual,
  Like,
  MoreThan,
  MoreThanOrEqual,
  Not,
  Or,
  Raw,
  type FindOptionsWhere,
} from 'typeorm';
import { TestApplication } from '../../support/applications/application.ts';
import { TestDatabase } from '../../support/server/database.ts';
import { Customer, Employee, PERSON_ENTITIES, Person, Team } from '../../support/tables/people.ts';

const NOON = new Date('2024-06-15T12:00:00Z');

const CONDITIONS: Record<string, FindOptionsWhere<Person> | FindOptionsWhere<Person>[]> = {
  'a plain value': { name: "O'Neill; DROP TABLE people --" },
  'a number, a boolean and a bigint beyond 2^53': { age: 30, active: true, score: '9007199254740993' },
  IsNull: { name: IsNull() },
  'Not(IsNull)': { name: Not(IsNull()) },
  Not: { age: Not(30) },
  Equal: { age: Equal(30) },
  In: { age: In([30, 40]) },
  'Not(In)': { name: Not(In(['a', 'b'])) },
  'LessThan with a Date, on timestamp': { seenAt: LessThan(NOON) },
  'LessThan with a Date, on timestamptz': { createdAt: LessThan(NOON) },
  'MoreThanOrEqual with a Date': { seenAt: MoreThanOrEqual(NOON) },
  'LessThanOrEqual on a date': { bornOn: LessThanOrEqual('2000-06-15') },
  MoreThan: { score: MoreThan('9007199254740992') },
  Between: { age: Between(25, 35) },
  'Between Dates': { seenAt: Between(new Date(NOON.getTime() - 1), new Date(NOON.getTime() + 1)) },
  Like: { name: Like('O\'%"%') },
  ILike: { name: ILike("o'%") },
  'Raw with parameters': {
    name: Raw((alias) => `lower(${alias}) = ANY(:names) AND length(${alias}) > :minLength`, {
      names: ["o'neill", 'a"b\\c'],
      minLength: 2,
    }),
  },
  'Raw alone': { age: Raw((alias) => `${alias} % 20 = 10`) },
  Any: { age: Any([30, 40]) },
  ArrayContains: { tags: ArrayContains(['a"b', 'c,d']) },
  ArrayContainedBy: { tags: ArrayContainedBy(['a"b', 'c,d', 'NULL']) },
  ArrayOverlap: { tags: ArrayOverlap(['NULL', '{x}']) },
  'ArrayContains of nothing': { tags: ArrayContains([]) },
  JsonContains: { settings: JsonContains({ theme: 'dark' }) },
  And: { age: And(MoreThan(20), LessThan(40)) },
  Or: { age: Or(LessThan(25), MoreThan(35)) },
  'an array: OR': [{ name: IsNull() }, { age: MoreThan(35) }],
  'several conditions: AND': { name: Not(IsNull()), age: LessThan(35) },
  'an embedded column': { address: { city: IsNull() } },
  'an embedded column among alternatives': [{ address: { city: 'Zürich' } }, { age: 20 }],
  'a soft-deleted row': { deletedAt: Not(IsNull()) },
};

/**
 * A backfill that marks each row that it changes. A row is pending if `where` matches it and it has no mark.
 */
function marker<Entity extends Person>(
  name: string,
  where: PendingPredicate<Entity>,
  entity: new () => Entity,
): new () => object {
  const options: BackfillOptions<Person> = {
    name,
    entity,
    where: where as PendingPredicate<Person>,
    batchSize: 2,
  };
  @Backfill<Person>(options)
  class Marker implements SetBackfill<Person> {
    set() {
      return { doneBy: `'${name}'` };
    }
  }
  return Marker;
}

const unmarked = (where: FindOptionsWhere<Person>): FindOptionsWhere<Person> => ({
  ...where,
  doneBy: IsNull(),
});

const CASES = Object.entries(CONDITIONS).map(([title, where], at) => ({
  title,
  where,
  name: `case-${at}`,
  backfill: marker(`case-${at}`, Array.isArray(where) ? where.map(unmarked) : unmarked(where), Person),
}));

/** Title, predicate, and the ids of the rows that it matches. */
const SQL: readonly [string, PendingPredicate<Person>, number[]][] = [
  ['an SQL string', 'age = 30 AND done_by IS NULL', [2, 4]],
  ['that ends with a comment', 'age = 30 AND done_by IS NULL -- (not yet', [2, 4]],
  ['that ends with a semicolon', 'age = 30 AND done_by IS NULL ;\n', [2, 4]],
  ['that has an OR at its top', 'age = 30 AND done_by IS NULL OR age = 20 AND done_by IS NULL', [1, 2, 4]],
  ['that names the row', 'this_row.age = 30 AND "this_row".done_by IS NULL', [2, 4]],
  ['as a function of the row', (row) => `${row.age} = 30 AND ${row.doneBy} IS NULL`, [2, 4]],
  [
    'with a sub-query of the same table',
    (row) =>
      `${row.doneBy} IS NULL AND EXISTS (SELECT FROM people AS other WHERE other.age = ${row.age} AND other.id > ${row.id})`,
    [2],
  ],
  [
    'with a question mark, a colon and a dollar',
    `done_by IS NULL AND settings ? 'theme' AND name <> ':x $1'`,
    [2],
  ],
];

describe('a pending predicate', () => {
  let database: TestDatabase;
  let application: TestApplication;

  beforeAll(async () => {
    database = await TestDatabase.create();
    application = await TestApplication.start({
      database,
      entities: PERSON_ENTITIES,
      backfills: [
        ...CASES.map(({ backfill }) => backfill),
        ...SQL.map(([, where], at) => marker(`sql-${at}`, where, Person)),
        marker<Employee>('employees', { doneBy: IsNull() }, Employee),
        marker<Employee>('employees-in-sql', (row) => `${row.doneBy} IS NULL OR false`, Employee),
        marker<Customer>('customers-in-sql', 'done_by IS NULL', Customer),
        marker<Person>('of-a-team', { team: { id: 1 }, doneBy: IsNull() }, Person),
      ],
    });
    const { manager } = application.dataSource;
    const team = await manager.save(Team, { name: 'one' });
    const person = {
      name: null,
      age: 20,
      score: '1',
      active: false,
      tags: [],
      settings: {},
      seenAt: NOON,
      createdAt: NOON,
      bornOn: '2000-06-15',
      address: { city: null },
    };
    const hour = 3_600_000;
    await manager.save(Employee, [
      { ...person },
      {
        ...person,
        name: "O'Neill; DROP TABLE people --",
        age: 30,
        score: '9007199254740993',
        active: true,
        tags: ['a"b', 'c,d'],
        settings: { theme: 'dark' },
        seenAt: new Date(NOON.getTime() - hour),
        createdAt: new Date(NOON.getTime() - hour),
        bornOn: '2000-06-14',
        address: { city: 'Zürich' },
        team,
      },
    ]);
    await manager.save(Customer, [
      {
        ...person,
        name: 'a"b\\c',
        age: 40,
        score: '9007199254740992',
        tags: ['NULL'],
        seenAt: new Date(NOON.getTime() + hour),
        createdAt: new Date(NOON.getTime() + hour),
        bornOn: '2000-06-16',
      },
      { ...person, name: 'O\'"', age: 30, active: true, tags: ['{x}', ''], deletedAt: NOON },
    ]);
    const [manages] = await manager.query<{ id: number }[]>(
      `INSERT INTO people (name, age, score, active, tags, settings, seen_at, created_at, born_on, "personKind")
       VALUES ('m', 50, 3, false, '{}', '{}', now(), now(), now(), 'the boss''s') RETURNING id`,
    );
    expect(manages?.id).toBe(5);
  });

  afterAll(async () => {
    await application.stop();
    await database.drop();
  });

  afterEach(async () => {
    await database.query('UPDATE people SET done_by = NULL');
  });

  const run = async (name: string): Promise<number[]> => {
    expect(await application.service.run({ names: [name] })).toMatchObject({
      outcome: expect.stringMatching(/complete|nothing-to-do/) as string,
    });
    const marked = await database.query<{ id: number }>(
      'SELECT id FROM people WHERE done_by = $1 ORDER BY id',
      [name],
    );
    return marked.map(({ id }) => id);
  };

  it.each(CASES)(
    'matches the rows that TypeORM finds, including soft-deleted rows: $title',
    async ({ name, where }) => {
      const found = await application.dataSource
        .getRepository(Person)
        .find({ where, withDeleted: true, order: { id: 'ASC' } });
      expect(await run(name)).toEqual(found.map(({ id }) => id));
      expect(found.length).toBeGreaterThan(0);
      // A person who runs the proof gets the same count.
      const [{ proof } = { proof: '' }] = (await application.service.run({ names: [name] })).backfills;
      expect(await database.query(proof)).toEqual([{ count: '0' }]);
      await database.query('UPDATE people SET done_by = NULL');
      expect(await database.query(proof)).toEqual([{ count: String(found.length) }]);
    },
  );

  it.each(SQL.map(([title, , ids], at) => ({ title, ids, name: `sql-${at}` })))(
    'can be SQL: $title',
    async ({ ids, name }) => {
      expect(await run(name)).toEqual(ids);
    },
  );

  it('matches the rows of a child entity and of its own children, but not of its siblings', async () => {
    expect(await run('employees')).toEqual([1, 2, 5]);
  });

  it('matches only the rows of a child entity if it is SQL, too', async () => {
    expect(await run('employees-in-sql')).toEqual([1, 2, 5]);
    expect(await run('customers-in-sql')).toEqual([3, 4]);
  });

  it('can read the key of a related row', async () => {
    expect(await run('of-a-team')).toEqual([2]);
  });
});
