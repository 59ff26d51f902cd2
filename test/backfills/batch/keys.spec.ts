import type { Type } from '@nestjs/common';
import { Backfill, type BackfillOptions, type ProcessBatch } from 'nestjs-backfill';
import {
  EntitySchema,
  type ColumnType,
  type EntityManager,
  type EntitySchemaColumnOptions,
  type ObjectLiteral,
} from 'typeorm';
import { quoteIdentifier } from '../../../libs/backfill/src/postgres/identifiers.ts';
import type { TestDatabase } from '../../support/database.ts';
import { Stage } from '../../support/stage.ts';

/** Keys of one kind: columns in the order of the primary key, and rows of values in PostgreSQL's own text. */
interface KeyKind {
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
  /** The table's name and schema, where they are the point. */
  readonly table?: string;
  readonly schema?: string;
}

const ids = (count: number, from = 1) => Array.from({ length: count }, (_, at) => [String(from + at)]);
const one = (name: string, type: ColumnType, values: readonly string[], more: object = {}) => ({
  columns: [{ name, type, ...more }],
  rows: values.map((value) => [value]),
});

const AWKWARD = [
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

const KINDS: readonly KeyKind[] = [
  { title: 'int', ...one('id', 'int', ['-2147483648', '-7', '-1', '0', '1', '2', '10', '9', '2147483647']) },
  { title: 'smallint', ...one('id', 'smallint', ['-32768', '-1', '0', '3', '32767']) },
  {
    title: 'bigint beyond 2^53',
    ...one('id', 'bigint', [
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
  { title: 'uuid', ...one('id', 'uuid', UUIDS) },
  { title: 'text with quotes, unicode, backslashes and nothing at all', ...one('id', 'text', AWKWARD) },
  { title: 'varchar', ...one('id', 'varchar', AWKWARD, { length: 40 }) },
  { title: 'char, which is padded', ...one('id', 'char', ['a', 'ab', 'abc', '', 'b'], { length: 4 }) },
  {
    title: 'numeric',
    ...one('id', 'numeric', ['-1.50', '0.00', '0.01', '123456789012345678.99', '2.00', '10.00'], {
      precision: 24,
      scale: 2,
    }),
  },
  {
    title: 'numeric without a scale',
    ...one('id', 'numeric', ['1.0', '1.05', '-0.000000000000000000001', '1e30', 'NaN']),
  },
  {
    title: 'double precision',
    ...one('id', 'float8', ['0.1', '0.30000000000000004', '-1e300', 'Infinity', '5e-324']),
  },
  {
    title: 'date',
    ...one('id', 'date', ['2024-02-29', '1969-12-31', '0044-03-15 BC', '9999-12-31', 'infinity']),
  },
  {
    title: 'enum, in the order of its labels',
    ...one('id', 'enum', ['zebra', 'Ape', "it's", 'mid dle'], { enum: ['zebra', 'Ape', "it's", 'mid dle'] }),
  },
  { title: 'boolean', ...one('id', 'boolean', ['false', 'true']) },
  {
    title: 'timestamp with time zone, in microseconds',
    ...one('at', 'timestamptz', [
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
    rows: UUIDS.slice(0, 3).flatMap((id) => AWKWARD.slice(0, 6).map((slug) => [id, slug])),
  },
  {
    title: 'int and timestamp with time zone in microseconds',
    columns: [
      { name: 'id', type: 'int' },
      { name: 'at', type: 'timestamptz' },
    ],
    rows: ['1', '2'].flatMap((id) =>
      ['1', '2', '3', '4'].map((micro) => [id, `2024-01-01 00:00:00.00000${micro}+00`]),
    ),
  },
  {
    title: 'a table in a schema of its own',
    schema: 'Sales EU',
    table: 'Big Leads',
    ...one('id', 'int', ['1', '2', '3', '4']),
  },
  {
    title: 'names that need quoting',
    table: 'Odd name; --',
    ...one('Primary Key', 'int', ['1', '2', '3', '4']),
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
    title: 'names that the library uses itself',
    table: 'taken',
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
  { title: 'an empty table', ...one('id', 'int', []) },
  { title: 'a table of one row', ...one('id', 'int', ['5']) },
];

const BATCH_SIZES = [1, 3, 7] as const;
const CHANGES = ['set', 'transform', 'process'] as const;
type Change = (typeof CHANGES)[number];

/** Backfilled columns have awkward names too: a reserved word, a capital letter and a blank. */
const columnOf = (change: Change, size: number) => `${change} End; ${size}--`;
const SOURCE = 'table';

function schemaOf(kind: KeyKind, at: number): EntitySchema {
  const columns: Record<string, EntitySchemaColumnOptions> = {
    source: { type: 'text', name: SOURCE },
  };
  kind.columns.forEach(({ name, ...column }, position) => {
    columns[`key${position}`] = { ...column, name, primary: true };
  });
  for (const change of CHANGES)
    for (const size of BATCH_SIZES)
      columns[`${change}${size}`] = { type: 'text', name: columnOf(change, size), nullable: true };
  return new EntitySchema({
    name: `Kind${at}`,
    tableName: kind.table ?? `kind_${at}`,
    ...(kind.schema ? { schema: kind.schema } : {}),
    columns,
  });
}

const SCHEMAS = KINDS.map(schemaOf);
const tableOf = (kind: KeyKind, at: number) =>
  `${kind.schema ? `${quoteIdentifier(kind.schema)}.` : ''}${quoteIdentifier(kind.table ?? `kind_${at}`)}`;
const nameOf = (at: number, change: Change, size: number) => `kind-${at}-${change}-${size}`;

/** How often code was given each row. */
const given = new Map<string, number>();

function backfillOf(at: number, change: Change, size: number): Type {
  const property = `${change}${size}`;
  const keyNames = KINDS[at]?.columns.map((_, position) => `key${position}`) ?? [];
  const options: BackfillOptions = {
    name: nameOf(at, change, size),
    entity: SCHEMAS[at] as EntitySchema,
    where: (row) => `${row[property]} IS NULL`,
    batchSize: size,
    ...(change === 'set' ? {} : { reads: ['source'] }),
    ...(change === 'transform' ? { writes: [property] } : {}),
  };
  const note = (rows: readonly ObjectLiteral[]) => {
    for (const row of rows) {
      const seen = JSON.stringify([at, property, row['source']]);
      given.set(seen, (given.get(seen) ?? 0) + 1);
    }
  };
  const bodies = {
    set: class {
      set = () => ({ [property]: `${quoteIdentifier(SOURCE)} || ' done'` });
    },
    transform: class {
      transform(rows: readonly ObjectLiteral[]) {
        note(rows);
        return rows.map((row) => ({ [property]: `${String(row['source'])} done` }));
      }
    },
    process: class {
      async process({ rows }: ProcessBatch<ObjectLiteral>, manager: EntityManager) {
        note(rows);
        for (const row of rows) {
          // By the source, which is unique: some keys (microseconds, NaN) do not survive the way through JavaScript.
          expect(Object.keys(row)).toEqual(expect.arrayContaining(keyNames));
          await manager.update(
            SCHEMAS[at] as EntitySchema,
            { source: row['source'] as string },
            { [property]: `${String(row['source'])} done` },
          );
        }
      }
    },
  } as const;
  const body: Type = bodies[change];
  Backfill(options)(body);
  return body;
}

async function load(database: TestDatabase): Promise<void> {
  for (const [at, kind] of KINDS.entries()) {
    const names = kind.columns.map(({ name }) => quoteIdentifier(name)).join(', ');
    for (const [number, row] of kind.rows.entries()) {
      await database.query(
        `INSERT INTO ${tableOf(kind, at)} (${names}, ${quoteIdentifier(SOURCE)}) VALUES (${row.map((_, position) => `$${position + 1}`).join(', ')}, $${row.length + 1})`,
        [...row, `row ${number}`],
      );
    }
  }
}

describe('keys of every kind, with batches of 1, 3 and 7 rows', () => {
  const stage = Stage.for({
    entities: SCHEMAS,
    backfills: KINDS.flatMap((_, at) =>
      CHANGES.flatMap((change) => BATCH_SIZES.map((size) => backfillOf(at, change, size))),
    ),
    before: (database) => database.query(`CREATE SCHEMA ${quoteIdentifier('Sales EU')}`),
    prepare: load,
  });

  describe.each(KINDS.map((kind, at) => ({ ...kind, at })))('$title', (kind) => {
    it.each(CHANGES.flatMap((change) => BATCH_SIZES.map((size) => [change, size] as const)))(
      '%s, %i rows a batch: every row is done, once',
      async (change, size) => {
        const { at } = kind;
        const count = kind.rows.length;
        const report = await stage.run(nameOf(at, change, size));
        expect(report).toMatchObject({ status: 'complete', proved: true, updated: count, quarantined: 0 });
        expect(report.batches).toBe(Math.ceil(count / size));
        const table = tableOf(kind, at);
        const done = `${quoteIdentifier(SOURCE)} || ' done'`;
        const column = quoteIdentifier(columnOf(change, size));
        expect(
          await stage.value(`SELECT count(*) FROM ${table} WHERE ${column} IS NOT DISTINCT FROM ${done}`),
        ).toBe(String(count));
        if (change === 'set') return;
        const times = kind.rows.map((_, row) =>
          given.get(JSON.stringify([at, `${change}${size}`, `row ${row}`])),
        );
        expect(times).toEqual(kind.rows.map(() => 1));
      },
    );
  });
});
