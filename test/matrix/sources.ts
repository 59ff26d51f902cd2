import type { Cell } from './cells.ts';

/** The sources of the application by their paths, as a developer writes them. */
export function sourcesOf(cell: Cell): Readonly<Record<string, string>> {
  const isEsm = cell.modules === 'ES modules';
  const sources = isEsm ? SOURCES : withoutExtensions(SOURCES);
  return { ...sources, 'src/app.module.spec.ts': isEsm ? SPEC : withoutExtension(SPEC) };
}

function withoutExtensions(sources: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(sources).map(([path, text]) => [path, withoutExtension(text)]));
}

/** CommonJS leaves the extension of a relative import out. */
function withoutExtension(text: string): string {
  return text.replaceAll(/(from '\.[^']*)\.js'/g, "$1'");
}

const SOURCES = {
  'src/lead.entity.ts': `import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';

@Entity('leads')
export class Lead {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column({ type: 'text' })
  name!: string;

  @Column({ type: 'text', name: 'search_name', nullable: true })
  searchName!: string | null;
}
`,
  'src/backfills/leads-search-name.backfill.ts': `import { Backfill, type TransformBackfill } from 'nestjs-backfill';
import { IsNull } from 'typeorm';
import { Lead } from '../lead.entity.js';

@Backfill<Lead>({
  name: 'leads-search-name',
  entity: Lead,
  where: { searchName: IsNull() },
  reads: ['name'],
  writes: ['searchName'],
})
export class LeadsSearchName implements TransformBackfill<Lead, 'name'> {
  transform(leads: readonly Pick<Lead, 'name'>[]) {
    return leads.map(({ name }) => ({ searchName: name.toLowerCase() }));
  }
}
`,
  'src/migrations/1757000000000-add-search-name.ts': `import { SchemaMigration } from 'nestjs-backfill';
import type { QueryRunner } from 'typeorm';

export class AddSearchName1757000000000 extends SchemaMigration {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('ALTER TABLE leads ADD COLUMN IF NOT EXISTS search_name text');
  }
  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('ALTER TABLE leads DROP COLUMN search_name');
  }
}
`,
  'src/app.module.ts': `import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { BackfillModule } from 'nestjs-backfill';
import { LeadsSearchName } from './backfills/leads-search-name.backfill.js';
import { Lead } from './lead.entity.js';
import { AddSearchName1757000000000 } from './migrations/1757000000000-add-search-name.js';

@Module({
  imports: [
    TypeOrmModule.forRoot({
      type: 'postgres',
      url: process.env['DATABASE_URL'],
      entities: [Lead],
      migrations: [AddSearchName1757000000000],
    }),
    BackfillModule.forRoot(),
  ],
  providers: [LeadsSearchName],
})
export class AppModule {}
`,
  'src/main.ts': `import { NestFactory } from '@nestjs/core';
import { isOneShot, runOneShot } from 'nestjs-backfill';
import { AppModule } from './app.module.js';

async function bootstrap() {
  if (isOneShot()) return runOneShot(AppModule);
  const app = await NestFactory.create(AppModule);
  await app.listen(process.env['PORT'] ?? 3000);
  console.log('started as a server');
  await app.close();
}

void bootstrap();
`,
} as const;

/** What a developer tests: the module, a run, a migration, and the guard. */
const SPEC = `import { Test, type TestingModule } from '@nestjs/testing';
import { BackfillError, BackfillService } from 'nestjs-backfill';
import { UnknownBackfillError } from 'nestjs-backfill/errors';
import type { StatusReport } from 'nestjs-backfill/reports';
import { expectSchemaOnly } from 'nestjs-backfill-guard/testing';
import { DataSource } from 'typeorm';
import { AppModule } from './app.module.js';

describe('AppModule', () => {
  let module: TestingModule;

  beforeAll(async () => {
    module = await Test.createTestingModule({ imports: [AppModule] }).compile();
    await module.createNestApplication().init();
  });
  afterAll(() => module.close());

  it('runs a schema migration, whose SQL the parser of PostgreSQL reads', async () => {
    await module.get(DataSource).runMigrations();
  });

  it('runs its backfill', async () => {
    const report = await module.get(BackfillService).run();
    expect(report.outcome).toBe('complete');
    const status: StatusReport = await module.get(BackfillService).status();
    expect(status.backfills.map(({ status }) => status)).toEqual(['complete']);
  });

  it('throws errors of the library', async () => {
    const error: unknown = await module.get(BackfillService).run({ names: ['unknown'] }).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(UnknownBackfillError);
    expect(error).toBeInstanceOf(BackfillError);
  });

  it('keeps data changes out of its migrations', async () => {
    await expectSchemaOnly('src/migrations');
  });
});
`;
