import { Backfill, type TransformBackfill } from 'nestjs-backfill';
import { Column, Entity, PrimaryColumn, type ColumnOptions, type Repository } from 'typeorm';
import { Stage } from '../../support/applications/stage.ts';

/** The database stores cents; the application uses a decimal string. */
const money = {
  to: (value: string | null | undefined) => (value == null ? value : Math.round(Number(value) * 100)),
  from: (value: number | null) => (value === null ? null : (value / 100).toFixed(2)),
};
const nullable = { nullable: true } as const satisfies ColumnOptions;

@Entity('things')
class Thing {
  @PrimaryColumn({ type: 'int' })
  id!: number;

  @Column({ type: 'boolean', default: false })
  done!: boolean;

  @Column({ type: 'timestamptz', ...nullable })
  at!: Date | null;

  @Column({ type: 'timestamp', ...nullable })
  wallTime!: Date | null;

  @Column({ type: 'date', ...nullable })
  day!: string | null;

  @Column({ type: 'time', ...nullable })
  hour!: string | null;

  @Column({ type: 'jsonb', ...nullable })
  jsonb!: unknown;

  @Column({ type: 'json', ...nullable })
  json!: unknown;

  @Column({ type: 'text', array: true, ...nullable })
  texts!: string[] | null;

  @Column({ type: 'int', array: true, ...nullable })
  numbers!: number[] | null;

  @Column({ type: 'enum', enum: ['new', 'Won!', "it's"], ...nullable })
  stage!: string | null;

  @Column({ type: 'enum', enum: ['a', 'B c'], array: true, ...nullable })
  stages!: string[] | null;

  @Column({ type: 'boolean', ...nullable })
  flag!: boolean | null;

  @Column({ type: 'numeric', precision: 30, scale: 10, ...nullable })
  amount!: string | null;

  @Column({ type: 'bigint', ...nullable })
  big!: string | null;

  @Column({ type: 'double precision', ...nullable })
  real!: number | null;

  @Column({ type: 'bytea', ...nullable })
  bytes!: Buffer | null;

  @Column({ type: 'simple-array', ...nullable })
  list!: string[] | null;

  @Column({ type: 'simple-json', ...nullable })
  simple!: unknown;

  @Column({ type: 'int', transformer: money, ...nullable })
  price!: string | null;

  @Column({ type: 'text', ...nullable })
  text!: string | null;

  @Column({ type: 'uuid', ...nullable })
  uuid!: string | null;
}

type Values = Omit<Thing, 'id' | 'done'>;
const PROPERTIES = [
  'at',
  'wallTime',
  'day',
  'hour',
  'jsonb',
  'json',
  'texts',
  'numbers',
  'stage',
  'stages',
  'flag',
  'amount',
  'big',
  'real',
  'bytes',
  'list',
  'simple',
  'price',
  'text',
  'uuid',
] as const satisfies (keyof Values)[];

const FULL: Values = {
  at: new Date('2024-02-29T23:59:59.123Z'),
  wallTime: new Date('2024-07-01T12:30:00.456Z'),
  day: '2024-02-29',
  hour: '23:59:58',
  jsonb: { nested: { list: [1, 'two', null, { three: 'it\'s "quoted" \\ here' }] }, text: 'ü' },
  json: ['a', { b: 1 }],
  texts: ['plain', 'with "quotes"', 'back\\slash', '', 'NULL', '{braces, commas}', '日本'],
  numbers: [1, -2, 2147483647],
  stage: "it's",
  stages: ['B c', 'a'],
  flag: false,
  amount: '12345678901234567890.0123456789',
  big: '9007199254740993',
  real: 0.1,
  bytes: Buffer.from([0, 1, 92, 39, 255]),
  list: ['one', 'two'],
  simple: { a: [1, 2] },
  price: '19.99',
  text: 'NULL',
  uuid: '0191d1a0-0000-7000-8000-000000000001',
};
const EMPTY: Values = {
  ...FULL,
  jsonb: {},
  json: 'a bare text',
  texts: [],
  numbers: [],
  stages: [],
  text: '',
  bytes: Buffer.alloc(0),
  simple: [],
  flag: true,
  price: '0.00',
  amount: '-0.5000000000',
  real: -1e300,
};
const NULLS = Object.fromEntries(PROPERTIES.map((property) => [property, null])) as unknown as Values;
const GIVEN = [FULL, EMPTY, NULLS];

