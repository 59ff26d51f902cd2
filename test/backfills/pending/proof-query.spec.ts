import { Backfill, type PendingPredicate, type SetBackfill } from 'nestjs-backfill';
import { EntitySchema, In, IsNull, Like, Raw } from 'typeorm';
import { indexPredicate } from '../../../libs/backfill/src/backfills/pending/proof-query.ts';
import { Stage } from '../../support/applications/stage.ts';

interface Secret {
  id: number;
  hash: string;
  v: string | null;
}

const Secret = new EntitySchema<Secret>({
  name: 'Secret',
  tableName: 'secrets',
  columns: {
    id: { type: 'int', primary: true },
    hash: { type: 'text' },
    v: { type: 'text', nullable: true },
  },
});

/** Title, predicate, and the number of rows that it finds. */
const PREDICATES: readonly [string, PendingPredicate<Secret>, string][] = [
  ['SQL with a dollar in a literal', `hash LIKE '$2a$%' AND v IS NULL`, '30'],
  ['SQL that ends with a comment', 'v IS NULL -- the pending rows', '100'],
  ['SQL with a comment in its midst', `v IS NULL -- it's $1\n  AND hash LIKE '$2a$%'`, '30'],
  ['a literal with a line break', `hash = 'first\n  second' AND v IS NULL`, '20'],
  ['a literal in two lines', `hash = '$2a'\n  '$x' AND v IS NULL`, '30'],
  ['several lines', `v IS NULL\n  AND\n  hash LIKE '$2b$%'`, '50'],
  ['a condition with a dollar in its SQL', { hash: Raw((c) => `${c} LIKE '$2a$%'`), v: IsNull() }, '30'],
  ['a condition with a dollar in a value', { hash: Like('$2b$%'), v: IsNull() }, '50'],
  ['a condition with a line break in a value', { hash: 'first\n  second', v: IsNull() }, '20'],
  ['a long list', { id: In(Array.from({ length: 200 }, (_, at) => at - 110)), v: IsNull() }, '89'],
];

describe('the query that a report prints', () => {
  const stage = Stage.for({
    entities: [Secret],
    backfills: PREDICATES.map(([, where], at) => {
      @Backfill<Secret>({ name: `case-${at}`, entity: Secret, where })
      class SetV implements SetBackfill<Secret> {
        set() {
          return { v: `'done'` };
        }
      }
      return SetV;
    }),
    prepare: (database) =>
      database.query(`INSERT INTO secrets SELECT n,
        CASE WHEN n <= 30 THEN '$2a$x' WHEN n <= 80 THEN '$2b$x' ELSE E'first\\n  second' END FROM generate_series(1, 100) AS n`),
  });
  beforeEach(() => stage.query('UPDATE secrets SET v = NULL'));

  it.each(PREDICATES.map(([title, , pending], at) => ({ title, pending, name: `case-${at}` })))(
    'counts the rows that the run finds: $title',
    async ({ name, pending }) => {
      const stopped = await stage.run(name, { signal: AbortSignal.abort('a test') });
      const report = stopped.proof === '' ? await stage.run(name) : stopped;
      await stage.query('UPDATE secrets SET v = NULL');
      expect(await stage.value(report.proof)).toBe(pending);
      const done = await stage.run(name);
      expect(done).toMatchObject({ status: 'complete', proved: true, updated: Number(pending) });
      expect(await stage.value(done.proof)).toBe('0');
    },
  );
});

describe('the condition of a proposed index', () => {
  const stage = Stage.for({ entities: [Secret], backfills: [] });

  it('is SQL that PostgreSQL accepts if the predicate has comments, literals and several lines', async () => {
    const sql = `(this_row.v IS NULL -- it's new\n  AND "this_row".hash <> 'two  blanks' AND "this_row"."id" > $1)`;
    const predicate = indexPredicate({ pending: { sql, parameters: ['7'], text: sql } });
    await stage.query(`CREATE INDEX proposed ON secrets (id) WHERE ${predicate}`);
    expect(
      await stage.value(
        `SELECT pg_get_expr(indpred, indrelid) FROM pg_index WHERE indexrelid = 'proposed'::regclass`,
      ),
    ).toBe(`((v IS NULL) AND (hash <> 'two  blanks'::text) AND (id > 7))`);
  });
});
