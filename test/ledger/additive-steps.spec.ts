import { DataSource } from 'typeorm';
import { installLedger } from '../../libs/backfill/src/ledger/ledger.installer.ts';
import { SCHEMA_STEPS, type SchemaStep } from '../../libs/backfill/src/ledger/schema/steps.ts';
import { Session } from '../../libs/backfill/src/postgres/session.ts';
import { TestDatabase } from '../support/server/database.ts';

/** Everything in the ledger's schema on which the statements of a release rely. */
const OBJECTS = {
  columns: `SELECT c.relname || '.' || a.attname AS name, format_type(a.atttypid, a.atttypmod) || CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END AS what,
      a.attnotnull AND d.oid IS NULL AND a.attidentity = '' AS is_demanded
    FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_attrdef AS d ON d.adrelid = c.oid AND d.adnum = a.attnum
    WHERE c.relnamespace = 'nestjs_backfill'::regnamespace AND c.relkind IN ('r', 'v') ORDER BY 1`,
  constraints: `SELECT conrelid::regclass || ' ' || pg_get_constraintdef(oid) AS name, contype AS what, contype <> 'n' AS is_demanded
    FROM pg_constraint WHERE connamespace = 'nestjs_backfill'::regnamespace ORDER BY 1`,
  triggers: `SELECT tgrelid::regclass || ' ' || tgname AS name, '' AS what, true AS is_demanded FROM pg_trigger
    WHERE NOT tgisinternal AND tgrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'nestjs_backfill'::regnamespace) ORDER BY 1`,
  functions: `SELECT oid::regprocedure::text AS name, prosrc AS what, false AS is_demanded FROM pg_proc
    WHERE pronamespace = 'nestjs_backfill'::regnamespace ORDER BY 1`,
} as const;

interface LedgerObject {
  readonly name: string;
  readonly what: string;
  /** A statement that does not know it could fail. */
  readonly is_demanded: boolean;
}

describe('a release that does not know the additive steps of a newer ledger', () => {
  let database: TestDatabase;
  let dataSource: DataSource;
  let session: Session;
  beforeEach(async () => {
    database = await TestDatabase.create();
    dataSource = await new DataSource({ type: 'postgres', url: database.url }).initialize();
    session = await Session.open(dataSource);
  });
  afterEach(async () => {
    await session.close();
    await dataSource.destroy();
    await database.drop();
  });

  const install = (steps: readonly SchemaStep[]) => installLedger(session, 'nestjs_backfill', steps);
  const objects = async () =>
    Object.fromEntries(
      await Promise.all(
        Object.entries(OBJECTS).map(
          async ([kind, sql]) =>
            [kind, await database.query<LedgerObject & Record<string, unknown>>(sql)] as const,
        ),
      ),
    );
  const upTo = (last: number) => SCHEMA_STEPS.filter(({ number }) => number <= last);
  const additive = SCHEMA_STEPS.filter((step) => step.additive);

  it.each(additive.map(({ number }) => number))(
    'finds everything that it uses as before step %d, and nothing that it would have to know in its tables',
    async (number) => {
      await install(upTo(number - 1));
      const before = await objects();
      await install(upTo(number));
      const after = await objects();
      for (const [kind, known] of Object.entries(before)) {
        const now = after[kind] ?? [];
        for (const each of known)
          expect([kind, now.find(({ name }) => name === each.name)]).toEqual([kind, each]);
        // A new table may demand what it wants: an earlier release does not write to it.
        const tables = new Set(before['columns']?.map(({ name }) => name.split('.')[0]));
        const demanded = now.filter(
          ({ name, is_demanded: isDemanded }) =>
            isDemanded &&
            !known.some((each) => each.name === name) &&
            tables.has(name.replace('nestjs_backfill.', '').split(/[. ]/)[0]),
        );
        expect([kind, demanded]).toEqual([kind, []]);
      }
    },
  );

  it('uses the newest ledger, after a rollback of the application too', async () => {
    await install(SCHEMA_STEPS);
    const lastForced = SCHEMA_STEPS.filter((step) => !step.additive).at(-1)?.number ?? 0;
    expect(additive.length).toBeGreaterThan(0);
    for (let known = lastForced; known <= (SCHEMA_STEPS.at(-1)?.number ?? 0); known++)
      await expect(install(upTo(known))).resolves.toBeUndefined();
    await expect(install(upTo(lastForced - 1))).rejects.toThrow(/supports only steps up to/);
  });
});