@Backfill<Thing>({ name: 'write', entity: Thing, where: { done: false }, writes: ['done', ...PROPERTIES] })
class Write implements TransformBackfill<Thing, 'id'> {
  transform(rows: readonly Pick<Thing, 'id'>[]) {
    return rows.map(({ id }) => ({ ...GIVEN[id - 1], done: true }));
  }
}

/** The rows that the code received. */
const read = new Map<number, object>();

@Backfill<Thing>({
  name: 'round-trip',
  entity: Thing,
  where: { done: true },
  reads: PROPERTIES,
  writes: ['done', ...PROPERTIES],
})
class RoundTrip implements TransformBackfill<Thing> {
  transform(rows: readonly Thing[]) {
    return rows.map(({ id, ...row }) => {
      read.set(id, { id, ...row });
      return { ...row, done: false };
    });
  }
}

@Backfill<Thing>({
  name: 'some',
  entity: Thing,
  where: { done: false },
  reads: ['id'],
  writes: ['done', 'text', 'numbers', 'flag'],
})
class Some implements TransformBackfill<Thing, 'id'> {
  transform(rows: readonly Pick<Thing, 'id'>[]) {
    return rows.map(({ id }): Partial<Thing> => {
      if (id === 1) return { done: true, text: 'changed' };
      return id === 2 ? { done: true, numbers: null, flag: null } : { done: true };
    });
  }
}

describe('a `transform` backfill', () => {
  const stage = Stage.for({
    entities: [Thing],
    backfills: [Write, RoundTrip, Some],
    prepare: (database) => database.query('INSERT INTO things (id) VALUES (1), (2), (3)'),
  });
  const repository = (): Repository<Thing> => stage.application.dataSource.getRepository(Thing);
  const saved = () => repository().find({ order: { id: 'ASC' } });

  it('writes values as the application itself writes them', async () => {
    expect(await stage.run('write')).toMatchObject({ status: 'complete', updated: 3 });
    await stage.query('CREATE TABLE written AS TABLE things; DELETE FROM things');
    await repository().save(
      GIVEN.map((values, at) => repository().create({ ...values, id: at + 1, done: true })),
    );
    // Compared as text, because json has no equality operator.
    expect(
      await stage.query(
        'SELECT w::text AS by_backfill, t::text AS by_application FROM written AS w JOIN things AS t USING (id) WHERE w::text <> t::text',
      ),
    ).toEqual([]);
    expect(await stage.value('SELECT count(*) FROM written JOIN things USING (id)')).toBe('3');
  });

  it('reads values as the application itself reads them, and writes them back unchanged', async () => {
    const before = await saved();
    expect(await stage.run('round-trip')).toMatchObject({ status: 'complete', updated: 3 });
    expect([1, 2, 3].map((id) => read.get(id))).toEqual(before.map(({ done: _, ...row }) => ({ ...row })));
    expect(await saved()).toEqual(before.map((row) => ({ ...row, done: false })));
  });

  it('keeps the columns for which it returns no value, separately for each row', async () => {
    const [first, second, third] = await saved();
    expect(await stage.run('some')).toMatchObject({ status: 'complete', updated: 3 });
    expect(await saved()).toEqual([
      { ...first, done: true, text: 'changed' },
      { ...second, done: true, numbers: null, flag: null },
      { ...third, done: true },
    ]);
  });
});
