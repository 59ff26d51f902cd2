import type { Type } from '@nestjs/common';
import { existsSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type pg from 'pg';
import { EntitySchema, type MigrationInterface } from 'typeorm';
import { MigrationsService } from '../../../libs/backfill/src/migrations/migrations.service.ts';
import { TestApplication } from '../../support/applications/application.ts';
import { TestDatabase } from '../../support/server/database.ts';
import { Project } from '../support.ts';

const MIGRATION = '1757000000000-example.ts';

export interface ComparedMigration {
  /** SQL that creates the tables and their rows. */
  readonly before: string;
  /** The body of `up`, as TypeScript. */
  readonly up: string;
  /** Other methods of its class. @default '' */
  readonly methods?: string;
}

export interface Comparison {
  /** What `extract` left in the migration, with its reasons. */
  readonly refusals: string;
  readonly backfills: readonly string[];
  /** The tables after the original migration. */
  readonly original: Snapshot;
  /** The tables after the extracted migration, its backfills and its contract migration. */
  readonly extracted: Snapshot;
}

/** The columns and rows of each table. */
export type Snapshot = Readonly<
  Record<string, { readonly columns: readonly string[]; readonly rows: readonly string[] }>
>;

interface MigrationClass {
  new (): { up(runner: { readonly query: pg.Client['query'] }): Promise<void> };
}

/** Runs a migration on one database, and what `extract` makes of it on another. */
export async function compare({ before, up, methods = '' }: ComparedMigration): Promise<Comparison> {
  const project = new Project();
  const databases = await Promise.all([TestDatabase.create(), TestDatabase.create()]);
  const [one, other] = databases;
  try {
    project.write('package.json', '{ "type": "module" }');
    symlinkSync(resolve('node_modules'), project.path('node_modules'));
    // `extract` reads the keys of the tables from the earlier migrations.
    project.write('src/migrations/1750000000000-tables.sql', before);
    const file = project.write(`src/migrations/${MIGRATION}`, migrationText(up, methods));
    for (const database of databases) await database.query(before);
    await runMigration(one, file);
    const { error, code } = await project.run('extract', file, '--write');
    if (code !== 0) throw new Error(error);
    const original = await snapshot(one);
    // A module is loaded once for each path, so the extracted migration has another path.
    const rest = project.write(`src/extracted/${MIGRATION}`, readFileSync(file, 'utf8'));
    await runMigration(other, rest);
    const backfills = await finish(project, other);
    return { refusals: refusalsIn(error), backfills, original, extracted: await snapshot(other) };
  } finally {
    for (const database of databases) await database.drop();
    project.remove();
  }
}

function migrationText(up: string, methods: string): string {
  return `export class Example1757000000000 {\n  async up(queryRunner) {\n${up}\n  }\n${methods}  async down() {}\n}\n`;
}

function refusalsIn(error: string): string {
  return error
    .split('\n')
    .flatMap((line) => /not extracted: (.*)$/.exec(line)?.[1] ?? [])
    .join('\n');
}

async function runMigration(database: TestDatabase, file: string): Promise<void> {
  const exports = Object.values((await import(file)) as Record<string, MigrationClass>);
  const [migration] = exports;
  if (!migration) throw new Error(`${file} exports no migration`);
  await database.session(async (client) => {
    await client.query('BEGIN');
    const query = (async (sql: string, parameters?: unknown[]) =>
      (await client.query<Record<string, unknown>>(sql, parameters)).rows) as unknown as pg.Client['query'];
    await new migration().up({ query });
    await client.query('COMMIT');
  });
}

/**
 * Runs the extracted backfills, and the contract migration that requires them, in an application.
 *
 * @returns the names of the backfills, which are all complete
 */
export async function finish(project: Project, database: TestDatabase): Promise<readonly string[]> {
  const exported = await exportsIn(project.path('src/backfills'), () => true);
  const entities = exported.filter((each): each is EntitySchema => each instanceof EntitySchema);
  const backfills = exported.filter((each): each is Type => typeof each === 'function');
  if (backfills.length === 0) return [];
  const contracts = await exportsIn(project.path('src/migrations'), (name) => name.includes('-contract'));
  const application = await TestApplication.start({
    database,
    entities,
    backfills,
    synchronize: false,
    migrations: contracts as Type<MigrationInterface>[],
    module: { migrations: { locks: 'off' }, defaults: { pause: 0, batchSize: 3, maxBatchSize: 3 } },
  });
  try {
    const report = await application.service.run({});
    if (report.outcome !== 'complete' && report.outcome !== 'nothing-to-do')
      throw new Error(`the backfills ended with ${report.outcome}: ${JSON.stringify(report.backfills)}`);
    const migrated = await application.context.get(MigrationsService).run();
    if (contracts.length > 0 && migrated.outcome !== 'done')
      throw new Error(`the contract migration ended with ${JSON.stringify(migrated)}`, {
        cause: migrated.dataSources[0]?.failed?.error,
      });
    return report.backfills.map(({ name }) => name);
  } finally {
    await application.stop();
  }
}

/** What the files of a folder export, loaded one after another: Jest cannot link two modules at once. */
async function exportsIn(folder: string, isWanted: (name: string) => boolean): Promise<readonly unknown[]> {
  if (!existsSync(folder)) return [];
  const exported: unknown[] = [];
  for (const name of readdirSync(folder).filter(isWanted))
    exported.push(...Object.values((await import(join(folder, name))) as Record<string, unknown>));
  return exported;
}

export async function snapshot(database: TestDatabase): Promise<Snapshot> {
  const tables = await database.query<{ name: string; columns: string[] }>(
    `SELECT c.relname AS name, array_agg(a.attname || ' ' || format_type(a.atttypid, a.atttypmod) || CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END ORDER BY a.attname)::text[] AS columns
     FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
     WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace AND c.relname <> 'migrations' GROUP BY c.relname ORDER BY c.relname`,
  );
  const found: Record<string, Snapshot[string]> = {};
  for (const { name, columns } of tables) {
    const rows = await database.query<{ row: string }>(
      `SELECT to_jsonb(t)::text AS row FROM "${name}" AS t ORDER BY 1`,
    );
    found[name] = { columns, rows: rows.map(({ row }) => row) };
  }
  return found;
}
