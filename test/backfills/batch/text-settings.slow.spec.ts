import { Backfill, type ProcessBackfill, type SetBackfill, type TransformBackfill } from 'nestjs-backfill';
import { EntitySchema, type ColumnType, type EntityManager } from 'typeorm';
import { TestApplication } from '../../support/applications/application.ts';
import { TestDatabase } from '../../support/server/database.ts';

/** Settings of a role or database that change how PostgreSQL writes and reads values as text. */
const SETTINGS = {
  german: {
    DateStyle: 'German, DMY',
    TimeZone: 'America/St_Johns',
    IntervalStyle: 'sql_standard',
    extra_float_digits: '-15',
    bytea_output: 'escape',
  },
  us: {
    DateStyle: 'SQL, MDY',
    TimeZone: 'Asia/Kolkata',
    IntervalStyle: 'postgres_verbose',
    extra_float_digits: '0',
    bytea_output: 'hex',
  },
  unix: {
    DateStyle: 'Postgres, DMY',
    TimeZone: 'Australia/Lord_Howe',
    IntervalStyle: 'iso_8601',
    extra_float_digits: '3',
    bytea_output: 'escape',
  },
} as const;

const TIMES = [
  '2024-02-01 00:00:00.000001',
  '2024-01-02 23:59:59.999999',
  '2024-03-31 02:30:00',
  '2024-10-27 01:30:00.5',
  '0044-03-15 12:00:00 BC',
  '1969-12-31 23:59:59.5',
  '12345-06-07 08:09:10',
  'infinity',
  '-infinity',
];
const VALUES: Readonly<Record<string, readonly string[]>> = {
  timestamptz: TIMES,
  timestamp: TIMES,
  date: [
    '2024-02-01',
    '2024-01-02',
    '2024-12-11',
    '0044-03-15 BC',
    '12345-06-07',
    'infinity',
    '-infinity',
    '1999-09-09',
  ],
  time: [
    '00:00:00',
    '23:59:59.999999',
    '12:34:56.7',
    '01:02:03',
    '04:05:06',
    '07:08:09',
    '10:11:12',
    '13:14:15',
  ],
  interval: [
    '1 year -2 mons',
    '-1 day 02:03:04.5',
    '00:00:00.000001',
    '-00:00:01',
    '1 mon',
    '30 days 1 us',
    '1 day',
    '100 years',
  ],
  float8: [
    '0.1',
    '0.30000000000000004',
    '1e-300',
    '1.7976931348623157e308',
    '-0.1',
    'NaN',
    'Infinity',
    '123456789.12345679',
  ],
  float4: ['0.1', '16777217', '3.4028235e38', '-1.1754944e-38', '1.2345679', 'NaN', '-Infinity', '7'],
  bytea: ['\\x00', '\\x5c', '\\xff00ff', '\\x', '\\x61', '\\x5c5c', '\\x27', '\\xdeadbeef'],
  numeric: ['0.1', '1e40', '-0.000000000000000000001', '12345678901234567890.5', '7', 'NaN', '2', '3'],
};
const COLUMN_TYPES: Readonly<Record<string, ColumnType>> = {
  float8: 'double precision',
  float4: 'real',
  timestamptz: 'timestamp with time zone',
  timestamp: 'timestamp without time zone',
};
const KINDS = ['set', 'transform', 'process', 'copy', 'purge'] as const;
const TYPES = Object.keys(VALUES);

/** `key_timestamptz` has a key and a value of the type. */
const entityOf = (type: string) =>
  new EntitySchema({
    name: `Of${type}`,
    tableName: `of_${type}`,
    columns: {
      id: { type: COLUMN_TYPES[type] ?? (type as ColumnType), primary: true },
      value: { type: COLUMN_TYPES[type] ?? (type as ColumnType), nullable: true },
      copied: { type: COLUMN_TYPES[type] ?? (type as ColumnType), nullable: true },
      done: { type: 'boolean', nullable: true },
      n: { type: 'int', nullable: true },
    },
  });
const targetOf = (type: string) =>
  new EntitySchema({
    name: `Copy${type}`,
    tableName: `copy_${type}`,
    columns: {
      id: { type: COLUMN_TYPES[type] ?? (type as ColumnType), primary: true },
      value: { type: COLUMN_TYPES[type] ?? (type as ColumnType), nullable: true },
    },
  });

