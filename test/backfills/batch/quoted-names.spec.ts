import {
  Backfill,
  type CopyBackfill,
  type ProcessBackfill,
  type ProcessBatch,
  type RowColumns,
  type SetBackfill,
  type TransformBackfill,
} from 'nestjs-backfill';
import { EntitySchema, IsNull, type EntityManager } from 'typeorm';
import { Stage } from '../../support/applications/stage.ts';

interface Quote {
  id: string;
  owner: string;
  said: string;
  heard: string | null;
}

const SCHEMA = 'the "crm"';
const columns = {
  id: { name: 'i"d', type: 'bigint', primary: true },
  owner: { name: 'ten"ant', type: 'text' },
  said: { name: 'said; --"', type: 'text' },
  heard: { name: '"heard"', type: 'text', nullable: true },
} as const;
/** Every name holds quotes. Without escaping, its statements are wrong, or mean something else. */
const Quote = new EntitySchema<Quote>({ name: 'Quote', schema: SCHEMA, tableName: 'quo"tes', columns });
const Heard = new EntitySchema<Quote>({ name: 'Heard', schema: SCHEMA, tableName: '"', columns });

const PENDING = { entity: Quote, where: { heard: IsNull() }, tenant: 'owner', batchSize: 3 } as const;

@Backfill<Quote>({ ...PENDING, name: 'set' })
class SetHeard implements SetBackfill<Quote> {
  set(row: RowColumns<Quote>) {
    return { heard: row.said };
  }
}

@Backfill<Quote>({ ...PENDING, name: 'transform', reads: ['said'], writes: ['heard'] })
class TransformHeard implements TransformBackfill<Quote, 'id' | 'said'> {
  transform(rows: readonly Pick<Quote, 'said'>[]) {
    return rows.map(({ said }) => ({ heard: said }));
  }
}

@Backfill<Quote>({ name: 'copy', entity: Quote, into: Heard, tenant: 'owner', batchSize: 3 })
class CopyHeard implements CopyBackfill<Quote, Quote> {
  copy(row: RowColumns<Quote>) {
    return { id: row.id, owner: row.owner, said: row.said, heard: row.said };
  }
}

@Backfill<Quote>({ ...PENDING, name: 'purge', kind: 'purge' })
class PurgeUnheard {}

@Backfill<Quote>({ ...PENDING, name: 'process', reads: ['id', 'said'] })
class ProcessHeard implements ProcessBackfill<Quote, 'id' | 'said'> {
  async process({ rows }: ProcessBatch<Quote, 'id' | 'said'>, manager: EntityManager) {
    for (const { id, said } of rows)
      await manager.query(`UPDATE ${TABLE} SET """heard""" = $2 WHERE "i""d" = $1`, [id, said]);
  }
}

const TABLE = '"the ""crm"""."quo""tes"';
const COLUMNS = `("i""d" bigint PRIMARY KEY, "ten""ant" text, "said; --""" text, """heard""" text)`;
const QUOTES = 10;

describe('a backfill whose schema, table, key, tenant and columns have names with quotes', () => {
  const stage = Stage.for({
    entities: [Quote, Heard],
    backfills: [SetHeard, TransformHeard, CopyHeard, PurgeUnheard, ProcessHeard],
    // TypeORM does not escape such names when it creates tables.
    synchronize: false,
    before: (database) =>
      database.query(`CREATE SCHEMA "the ""crm""";
        CREATE TABLE ${TABLE} ${COLUMNS};
        CREATE TABLE "the ""crm"""."""" ${COLUMNS}`),
  });
  beforeEach(() =>
    stage.query(`TRUNCATE ${TABLE};
      INSERT INTO ${TABLE} SELECT n, 'tenant ' || n % 2, 'said ' || n FROM generate_series(1, ${QUOTES}) AS n`),
  );

  it.each(['set', 'transform', 'process'])('completes as `%s`', async (name) => {
    expect(await stage.run(name)).toMatchObject({ status: 'complete', updated: QUOTES, proved: true });
    expect(await stage.value(`SELECT count(*) FROM ${TABLE} WHERE """heard""" = 'said ' || "i""d"`)).toBe(
      String(QUOTES),
    );
  });

  it('completes as `copy`, into a table whose name is a quote', async () => {
    expect(await stage.run('copy')).toMatchObject({ status: 'complete', updated: QUOTES, proved: true });
    expect(await stage.value(`SELECT count(*) FROM "the ""crm""".""""`)).toBe(String(QUOTES));
  });

  it('completes as `purge`', async () => {
    expect(await stage.run('purge')).toMatchObject({ status: 'complete', updated: QUOTES, proved: true });
    expect(await stage.value(`SELECT count(*) FROM ${TABLE}`)).toBe('0');
  });

  it('is planned with the same names', async () => {
    const { plan } = await stage.application.service.plan({ names: ['set'] });
    expect(plan[0]).toMatchObject({ pending: QUOTES });
  });
});
