import type { Type } from '@nestjs/common';
import { Backfill, type BackfillOptions, type ProcessBatch } from 'nestjs-backfill';
import {
  EntitySchema,
  type EntityManager,
  type EntitySchemaColumnOptions,
  type ObjectLiteral,
} from 'typeorm';
import { quoteIdentifier } from '../../../libs/backfill/src/postgres/identifiers.ts';
import type { TestDatabase } from '../../support/server/database.ts';
import { KEY_KINDS, type KeyKind } from '../../support/tables/key-kinds.ts';
import { Stage } from '../../support/applications/stage.ts';

const BATCH_SIZES = [1, 3, 7] as const;
const CHANGES = ['set', 'transform', 'process'] as const;
type Change = (typeof CHANGES)[number];

/** The written columns have difficult names too: a reserved word, a capital letter, a blank and a comment. */
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

const SCHEMAS = KEY_KINDS.map(schemaOf);
const tableOf = (kind: KeyKind, at: number) =>
  `${kind.schema ? `${quoteIdentifier(kind.schema)}.` : ''}${quoteIdentifier(kind.table ?? `kind_${at}`)}`;
const nameOf = (at: number, change: Change, size: number) => `kind-${at}-${change}-${size}`;

/** Batches of one size read the keys in their order, those of the other size find rows by page. */
const orderOf = (size: number) => (size === BATCH_SIZES[0] ? 'key' : 'page');

/** How often the code received each row. */
const calls = new Map<string, number>();

function backfillOf(at: number, change: Change, size: number): Type {
  const property = `${change}${size}`;
  const keyNames = KEY_KINDS[at]?.columns.map((_, position) => `key${position}`) ?? [];
  const options: BackfillOptions = {
    name: nameOf(at, change, size),
    entity: SCHEMAS[at] as EntitySchema,
    where: (row) => `${row[property]} IS NULL`,
    batchSize: size,
    order: orderOf(size),
    ...(change === 'set' ? {} : { reads: ['source'] }),
    ...(change === 'transform' ? { writes: [property] } : {}),
  };
  const count = (rows: readonly ObjectLiteral[]) => {
    for (const row of rows) {
      const seen = JSON.stringify([at, property, row['source']]);
      calls.set(seen, (calls.get(seen) ?? 0) + 1);
    }
  };
  const bodies = {
    set: class {
      set = () => ({ [property]: `${quoteIdentifier(SOURCE)} || ' done'` });
    },
    transform: class {
      transform(rows: readonly ObjectLiteral[]) {
        count(rows);
        return rows.map((row) => ({ [property]: `${String(row['source'])} done` }));
      }
    },
    process: class {
      async process({ rows }: ProcessBatch<ObjectLiteral>, manager: EntityManager) {
        count(rows);
        for (const row of rows) {
          // The update finds the row by its unique source, because JavaScript cannot represent some keys
          // (microseconds, NaN).
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

async function insertRows(database: TestDatabase): Promise<void> {
  for (const [at, kind] of KEY_KINDS.entries()) {
    const names = kind.columns.map(({ name }) => quoteIdentifier(name)).join(', ');
    for (const [number, row] of kind.rows.entries()) {
      await database.query(
        `INSERT INTO ${tableOf(kind, at)} (${names}, ${quoteIdentifier(SOURCE)}) VALUES (${row.map((_, position) => `$${position + 1}`).join(', ')}, $${row.length + 1})`,
        [...row, `row ${number}`],
      );
    }
  }
}

describe('a table', () => {
  const stage = Stage.for({
    entities: SCHEMAS,
    backfills: KEY_KINDS.flatMap((_, at) =>
      CHANGES.flatMap((change) => BATCH_SIZES.map((size) => backfillOf(at, change, size))),
    ),
    before: (database) => database.query(`CREATE SCHEMA ${quoteIdentifier('Sales EU')}`),
    prepare: insertRows,
  });

  describe.each(KEY_KINDS.map((kind, at) => ({ ...kind, at })))('with the key $title', (kind) => {
    it.each(CHANGES.flatMap((change) => BATCH_SIZES.map((size) => [change, size] as const)))(
      'is changed by `%s` in batches of %i rows, each row once',
      async (change, size) => {
        const { at } = kind;
        const rowCount = kind.rows.length;
        const report = await stage.run(nameOf(at, change, size));
        expect(report).toMatchObject({
          status: 'complete',
          proved: true,
          updated: rowCount,
          quarantined: 0,
        });
        if (orderOf(size) === 'key') expect(report.batches).toBe(Math.ceil(rowCount / size));
        const table = tableOf(kind, at);
        const done = `${quoteIdentifier(SOURCE)} || ' done'`;
        const column = quoteIdentifier(columnOf(change, size));
        expect(
          await stage.value(`SELECT count(*) FROM ${table} WHERE ${column} IS NOT DISTINCT FROM ${done}`),
        ).toBe(String(rowCount));
        if (change === 'set') return;
        const times = kind.rows.map((_, row) =>
          calls.get(JSON.stringify([at, `${change}${size}`, `row ${row}`])),
        );
        expect(times).toEqual(kind.rows.map(() => 1));
      },
    );
  });
});