class Copied implements SetBackfill<object> {
  set() {
    return { copied: '"this_row"."value"', done: 'true' };
  }
}
/** Gives back the value as it was read. */
class Carried implements TransformBackfill<{ value: unknown }> {
  transform(rows: readonly { readonly value: unknown }[]) {
    return rows.map(({ value }) => ({ value, done: true }));
  }
}
/** JavaScript has no exact value of some keys, so that the code names its rows by another column. */
const process = (table: string) =>
  class implements ProcessBackfill<{ n: number }> {
    async process({ rows }: { readonly rows: readonly { readonly n: number }[] }, manager: EntityManager) {
      await manager.query(`UPDATE ${table} SET copied = value, done = true WHERE n = ANY($1)`, [
        rows.map(({ n }) => n),
      ]);
    }
  };

function backfillsOf(kind: (typeof KINDS)[number], order: 'key' | 'page') {
  return TYPES.map((type) => {
    const options: Readonly<Record<string, unknown>> = {
      name: `${kind}-${type}`,
      entity: `Of${type}`,
      where: 'done IS NULL',
      batchSize: 2,
      order,
    };
    if (kind === 'set') return decorated(class extends Copied {}, options);
    if (kind === 'transform')
      return decorated(class extends Carried {}, { ...options, reads: ['value'], writes: ['value', 'done'] });
    if (kind === 'process')
      return decorated(class extends process(`of_${type}`) {}, { ...options, reads: ['n'] });
    if (kind === 'purge') return decorated(class {}, { ...options, where: 'true', kind: 'purge' });
    return decorated(
      class {
        copy() {
          return { id: '"this_row"."id"', value: '"this_row"."value"' };
        }
      },
      { ...options, where: undefined, into: `Copy${type}` },
    );
  });
}
function decorated(type: new () => object, { where, ...options }: Readonly<Record<string, unknown>>) {
  Backfill({ ...options, ...(where === undefined ? {} : { where }) } as never)(type);
  return type;
}

describe.each(['key', 'page'] as const)('in %s order, keys and values', (order) => {
  let database: TestDatabase;
  beforeEach(async () => {
    database = await TestDatabase.create();
  });
  afterEach(() => database.drop());

  async function use(name: keyof typeof SETTINGS): Promise<void> {
    for (const [setting, value] of Object.entries(SETTINGS[name]))
      await database.query(`ALTER DATABASE ${database.name} SET ${setting} = '${value}'`);
  }
  async function start(kind: (typeof KINDS)[number]): Promise<TestApplication> {
    const entities = TYPES.flatMap((type) => [entityOf(type), targetOf(type)]);
    return TestApplication.start({ database, entities, backfills: backfillsOf(kind, order) });
  }
  async function fill(): Promise<void> {
    for (const type of TYPES)
      await database.query(
        `INSERT INTO of_${type} (id, value, n) SELECT v::${type}, v::${type}, n FROM unnest($1::text[]) WITH ORDINALITY AS given (v, n)`,
        [VALUES[type]],
      );
  }

  it.each(KINDS)(
    'of a `%s` are the same whatever DateStyle, TimeZone, IntervalStyle, extra_float_digits and bytea_output say, also if they change before a resume',
    async (kind) => {
      await (await start(kind)).stop();
      await fill();
      const changed: Record<string, number> = {};
      for (const settings of ['german', 'us', 'unix'] as const) {
        await use(settings);
        const application = await start(kind);
        try {
          for (const { name } of application.service.names.map((each) => ({ name: each }))) {
            let batches = 0;
            const last = settings === 'unix';
            const report = (
              await application.service.run({
                names: [name],
                ...(last ? {} : { stopWhen: () => (++batches > 1 ? 'Enough.' : null) }),
              })
            ).backfills[0];
            changed[name] = (changed[name] ?? 0) + (report?.updated ?? 0);
            if (last) expect([name, report?.status, report?.quarantined]).toEqual([name, 'complete', 0]);
          }
        } finally {
          await application.stop();
        }
      }
      for (const type of TYPES) {
        expect([type, changed[`${kind}-${type}`]]).toEqual([type, VALUES[type]?.length]);
        expect([type, await differing(kind, type)]).toEqual([type, []]);
      }
    },
  );

  /** Rows whose value is not what it was. */
  async function differing(kind: (typeof KINDS)[number], type: string): Promise<unknown[]> {
    if (kind === 'purge') return database.query(`SELECT id::text FROM of_${type}`);
    if (kind === 'copy')
      return database.query(
        `SELECT o.id::text FROM of_${type} AS o LEFT JOIN copy_${type} AS c ON c.id = o.id AND c.value = o.value WHERE c.id IS NULL`,
      );
    const column = kind === 'transform' ? 'value' : 'copied';
    return database.query(
      `SELECT id::text, ${column}::text FROM of_${type} WHERE ${column} IS DISTINCT FROM id`,
    );
  }
});
