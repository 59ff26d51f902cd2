import { readFileSync } from 'node:fs';
import { TestDatabase } from '../../support/server/database.ts';
import { Project } from '../support.ts';

/** A migration whose second half must run after its UPDATE, and a `down` that reverts all of it. */
const UP = [
  'ALTER TABLE leads ADD slug text',
  'UPDATE leads SET slug = status',
  'ALTER TABLE leads ALTER slug SET NOT NULL',
  'ALTER TABLE leads ADD CONSTRAINT leads_slug_key UNIQUE (slug)',
  'CREATE UNIQUE INDEX leads_slug_lower ON leads (lower(slug))',
  'ALTER TABLE leads RENAME COLUMN status TO old_status',
];
const DOWN = [
  'ALTER TABLE leads RENAME COLUMN old_status TO status',
  'DROP INDEX leads_slug_lower',
  'ALTER TABLE leads DROP CONSTRAINT leads_slug_key',
  'ALTER TABLE leads DROP COLUMN slug',
];

describe('the reverse of an extracted contract migration', () => {
  let project: Project;
  let database: TestDatabase;

  beforeEach(async () => {
    project = new Project();
    database = await TestDatabase.create();
    await run(['CREATE TABLE leads (id int PRIMARY KEY, status text)', `INSERT INTO leads VALUES (1, 'a')`]);
  });

  afterEach(async () => {
    await database.drop();
    project.remove();
  });

  const run = async (statements: readonly string[]): Promise<void> => {
    for (const sql of statements) await database.query(sql);
  };

  /** The columns, constraints and indexes of the table. */
  const schema = async (): Promise<readonly string[]> => {
    const rows = await database.query<{ item: string }>(
      `SELECT attname || CASE WHEN attnotnull THEN ' NOT NULL' ELSE '' END AS item FROM pg_attribute
         WHERE attrelid = 'leads'::regclass AND attnum > 0 AND NOT attisdropped
       UNION ALL SELECT pg_get_indexdef(indexrelid) FROM pg_index WHERE indrelid = 'leads'::regclass
       ORDER BY 1`,
    );
    return rows.map(({ item }) => item);
  };

  /** The statements that a method of a written migration sends. */
  const sentBy = (path: string, method: 'up' | 'down'): readonly string[] => {
    const code = readFileSync(project.path(path), 'utf8');
    const body = method === 'up' ? (code.split('async down')[0] ?? '') : (code.split('async down')[1] ?? '');
    return [...body.matchAll(/query\(\s*[`'"]([^`]*?)[`'"],?\s*\)/g)].map(([, sql = '']) => sql);
  };

  it('leads back to the schema before it, can run again, and leaves the rest to the first migration', async () => {
    const calls = (statements: readonly string[]): string =>
      statements.map((sql) => `    await queryRunner.query('${sql}');`).join('\n');
    const path = 'src/migrations/1757000000000-example.ts';
    const contract = 'src/migrations/1757000000001-example-contract.ts';
    const file = project.write(
      path,
      `export class Example extends SchemaMigration {\n  async up(queryRunner) {\n${calls(UP)}\n  }\n  async down(queryRunner) {\n${calls(DOWN)}\n  }\n}\n`,
    );
    const before = await schema();
    const { code } = await project.run('extract', file, '--write');
    expect(code).toBe(0);
    await run(sentBy(path, 'up'));
    await run(['UPDATE leads SET slug = status']);
    const expanded = await schema();
    await run(sentBy(contract, 'up'));
    expect(await schema()).toHaveLength(expanded.length + 2);
    await run(sentBy(contract, 'down'));
    expect(await schema()).toEqual(expanded);
    await run([...sentBy(contract, 'up'), ...sentBy(contract, 'down'), ...sentBy(path, 'down')]);
    expect(await schema()).toEqual(before);
  });
});
