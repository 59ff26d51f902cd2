import { DataSource } from 'typeorm';
import type { BackfillLedger } from '../../../libs/backfill/src/ledger/backfill.ledger.ts';
import { Ledger } from '../../../libs/backfill/src/ledger/ledger.ts';
import { installLedger } from '../../../libs/backfill/src/ledger/ledger.installer.ts';
import type { LeasedRange } from '../../../libs/backfill/src/ledger/range.ts';
import { Session } from '../../../libs/backfill/src/postgres/session.ts';
import { TestDatabase } from '../../support/server/database.ts';

/** The backfill that the specs are about, and three others: each differs in one part of the key. */
const SUBJECTS = [
  { name: 'names', version: 2, target: 'public.leads', factor: 1 },
  { name: 'others', version: 2, target: 'public.leads', factor: 100 },
  { name: 'names', version: 1, target: 'public.leads', factor: 1_000 },
  { name: 'names', version: 2, target: 'public.people', factor: 10_000 },
] as const;

/** `$1` to `$3`: the subject, `$4`: its factor, by which each number of its records is multiplied. */
// Samples of the future stay recent, however slow the machine is.
const RECORDS = [
  `INSERT INTO nestjs_backfill.backfill (name, version, target, table_id, kind, status, reason, waiting_for, started_at, changed_at)
    VALUES ($1, $2, $3::text, $3::text::regclass, 'set', 'running', 'Reason ' || $4::bigint, 'Wait ' || $4::bigint, '2026-01-01Z', '2026-01-02Z')`,
  `INSERT INTO nestjs_backfill.transition (name, version, target, from_status, to_status, reason, actor, at) VALUES
    ($1, $2, $3, 'pending', 'running', 'First run', 'host:1:a', '2026-01-01Z'),
    ($1, $2, $3, 'running', 'complete', 'Done', 'host:1:a', '2026-01-02 10:00Z'),
    ($1, $2, $3, 'complete', 'running', 'Drift ' || $4::bigint, 'host:2:b', '2026-01-03 10:00Z')`,
  `INSERT INTO nestjs_backfill.range (name, version, target, tenants, purpose, state, lower_key, upper_key, cursor_key, lease_owner,
      lease_expires_at, fencing_token, updated, batches, created_at, finished_at) VALUES
    ($1, $2, $3, NULL, 'sweep', 'done', NULL, '["9"]', '["9"]', NULL, NULL, 5, 1 * $4::bigint, 2 * $4::bigint, '2026-01-01Z', '2026-01-02Z'),
    ($1, $2, $3, NULL, 'sweep', 'sweeping', '["1"]', '["9"]', '["5"]', 'host:1:' || $4::bigint, now() + interval '1 hour', 7, 3 * $4::bigint, 4 * $4::bigint, '2026-01-03 11:00Z', NULL),
    ($1, $2, $3, NULL, 'sweep', 'sweeping', '["9"]', '["20"]', NULL, 'host:2:' || $4::bigint, '2026-01-05Z', 8, 5 * $4::bigint, 6 * $4::bigint, '2026-01-04Z', NULL),
    ($1, $2, $3, '{a}', 'retry', 'settling', NULL, NULL, NULL, NULL, NULL, 9, 7 * $4::bigint, 8 * $4::bigint, '2026-01-05Z', NULL)`,
  `INSERT INTO nestjs_backfill.skipped_row (name, version, target, key, range_id, tenant, skipped_at)
    SELECT $1::text, $2::int, $3::text, skipped.key::jsonb, r.id, skipped.tenant, '2026-01-06Z'
    FROM (VALUES ('sweeping', '["1"]', 'a'), ('settling', '["2"]', 'b')) AS skipped (state, key, tenant)
    JOIN nestjs_backfill.range AS r ON r.name = $1::text AND r.version = $2::int AND r.target = $3::text AND r.state = skipped.state
    WHERE $4::bigint > 0`,
  `INSERT INTO nestjs_backfill.quarantined_row (name, version, target, key, tenant, error, error_code, attempts, first_tried_at, last_tried_at) VALUES
    ($1, $2, $3, '["3"]', 'a', 'duplicate "x" (1)', '23505', $4::bigint, '2026-01-08Z', '2026-01-09Z'),
    ($1, $2, $3, '["4"]', 'a', 'duplicate "y" (2)', '23505', $4::bigint, '2026-01-07Z', '2026-01-10Z'),
    ($1, $2, $3, '["5"]', NULL, 'too long', '22001', $4::bigint, '2026-01-07Z', '2026-01-07Z'),
    ($1, $2, $3, '["6"]', 'b', 'too long', '22001', $4::bigint, '2026-01-06Z', '2026-01-07Z'),
    ($1, $2, $3, '["7"]', 'b', 'too long', NULL, $4::bigint, '2026-01-06Z', '2026-01-07Z')`,
  `INSERT INTO nestjs_backfill.tenant_progress (name, version, target, tenant, updated, last_touched_at, chain) VALUES
    ($1, $2, $3, 'a', 10 * $4::bigint, '2026-01-01Z', 0), ($1, $2, $3, 'a', 5 * $4::bigint, '2026-01-02Z', 1),
    ($1, $2, $3, 'b', 20 * $4::bigint, '2026-01-08Z', 0), ($1, $2, $3, NULL, 30 * $4::bigint, '2026-01-03Z', 0)`,
  `INSERT INTO nestjs_backfill.control (name, version, target, setting, value, set_by, why, set_at) VALUES
    ($1, $2, $3, 'batchSize', '500', 'me@host', NULL, '2026-01-01Z'), ($1, $2, $3, 'batchSize', '60' || $4::bigint, 'me@host', 'Slow', '2026-01-02Z'),
    ($1, $2, $3, 'pause', '5', 'me@host', NULL, '2026-01-01Z'), ($1, $2, $3, 'pause', NULL, 'me@host', NULL, '2026-01-03Z')`,
  `INSERT INTO nestjs_backfill.catch_up (name, version, target, looked_at, index_name, cursor_key, not_before)
    VALUES ($1, $2, $3, '2026-01-04Z', 'index_' || $4::bigint, '["4"]', now() + interval '1 hour')`,
  `INSERT INTO nestjs_backfill.sample (name, version, target, run, at, updated, batches, remaining, batch_size, throttled_ms, waiting_for, waiting_since) VALUES
    ($1, $2, $3, 'r', now() + interval '10 seconds', 100 * $4::bigint, 1, 900, 10, 0, NULL, NULL),
    ($1, $2, $3, 'r', now() + interval '20 seconds', 300 * $4::bigint, 2, 700 * $4::bigint, 20, 0, 'a lock', '2026-01-01Z')`,
  `INSERT INTO nestjs_backfill.event (type, name, version, target, reason, actor, at)
    VALUES ('throttled', $1, $2, $3, 'Load ' || $4::bigint, 'host:1:a', now())`,
];
/** Settings for every target. The newest one of both applies. */
const FOR_EVERY_TARGET = `INSERT INTO nestjs_backfill.control (name, version, target, setting, value, set_by, set_at) VALUES
  ('names', 2, '', 'workers', '3', 'you@host', '2026-01-04Z'), ('names', 2, '', 'workers', '4', 'you@host', '2026-01-05Z'),
  ('names', 1, '', 'workers', '9', 'you@host', '2026-01-05Z'), ('others', 2, '', 'workers', '9', 'you@host', '2026-01-05Z'),
  ('names', 2, '', 'maxRows', '7', 'you@host', '2026-01-04Z'), ('names', 2, '', 'maxRows', NULL, 'you@host', '2026-01-05Z'),
  ('names', 2, '', 'hold', 'paused', 'you@host', '2026-01-06Z')`;
