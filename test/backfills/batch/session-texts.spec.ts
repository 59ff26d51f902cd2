import { Backfill } from 'nestjs-backfill';
import { EntitySchema, type ColumnType } from 'typeorm';
import { TestApplication } from '../../support/applications/application.ts';
import { TestDatabase } from '../../support/server/database.ts';

const ROWS = 12;
const FIRST_WITH_MULTIRANGES = 140_000;
/** Two sessions that write the same values differently, and read an ambiguous date differently. */
const SESSIONS = [
  {
    DateStyle: 'German, DMY',
    TimeZone: 'America/St_Johns',
    IntervalStyle: 'sql_standard',
    extra_float_digits: '-15',
  },
  {
    DateStyle: 'SQL, MDY',
    TimeZone: 'Asia/Kolkata',
    IntervalStyle: 'postgres_verbose',
    extra_float_digits: '0',
  },
] as const;

/** By type: the key of the row `n`, from 1 on. */
const KEYS: readonly (readonly [type: string, value: string, declared?: ColumnType])[] = [
  [
    'daterange',
    `CASE n WHEN 1 THEN 'empty' WHEN 2 THEN '(,infinity)' WHEN 3 THEN '(,)'
      ELSE daterange(date '0044-03-15 BC' + n * 70000, date '2324-02-03' + n * 31) END`,
  ],
  [
    'tsrange',
    `CASE n WHEN 1 THEN 'empty' WHEN 2 THEN '[-infinity,)'
      ELSE tsrange(timestamp '2024-02-01 01:02:03.000001' + n * interval '1 us', timestamp '2024-03-04' + n * interval '1 day', '(]') END`,
  ],
  [
    'tstzrange',
    `CASE n WHEN 1 THEN 'empty' WHEN 2 THEN '[,"2024-10-27 01:30:00+00"]'
      ELSE tstzrange(timestamptz '2024-10-27 00:30:00.000001Z' + n * interval '1 us', timestamptz '2024-12-01Z' + n * interval '1 hour') END`,
  ],
  ['int4range', `int4range(n, n + 3)`],
  ['numrange', `numrange(n + 0.10, n + 1e20)`],
  [
    'datemultirange',
    `datemultirange(daterange(date '2024-02-01' + n, date '2024-03-01' + n), daterange(NULL, date '1999-01-02'))`,
  ],
  [
    'tstzmultirange',
    `CASE n WHEN 1 THEN '{}' ELSE tstzmultirange(tstzrange(timestamptz '2024-10-27 00:30Z' + n * interval '1 us', NULL)) END`,
  ],
  ['timetz', `('01:02:03.00000' || n % 10 || CASE WHEN n > 9 THEN '+05:30' ELSE '-03:30' END)::timetz`],
  ['time', `time '01:02:03.000001' + n * interval '1 us'`],
  ['inet', `inet '10.1.2.0/24' + n`],
  ['macaddr', `('08:00:2b:01:02:' || lpad(n::text, 2, '0'))::macaddr`],
  ['bit varying', `n::bit(8)::varbit`],
  ['jsonb', `jsonb_build_object('b', n + 0.50, 'a', ARRAY['x"y', NULL])`],
  // The entity says nothing of the type that decides on the text.
  ['span', `make_interval(months => n, secs => -0.000001)`, 'text'],
  ['amount', `(n / 3.0)::float8`, 'text'],
  ['dates', `daterange(date '2024-02-01' + n, NULL)`, 'text'],
  ['mood', `('m' || n)::mood`, 'text'],
];

const TYPES = `CREATE DOMAIN span AS interval; CREATE DOMAIN amount AS double precision; CREATE DOMAIN dates AS daterange;
  CREATE TYPE mood AS ENUM (${Array.from({ length: ROWS }, (_, at) => `'m${at + 1}'`).join(', ')})`;

interface Slot {
  readonly id: unknown;
  readonly hits: number;
}

const slotOf = (type: ColumnType) =>
  new EntitySchema<Slot>({
    name: 'Slot',
    tableName: 'slots',
    columns: {
      id: { type, primary: true },
      hits: { type: 'int' },
    },
  });

