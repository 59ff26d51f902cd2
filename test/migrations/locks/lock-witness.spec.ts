import type pg from 'pg';
import { loadClassifier, type StatementClassifier } from '../../../libs/sql/src/index.ts';
import { LockJudge } from '../../../libs/sql/src/locks/lock-judge.ts';
import type { DdlStatement } from '../../../libs/sql/src/locks/ddl-statement.ts';
import type { LockFinding } from '../../../libs/sql/src/locks/lock.types.ts';
import { DANGEROUS, REWRITING, SCANNING } from '../../sql/locks/dangerous-statements.fixtures.ts';
import { HARMLESS } from '../../sql/locks/harmless-statements.fixtures.ts';
import { LOCK_SCHEMA } from '../../sql/locks/lock-schema.ts';
import { TestDatabase } from '../../support/server/database.ts';

/** What PostgreSQL shows of a relation after a statement, in the same transaction. */
interface Observed {
  readonly modes: readonly string[];
  readonly scans: number;
  readonly isRewritten: boolean;
  /** The statement has created it. */
  readonly isNew: boolean;
}

const RELATIONS = `
  SELECT c.oid::regclass::text AS name, pg_relation_filenode(c.oid)::int AS file,
         pg_stat_get_xact_numscans(c.oid)::int AS scans,
         array(SELECT l.mode FROM pg_locks l WHERE l.relation = c.oid AND l.pid = pg_backend_pid()) AS modes
    FROM pg_class c
   WHERE c.relkind IN ('r', 'm', 'p') AND c.relnamespace IN ('public'::regnamespace, to_regnamespace('app')::oid)`;

interface Row {
  readonly name: string;
  readonly file: number | null;
  readonly scans: number;
  readonly modes: readonly string[];
}

let database: TestDatabase;
let client: pg.Client;
let classifier: StatementClassifier;

beforeAll(async () => {
  database = await TestDatabase.create();
  await database.query(LOCK_SCHEMA);
  await database.query('ANALYZE');
  client = await database.connect();
  // Workers of a parallel build count their scans themselves.
  await client.query(`SET max_parallel_maintenance_workers = 0; SET TimeZone = 'UTC'`);
  classifier = await loadClassifier();
});
afterAll(async () => {
  await client.end();
  await database.drop();
});

/** Runs the statements in a transaction that is rolled back. */
async function observe(sql: string): Promise<ReadonlyMap<string, Observed>> {
  await client.query('BEGIN');
  try {
    const before = new Map((await client.query<Row>(RELATIONS)).rows.map((row) => [row.name, row]));
    await client.query(sql);
    const { rows } = await client.query<Row>(RELATIONS);
    return new Map(
      rows.map(({ name, file, scans, modes }) => {
        const old = before.get(name);
        return [
          name,
          {
            modes,
            scans: scans - (old?.scans ?? 0),
            isRewritten: old !== undefined && old.file !== file,
            isNew: !old,
          },
        ];
      }),
    );
  } finally {
    await client.query('ROLLBACK');
  }
}

function findingsOf(sql: string): readonly LockFinding[] {
  const context = { inTransaction: true, lockTimeoutMs: 5000 };
  const judge = new LockJudge();
  judge.judge(ddlOf(LOCK_SCHEMA), context);
  judge.state.startRelease();
  judge.endTransaction();
  return judge.judge(ddlOf(sql), context);
}

function ddlOf(sql: string): readonly DdlStatement[] {
  return classifier.classify(sql).statements.flatMap((statement) => statement.ddl);
}

function nameOf({ schema, name }: NonNullable<LockFinding['table']>): string {
  return schema === undefined || schema === 'public' ? name : `${schema}.${name}`;
}

/** PostgreSQL changes the names of these relations, drops them, or finds no table for an index. */
const OBSERVED_RULES = new Set(
  [...SCANNING, ...REWRITING]
    .map(([rule]) => rule)
    .concat('lock-table', 'trigger-on-large-table', 'json-column'),
);
const observable = DANGEROUS.filter(
  ([rule, sql]) =>
    OBSERVED_RULES.has(rule) &&
    !/\b(?:DROP INDEX|REINDEX INDEX|stage_old|ADD COLUMN rank positive)\b/.test(sql),
);

it('observes most of the dangerous statements', () => {
  expect(observable.length).toBeGreaterThan(70);
});

it.each(observable)(
  'PostgreSQL takes the lock and does the work that %s announces: %s',
  async (rule, sql) => {
    const announced = findingsOf(sql).filter((finding) => finding.rule === rule && finding.table);
    const observed = await observe(sql);
    expect(announced.length).toBeGreaterThan(0);
    for (const { table, lock, scans, rewrites } of announced) {
      const relation = observed.get(table ? nameOf(table) : '');
      if (lock) expect(relation?.modes).toContain(lock);
      if (scans && !isPartitioned(table?.name)) expect(relation?.scans).toBeGreaterThan(0);
      expect({ sql, isRewritten: relation?.isRewritten }).toEqual({ sql, isRewritten: rewrites });
    }
  },
);

/** A statement on a partitioned table scans its partitions. */
function isPartitioned(name: string | undefined): boolean {
  return name === 'events';
}

const SMALL = new Set(['plans']);
/** Locks under which reads and writes go on. */
const WEAK = /^(?:AccessShare|RowShare|RowExclusive|ShareUpdateExclusive)Lock$/;

it.each(HARMLESS.filter((sql) => !/CONCURRENTLY/.test(sql)))(
  'PostgreSQL neither writes a large table again nor reads it under a strong lock: %s',
  async (sql) => {
    const dangerous = [...(await observe(sql))].filter(
      ([name, { isRewritten, scans, modes, isNew }]) =>
        !isNew && !SMALL.has(name) && (isRewritten || (scans > 0 && modes.some((mode) => !WEAK.test(mode)))),
    );
    expect(dangerous).toEqual([]);
  },
);