const TABLES =
  'backfill transition range skipped_row quarantined_row tenant_progress control catch_up event'.split(' ');

/** The ledger of a backfill that has records of other backfills beside it. */
export class LedgerWithNeighbours {
  private constructor(
    readonly database: TestDatabase,
    readonly dataSource: DataSource,
    readonly session: Session,
    readonly root: Ledger,
    readonly ledger: BackfillLedger,
  ) {}

  static async create(): Promise<LedgerWithNeighbours> {
    const database = await TestDatabase.create();
    await database.query('CREATE TABLE leads (id int PRIMARY KEY); CREATE TABLE people (id int PRIMARY KEY)');
    const dataSource = await new DataSource({ type: 'postgres', url: database.url }).initialize();
    const session = await Session.open(dataSource);
    await installLedger(session, 'nestjs_backfill');
    for (const { name, version, target, factor } of SUBJECTS)
      for (const sql of RECORDS) await database.query(sql, [name, version, target, factor]);
    await database.query(FOR_EVERY_TARGET);
    const root = new Ledger({ schema: 'nestjs_backfill', owner: 'host:1:own', leaseMs: 60_000 });
    const ledger = root.of({ name: 'names', version: 2, table: '"public"."leads"' });
    await ledger.locate(session);
    return new LedgerWithNeighbours(database, dataSource, session, root, ledger);
  }

  /** A new one for each test of a `describe`. After the test, the records of the three others must be the same. */
  static forEachTest(): { readonly current: LedgerWithNeighbours } {
    let current: LedgerWithNeighbours;
    let before: readonly unknown[];
    beforeEach(async () => {
      current = await LedgerWithNeighbours.create();
      before = await current.neighbours();
      expect(before.length).toBeGreaterThan(60);
    });
    afterEach(async () => {
      try {
        expect(await current.neighbours()).toEqual(before);
      } finally {
        await current.stop();
      }
    });
    return {
      get current() {
        return current;
      },
    };
  }

  async stop(): Promise<void> {
    await this.session.close();
    await this.dataSource.destroy();
    await this.database.drop();
  }

  /** Everything that the ledger has about the three other backfills. */
  async neighbours(): Promise<readonly unknown[]> {
    const rows = TABLES.map(
      (table) =>
        `SELECT '${table}', to_jsonb(t)::text FROM nestjs_backfill.${table} AS t WHERE (name, version, target) IS DISTINCT FROM ('names', 2, 'public.leads')`,
    );
    return this.database.query(`${rows.join(' UNION ALL ')} ORDER BY 1, 2`);
  }

  /** The ranges of the backfill, in the order of their ids. */
  async ranges(columns: string): Promise<Record<string, unknown>[]> {
    return this.own('range', `${columns} , id::int AS id`).then((rows) =>
      rows.sort((a, b) => Number(a['id']) - Number(b['id'])).map(({ id: _id, ...rest }) => rest),
    );
  }

  /** The rows of the backfill in a table. */
  own(table: string, columns: string): Promise<Record<string, unknown>[]> {
    return this.database.query(
      `SELECT ${columns} FROM nestjs_backfill.${table} WHERE name = 'names' AND version = 2 AND target = 'public.leads'`,
    );
  }

  /** A range of the backfill as the process that holds its lease has it. @param at 0: the first one */
  async range(at: number): Promise<LeasedRange> {
    const ranges = await this.ranges('id::text AS number, fencing_token::text AS token');
    const { number, token } = ranges[at] ?? {};
    return {
      ...{ id: String(number), token: String(token), file: null, tenants: null, updated: 0 },
      ...{ purpose: 'sweep', state: 'sweeping', lower: null, upper: null, cursor: null },
      ...{ windowLower: null, windowUpper: null },
    };
  }
}