describe.each(['key', 'page'] as const)('in %s order, a run that another session continues', (order) => {
  let database: TestDatabase;
  beforeEach(async () => {
    database = await TestDatabase.create();
  });
  afterEach(() => database.drop());

  @Backfill({ name: 'slots', entity: 'Slot', where: 'hits = 0', batchSize: 2, order })
  class Slots {
    set() {
      return { hits: 'hits + 1' };
    }
  }

  async function start(session: (typeof SESSIONS)[number], type: ColumnType): Promise<TestApplication> {
    for (const [setting, value] of Object.entries(session))
      await database.query(`ALTER DATABASE ${database.name} SET ${setting} = '${value}'`);
    return TestApplication.start({
      database,
      entities: [slotOf(type)],
      backfills: [Slots],
      synchronize: false,
    });
  }

  it.each(KEYS.map(([type, value, declared = type as ColumnType]) => [type, value, declared] as const))(
    'changes each row with a key of the type %s once, and finds the rows in quarantine again',
    async (type, value, declared) => {
      const [server] = await database.query<{ version: string }>(
        `SELECT current_setting('server_version_num') AS version`,
      );
      if (type.includes('multirange') && Number(server?.version) < FIRST_WITH_MULTIRANGES) return;
      await database.query(TYPES);
      await database.query(`CREATE TABLE slots (id ${type} PRIMARY KEY, hits int NOT NULL DEFAULT 0);
        CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'refused'; END $$`);
      await database.query(`INSERT INTO slots (id) SELECT ${value} FROM generate_series(1, ${ROWS}) AS n`);
      await database.query(
        `CREATE TABLE refused AS SELECT id FROM slots ORDER BY id OFFSET 1 LIMIT 1;
        CREATE FUNCTION is_refused(${type}) RETURNS boolean LANGUAGE sql AS 'SELECT EXISTS (SELECT FROM refused WHERE id = $1)';
        CREATE TRIGGER refuse BEFORE UPDATE ON slots FOR EACH ROW WHEN (is_refused(old.id)) EXECUTE FUNCTION refuse()`,
      );
      const quarantined: unknown[] = [];
      for (const [at, session] of [...SESSIONS, SESSIONS[0]].entries()) {
        const application = await start(session, declared);
        const stop = new AbortController();
        const observer = { progressed: () => (at === 0 ? stop.abort('a test') : undefined) };
        try {
          const { backfills } = await application.service.run({
            observer,
            signal: stop.signal,
            retryQuarantined: at === 2,
          });
          expect(backfills).toMatchObject([{ status: 'incomplete' }]);
        } finally {
          await application.stop();
        }
        quarantined.push(await database.query('SELECT key::text FROM nestjs_backfill.quarantined_row'));
      }
      expect(quarantined[2]).toEqual(quarantined[1]);
      expect(quarantined[1]).toHaveLength(1);
      expect(
        await database.query(`SELECT hits, count(*)::int AS rows FROM slots GROUP BY 1 ORDER BY 1`),
      ).toEqual([
        { hits: 0, rows: 1 },
        { hits: 1, rows: ROWS - 1 },
      ]);
    },
  );
});

describe('progress by a tenant whose text depends on the session', () => {
  it('is that of one tenant, whatever DateStyle says', async () => {
    const database = await TestDatabase.create();
    const entity = new EntitySchema<{ id: number; day: string; hits: number }>({
      name: 'Visit',
      tableName: 'visits',
      columns: {
        id: { type: 'int', primary: true },
        day: { type: 'date' },
        hits: { type: 'int', default: 0 },
      },
    });
    @Backfill({ name: 'visits', entity: 'Visit', where: 'hits = 0', tenant: 'day' as never })
    class Visits {
      set() {
        return { hits: 'hits + 1' };
      }
    }
    try {
      for (const [at, { DateStyle }] of SESSIONS.entries()) {
        await database.query(`ALTER DATABASE ${database.name} SET DateStyle = '${DateStyle}'`);
        const application = await TestApplication.start({
          database,
          entities: [entity],
          backfills: [Visits],
        });
        await database.query(
          `INSERT INTO visits (id, day) SELECT n, date '2024-02-03' + n % 2 FROM generate_series(${at * 10 + 1}, ${at * 10 + 10}) AS n`,
        );
        await application.service.run({ tenants: ['2024-02-03'] });
        await application.stop();
      }
      expect(await database.query('SELECT DISTINCT tenant FROM nestjs_backfill.tenant_progress')).toEqual([
        { tenant: '2024-02-03' },
      ]);
      expect(
        await database.query(
          `SELECT day::text, sum(hits)::int AS hits FROM visits GROUP BY day ORDER BY day`,
        ),
      ).toMatchObject([{ hits: 10 }, { hits: 0 }]);
    } finally {
      await database.drop();
    }
  });
});
