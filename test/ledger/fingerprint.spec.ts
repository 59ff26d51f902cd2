import { fingerprintOf } from '../../libs/backfill/src/ledger/proof/declaration.ts';
import { toText } from '../../libs/backfill/src/postgres/text-format.ts';

const inSql = (sql: string) => fingerprintOf({ sql, parameters: [] });
const withValues = (sql: string, ...values: readonly unknown[]) =>
  fingerprintOf({ sql, parameters: values.map(toText) });

const FIRST = new Date('2026-01-02T03:04:05.678Z');
const NEXT = new Date('2026-11-30T23:00:00.000Z');
/** Each writes a condition with the time at which a process starts. */
const VOLATILE: readonly [string, (now: Date) => string][] = [
  ['a Date', (now) => withValues('("created_at" < $1)', now)],
  ['milliseconds since 1970', (now) => withValues('("created_at" < $1)', now.getTime())],
  ['seconds since 1970, with a fraction', (now) => withValues('("created_at" < $1)', now.getTime() / 1000)],
  ['a day', (now) => withValues('("day" < $1)', now.toISOString().slice(0, 10))],
  ['a month', (now) => withValues('("month" < $1)', now.toISOString().slice(0, 7))],
  ['a time in the text of SQL', (now) => inSql(`created_at < '${now.toISOString()}'`)],
  [
    'a time with a cast',
    (now) => inSql(`created_at < TIMESTAMPTZ '${now.toISOString()}' - interval '1 day'`),
  ],
  ['a Date in the text of SQL', (now) => inSql(`created_at < '${String(now)}'`)],
  ['a time of HTTP in the text of SQL', (now) => inSql(`created_at < '${now.toUTCString()}'`)],
  ['a local day', (now) => inSql(`created_at < '${now.toLocaleDateString('en-US')}'`)],
  ['a local time', (now) => inSql(`created_at < '${now.toLocaleString('en-US')}'`)],
  [
    'a day without hyphens',
    (now) => inSql(`created_at < '${now.toISOString().slice(0, 10).replaceAll('-', '')}'`),
  ],
  ['a time of the day', (now) => inSql(`opens_at < '${now.toISOString().slice(11, 19)}'`)],
  [
    'a day in a longer text',
    (now) => inSql(`batch <> 'import of ${now.toISOString().slice(0, 10)} (nightly)'`),
  ],
  ['a day between dollars', (now) => inSql(`created_at < $$${now.toISOString().slice(0, 10)}$$`)],
  ['milliseconds in the text of SQL', (now) => inSql(`created_ms < ${now.getTime()}`)],
  ['a function of seconds', (now) => inSql(`created_at < to_timestamp(${now.getTime() / 1000})`)],
  ['a time in JSON', (now) => withValues('("data" @> $1)', { before: now.toISOString(), kind: 'a' })],
  ['two days', (now) => withValues('("day" BETWEEN $1 AND $2)', '2020-01-01', now)],
];

describe('the fingerprint of a predicate', () => {
  it.each(VOLATILE)('is the same in the next process for %s', (_, write) => {
    expect(write(NEXT)).toBe(write(FIRST));
  });

  it('is the same for a list of days, however many they are and however they are sent', () => {
    const days = (count: number) => Array.from({ length: count }, (_, day) => new Date(2026, 0, day + 1));
    const sentAlone = (count: number) =>
      withValues(
        `("day" IN (${days(count)
          .map((_, at) => `$${at + 1}`)
          .join(', ')}))`,
        ...days(count),
      );
    expect(sentAlone(3)).toBe(sentAlone(2));
    expect(withValues('("day" = ANY($1))', days(101))).toBe(withValues('("day" = ANY($1))', days(150)));
    expect(withValues('("day" = ANY($1))', days(101))).toBe(sentAlone(99));
    const written = (count: number) =>
      inSql(
        `day IN (${days(count)
          .map((day) => `'${day.toISOString()}'`)
          .join(',')})`,
      );
    expect(written(7)).toBe(written(30));
  });

  it('is the same for a list in another order', () => {
    const sql = '("state" IN ($1, $2, $3) AND "kind" = $4)';
    expect(withValues(sql, 'b', 'a', 'c', 'x')).toBe(withValues(sql, 'c', 'b', 'a', 'x'));
    expect(withValues('(s = ANY($1))', ['b', 'a'])).toBe(withValues('(s = ANY($1))', ['a', 'b']));
    expect(inSql(`state IN ('b', 'a')`)).toBe(inSql(`state IN ('a', 'b')`));
    expect(inSql('id NOT IN (3, 1)')).toBe(inSql('id NOT IN (1, 3)'));
  });

  it('is the same with another layout, other comments and other quotes of names', () => {
    const plain = inSql(`(this_row.name IS NULL AND note <> 'a  --b')`);
    const laidOut = `(
      "this_row"."name"   is null -- as before
      AND /* 2026 */ note<>'a  --b'
    )`;
    expect(inSql(laidOut)).toBe(plain);
    expect(inSql(`(this_row.name IS NULL AND note <> 'a --b')`)).not.toBe(plain);
  });

  it('is another one for another column, constant, operator or list', () => {
    const different = [
      inSql('name IS NULL'),
      inSql('name IS NOT NULL'),
      inSql('title IS NULL'),
      inSql('"Name" IS NULL'),
      inSql(`name = 'a'`),
      inSql(`name = 'A'`),
      inSql(`name <> 'a'`),
      inSql('id < 51'),
      inSql('id < 52'),
      inSql('id <= 51'),
      inSql('id = -1'),
      inSql('id = 1'),
      inSql('id = 1.5'),
      inSql(`created_at < '2026-01-01'`),
      inSql(`created_at > '2026-01-01'`),
      inSql(`created_at < '2026-01-01' AND id < 51`),
      inSql(`tenant = '00000000-0000-0000-0000-000000000001'`),
      inSql(`tenant = '00000000-0000-0000-0000-000000000002'`),
      withValues('(id < $1)', 53),
      withValues('(id < $1 AND size > $2)', 1, 2),
      withValues('(id < $1 AND size > $2)', 2, 1),
      withValues('(state IN ($1, $2))', 'a', 'b'),
      withValues('(state IN ($1, $2))', 'a', 'c'),
      withValues('(state IN ($1, $2, $3))', 'a', 'b', 'c'),
      withValues('(NOT (state IN ($1, $2)))', 'a', 'b'),
      withValues('(data @> $1)', { a: 1, b: 2 }),
      withValues('(data @> $1)', { a: 2, b: 1 }),
    ];
    expect(new Set(different).size).toBe(different.length);
  });
});
