import { Logger } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { Test } from '@nestjs/testing';
import type { QueryRunner } from 'typeorm';
import { DataInMigrationError } from '../../libs/backfill/src/migrations/migration.error.ts';
import { runMigrations } from '../../libs/backfill/src/migrations/run/migration.phase.ts';
import { migrationStatus } from '../../libs/backfill/src/migrations/run/migration.status.ts';
import { MigrationStage, UPDATE } from '../support/migrations/migration-stage.ts';
import {
  migration,
  plainMigration,
  postgresDataSource,
  rejection,
  withDataSource,
} from '../support/migrations/migrations.ts';

const stage = MigrationStage.forEachTest();

describe('an exemption', () => {
  const allowsData = { reason: 'three rows of configuration', tables: ['leads'] };

  it('allows changes of the named table, and logs this at each run', async () => {
    const Up = migration('Up', { up: UPDATE, allowsData });
    await withDataSource(postgresDataSource(stage.database, [Up]), async (dataSource) => {
      const report = await runMigrations(dataSource, { log: stage.log });
      expect(report).toMatchObject({ outcome: 'done', ran: [{ allowsData: allowsData.reason }] });
      expect((await migrationStatus(dataSource)).exempt).toMatchObject([allowsData]);
    });
    expect(await stage.notes()).toBe(5);
    expect(stage.lines.join('\n')).toContain('may change rows of leads: three rows of configuration');
  });

  it('covers no other table', async () => {
    await stage.database.query('CREATE TABLE calls (id int)');
    const Up = migration('Up', { up: `${UPDATE}; DELETE FROM calls`, allowsData });
    await withDataSource(postgresDataSource(stage.database, [Up]), async (dataSource) => {
      expect(await rejection(dataSource.runMigrations())).toBeInstanceOf(DataInMigrationError);
    });
  });

  it('needs a reason', async () => {
    const Up = migration('Up', { up: UPDATE, allowsData: { reason: ' ', tables: ['leads'] } });
    await withDataSource(postgresDataSource(stage.database, [Up]), async (dataSource) => {
      expect(String(await rejection(dataSource.runMigrations()))).toContain('without a reason');
    });
  });
});

it('a refusal shows migration, statement, position, rule, danger, a backfill to write, and the exemption', async () => {
  const Up = migration('AddNote', { up: `\n  UPDATE leads SET note = upper('x') WHERE id > 3` });
  await withDataSource(postgresDataSource(stage.database, [Up]), async (dataSource) => {
    const { message } = (await rejection(dataSource.runMigrations())) as Error;
    for (const part of [
      /AddNote\d+\.up\(\) changes rows of leads/,
      /UPDATE leads SET note = upper\('x'\) WHERE id > 3/,
      /line 2, column 3/,
      /rule: update/,
      /lock_timeout/,
      /@Backfill<Lead>\(\{/,
      /where: 'id > 3 AND note IS NULL'/,
      /note: `upper\('x'\)`/,
      /allowsData = \{ reason: '…', tables: \['leads'\] \}/,
    ])
      expect(message).toMatch(part);
  });
});

it('a refusal of a statement with parameters shows where its values belong, and no value', async () => {
  const Up = migration('AddNote', {
    up: (runner) => runner.manager.update('Lead', { id: 3 }, { note: 'costs $1' }),
  });
  await withDataSource(postgresDataSource(stage.database, [Up]), async (dataSource) => {
    const { message } = (await rejection(dataSource.runMigrations())) as Error;
    expect(message).toMatch(/note: '<value of \$\d>'/);
    expect(message).toContain("where: 'id = <value of $2> AND note IS NULL'");
    expect(message).toContain('// Write the values into the places <value of $1> and so on.');
    expect(message).not.toContain('costs');
  });
});

describe('grandfathered migrations', () => {
  it('run unguarded and are counted; all others are guarded', async () => {
    const Old = plainMigration('Old', UPDATE);
    const New = plainMigration('New', 'DELETE FROM leads');
    await withDataSource(postgresDataSource(stage.database, [Old, New]), async (dataSource) => {
      const report = await runMigrations(dataSource, { log: stage.log, grandfathered: [Old.name] });
      expect(report).toMatchObject({
        outcome: 'failed',
        grandfathered: [Old.name],
        failed: { name: New.name },
      });
      expect(report.failed?.error).toBeInstanceOf(DataInMigrationError);
    });
    expect(stage.lines.join('\n')).toContain(`1 grandfathered migration runs without the guard: ${Old.name}`);
    expect([await stage.notes(), await stage.count('leads')]).toEqual([5, 5]);
  });
});

it('a refusal is reported at once and once, although @nestjs/typeorm repeats initialize()', async () => {
  Logger.overrideLogger(false);
  let tries = 0;
  const Up = migration('Up', {
    up: async (queryRunner: QueryRunner) => {
      tries += 1;
      await queryRunner.query(UPDATE);
    },
  });
  const { type, url } = { type: 'postgres' as const, url: stage.database.url };
  const booting = Test.createTestingModule({
    imports: [TypeOrmModule.forRoot({ type, url, migrations: [Up], migrationsRun: true })],
  }).compile();
  expect(await rejection(booting)).toBeInstanceOf(DataInMigrationError);
  expect(tries).toBe(1);
});
