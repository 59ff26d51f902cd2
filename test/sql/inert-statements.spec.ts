import { isInert } from '../../libs/sql/src/functions/inert-ddl.ts';
import { statementsOf } from '../support/classified.ts';

function areInert(sql: string): boolean {
  const statements = statementsOf(sql);
  expect(statements).toHaveLength(1);
  return statements.every(isInert);
}

describe('a migration counts no rows around a change that runs no routine', () => {
  it.each([
    'ADD a int',
    'ADD a integer DEFAULT 0',
    'ADD a pg_catalog.int4',
    'ADD a text',
    'ADD a uuid',
    'ADD a json',
    'ADD a jsonb',
    'ADD a date',
    'ADD a bytea',
    'ADD a inet',
    `ADD a text DEFAULT 'x'`,
    `ADD a text DEFAULT 'x'::text`,
    'ADD a int NOT NULL DEFAULT 1',
    'ADD a int NULL',
    'ADD a timestamp with time zone DEFAULT now()',
    'ADD a timestamp with time zone DEFAULT pg_catalog.now()',
    'ADD a timestamp with time zone DEFAULT transaction_timestamp()',
    'ADD a timestamp with time zone DEFAULT statement_timestamp()',
    'ADD a timestamp with time zone DEFAULT CURRENT_TIMESTAMP',
    'ADD a text DEFAULT CURRENT_USER',
    'ADD a int, ADD b text',
    'DROP COLUMN a',
    'DROP CONSTRAINT c',
    'ALTER a DROP NOT NULL',
    'ALTER a SET NOT NULL',
    'ALTER a SET STATISTICS 5',
    'ALTER a SET DEFAULT app.f()',
    'ALTER a DROP DEFAULT',
    'SET (fillfactor = 70)',
    'RESET (fillfactor)',
    'ADD CONSTRAINT c CHECK (a > 0) NOT VALID',
    'ADD CONSTRAINT c FOREIGN KEY (a) REFERENCES u NOT VALID',
    'ADD CONSTRAINT c UNIQUE USING INDEX i',
    'ADD PRIMARY KEY USING INDEX i',
  ])('ALTER TABLE t %s', (change) => expect(areInert(`ALTER TABLE t ${change}`)).toBe(true));
});

describe('a migration counts the rows around a change that may run a routine', () => {
  it.each([
    'ADD a stage',
    'ADD a app.int4',
    'ADD a pg_catalog.int4.x',
    `ADD a text DEFAULT 'x'::stage`,
    `ADD a text DEFAULT f()::text`,
    'ADD a timestamp with time zone DEFAULT app.now()',
    'ADD a timestamp with time zone DEFAULT clock_timestamp()',
    'ADD a timestamp with time zone DEFAULT now(1)',
    'ADD a uuid DEFAULT gen_random_uuid()',
    'ADD a int DEFAULT 1 + 1',
    'ADD a int CHECK (a > 0)',
    'ADD a int UNIQUE',
    'ADD a int PRIMARY KEY',
    'ADD a int REFERENCES u',
    'ADD a int GENERATED ALWAYS AS IDENTITY',
    'ADD a int GENERATED ALWAYS AS (b + 1) STORED',
    'ADD a serial',
    'ADD a int, ADD b int DEFAULT f()',
    'ALTER a TYPE text',
    'ADD CHECK (a > 0)',
    'ADD FOREIGN KEY (a) REFERENCES u',
    'ADD UNIQUE (a)',
    'VALIDATE CONSTRAINT c',
    'ENABLE TRIGGER g',
    'SET LOGGED',
    'RENAME TO u',
  ])('ALTER TABLE t %s', (change) => expect(areInert(`ALTER TABLE t ${change}`)).toBe(false));

  it.each([
    'SELECT 1',
    'CREATE TABLE t (a int)',
    'DROP TABLE t',
    'COMMENT ON TABLE t IS NULL',
    'ALTER VIEW v ALTER a SET DEFAULT 1',
    'ALTER INDEX i SET (fillfactor = 70)',
    'ALTER FOREIGN TABLE t ADD a int',
    'ALTER SEQUENCE s OWNED BY t.a',
    'DO $$ BEGIN ALTER TABLE t ADD a int; END $$',
  ])('%s', (sql) => expect(areInert(sql)).toBe(false));
});
