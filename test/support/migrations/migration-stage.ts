import type { MigrationOptions } from '../../../libs/backfill/src/migrations/migration.options.ts';
import { until } from '../runs/until.ts';
import { TestDatabase } from '../server/database.ts';

export const ADD_COLUMN = `ALTER TABLE leads ADD COLUMN IF NOT EXISTS extra text`;
export const UPDATE = `UPDATE leads SET note = 'x'`;

/** A DO block that runs `sql` without containing its text, so that the parser cannot read it. */
export function hidden(sql: string): string {
  const reversed = [...sql].reverse().join('').replaceAll("'", "''");
  return `DO $$ DECLARE r record; BEGIN FOR r IN SELECT reverse('${reversed}') AS q LOOP EXECUTE r.q; END LOOP; END $$`;
}

/** A fresh database with five leads for each test of a file. */
export class MigrationStage {
  database!: TestDatabase;
  /** The log lines of the test. */
  readonly lines: string[] = [];
  readonly log = {
    log: (line: string) => void this.lines.push(line),
    warn: (line: string) => {
      this.lines.push(line);
      this.onWarning?.();
    },
  };
  /** Called at each warning. */
  onWarning: (() => void) | undefined;
  /** Short timeouts for tests that wait for a lock. */
  readonly quick: MigrationOptions = { log: this.log, policy: { lockTimeout: 200, lockBackoff: 20 } };

  static forEachTest(): MigrationStage {
    const stage = new MigrationStage();
    beforeEach(async () => {
      stage.database = await TestDatabase.create();
      await stage.database.query(`CREATE TABLE leads (id int PRIMARY KEY, note text)`);
      await stage.database.query(`INSERT INTO leads SELECT n FROM generate_series(1, 5) n`);
      // Before version 15, PostgreSQL publishes the counters of a session up to a second later.
      await until(async () => {
        const [row] = await stage.database.query<{ n: string }>(
          `SELECT pg_stat_get_live_tuples('leads'::regclass) AS n`,
        );
        return row?.n === '5';
      });
      stage.lines.length = 0;
      stage.onWarning = undefined;
    });
    afterEach(() => stage.database.drop());
    return stage;
  }

  /** The columns of `leads`. */
  async columns(): Promise<readonly string[]> {
    const rows = await this.database.query<{ column_name: string }>(
      `SELECT column_name FROM information_schema.columns WHERE table_name = 'leads'`,
    );
    return rows.map((row) => row.column_name);
  }

  /** The number of rows of a table, or of a table with a condition. */
  async count(from: string): Promise<number> {
    const [row] = await this.database.query<{ n: number }>(`SELECT count(*)::int AS n FROM ${from}`);
    return row?.n ?? -1;
  }

  /** The number of leads with a note. */
  notes(): Promise<number> {
    return this.count('leads WHERE note IS NOT NULL');
  }
}
