import type { ColumnType } from 'typeorm';

/** A primary key: its columns in order, and rows of key values in PostgreSQL's text format. */
export interface KeyKind {
  readonly title: string;
  readonly columns: readonly {
    readonly name: string;
    readonly type: ColumnType;
    readonly length?: number;
    readonly enum?: string[];
    readonly precision?: number;
    readonly scale?: number;
  }[];
  readonly rows: readonly (readonly string[])[];
  /** @default a plain name in the default schema */
  readonly table?: string;
  readonly schema?: string;
}

const ids = (count: number, from = 1) => Array.from({ length: count }, (_, at) => [String(from + at)]);
const singleColumn = (name: string, type: ColumnType, values: readonly string[], more: object = {}) => ({
  columns: [{ name, type, ...more }],
  rows: values.map((value) => [value]),
});

const DIFFICULT_TEXTS = [
  '',
  ' ',
  "it's",
  '"quoted"',
  'back\\slash',
  '\\',
  '{a,b}',
  'NULL',
  'null',
  '%_',
  'ünïcödé',
  '日本語',
  '👩‍👩‍👧',
  'tab\there',
  'line\nbreak',
  'a',
  'A',
  'ä',
  'z',
  '$1',
  '[1]',
  'e\u0301',
  'é',
];
const UUIDS = [
  '00000000-0000-0000-0000-000000000000',
  'ffffffff-ffff-ffff-ffff-ffffffffffff',
  ...ids(14).map(([at]) => `0191d1a0-0000-7000-8000-0000000000${at?.padStart(2, '0')}`),
];

export const KEY_KINDS: readonly KeyKind[] = [
  {
    title: 'int',
    ...singleColumn('id', 'int', ['-2147483648', '-7', '-1', '0', '1', '2', '10', '9', '2147483647']),
  },
  { title: 'smallint', ...singleColumn('id', 'smallint', ['-32768', '-1', '0', '3', '32767']) },
  {
    title: 'bigint beyond 2^53',
    ...singleColumn('id', 'bigint', [
      '-9223372036854775808',
      '-9007199254740993',
      '-1',
      '9007199254740991',
      '9007199254740992',
      '9007199254740993',
      '9007199254740994',
      '9007199254740995',
      '9223372036854775806',
      '9223372036854775807',
    ]),
  },
  { title: 'uuid', ...singleColumn('id', 'uuid', UUIDS) },
  {
    title: 'text with quotes, Unicode, backslashes, and the empty text',
    ...singleColumn('id', 'text', DIFFICULT_TEXTS),
  },
  { title: 'varchar', ...singleColumn('id', 'varchar', DIFFICULT_TEXTS, { length: 40 }) },
  {
    title: 'char, padded with blanks',
    ...singleColumn('id', 'char', ['a', 'ab', 'abc', '', 'b'], { length: 4 }),
  },
  {
    title: 'numeric',
    ...singleColumn('id', 'numeric', ['-1.50', '0.00', '0.01', '123456789012345678.99', '2.00', '10.00'], {
      precision: 24,
      scale: 2,
    }),
  },
  {
    title: 'numeric without a scale',
    ...singleColumn('id', 'numeric', ['1.0', '1.05', '-0.000000000000000000001', '1e30', 'NaN']),
  },
  {
    title: 'double precision',
    ...singleColumn('id', 'float8', ['0.1', '0.30000000000000004', '-1e300', 'Infinity', '5e-324']),
  },
  {
    title: 'date',
    ...singleColumn('id', 'date', ['2024-02-29', '1969-12-31', '0044-03-15 BC', '9999-12-31', 'infinity']),
  },
  {
    title: 'enum, in the order of its labels',
    ...singleColumn('id', 'enum', ['zebra', 'Ape', "it's", 'mid dle'], {
      enum: ['zebra', 'Ape', "it's", 'mid dle'],
    }),
  },
  { title: 'boolean', ...singleColumn('id', 'boolean', ['false', 'true']) },
  {
    title: 'timestamp with time zone, with microseconds',
    ...singleColumn('at', 'timestamptz', [
      '2024-01-01 00:00:00.000001+00',
      '2024-01-01 00:00:00.000002+00',
      '2024-01-01 00:00:00.000003+00',
      '1883-11-18 12:03:57+00',
      '2024-10-27 01:30:00+00',
      '2024-10-27 02:30:00+00',
    ]),
  },
  {
    title: 'uuid and text',
    columns: [
      { name: 'id', type: 'uuid' },
      { name: 'slug', type: 'text' },
    ],
    rows: UUIDS.slice(0, 3).flatMap((id) => DIFFICULT_TEXTS.slice(0, 6).map((slug) => [id, slug])),
  },
  {
    title: 'int and timestamp with time zone, with microseconds',
    columns: [
      { name: 'id', type: 'int' },
      { name: 'at', type: 'timestamptz' },
    ],
    rows: ['1', '2'].flatMap((id) =>
      ['1', '2', '3', '4'].map((micro) => [id, `2024-01-01 00:00:00.00000${micro}+00`]),
    ),
  },
  {
    title: 'a table in another schema',
    schema: 'Sales EU',
    table: 'Big Leads',
    ...singleColumn('id', 'int', ['1', '2', '3', '4']),
  },
  {
    title: 'names that have to be quoted',
    table: 'Odd name; --',
    ...singleColumn('Primary Key', 'int', ['1', '2', '3', '4']),
  },
  {
    title: 'reserved words',
    table: 'order',
    columns: [
      { name: 'select', type: 'int' },
      { name: 'user', type: 'text' },
    ],
    rows: [
      ['1', 'a'],
      ['1', 'b'],
      ['2', 'a'],
    ],
  },
  {
    title: 'names that the SQL of the library uses',
    table: 'nb_selected',
    columns: [
      { name: 'key', type: 'int' },
      { name: 'name', type: 'text' },
    ],
    rows: [
      ['1', 'a'],
      ['2', 'b'],
      ['3', 'c'],
    ],
  },
  { title: 'an empty table', ...singleColumn('id', 'int', []) },
  { title: 'a table with one row', ...singleColumn('id', 'int', ['5']) },
];
