import { HostTree } from '@angular-devkit/schematics';
import type { SchematicContext, Task } from '../../libs/backfill/src/schematics/devkit.types.ts';

const MANIFEST = {
  name: 'application',
  dependencies: { '@nestjs/core': '^12.0.1', '@nestjs/typeorm': '^12', pg: '^8', typeorm: '^1' },
  devDependencies: { vitest: '^4' },
};

/** The files of an application as Nest's generator writes them, with two entities. */
export const APPLICATION: Readonly<Record<string, string>> = {
  'package.json': `${JSON.stringify(MANIFEST, null, 2)}\n`,
  'nest-cli.json': `{
  "collection": "@nestjs/schematics",
  "sourceRoot": "src",
  "compilerOptions": {
    "deleteOutDir": true
  }
}
`,
  'src/main.ts': `import { NestFactory } from '@nestjs/core';
import { AppModule } from './app.module.js';

async function bootstrap() {
  const app = await NestFactory.create(AppModule);
  await app.listen(process.env.PORT ?? 3000);
}
await bootstrap();
`,
  'src/app.module.ts': `import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { Lead } from './leads/lead.entity.js';
import { Tenant } from './leads/tenant.entity.js';

@Module({
  imports: [
    TypeOrmModule.forRoot({
      type: 'postgres',
      url: process.env['DATABASE_URL'],
      entities: [Lead, Tenant],
      migrations: [],
    }),
  ],
})
export class AppModule {}
`,
  'src/leads/tenant.entity.ts': `import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';

@Entity('tenants')
export class Tenant {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column({ type: 'text' })
  name!: string;
}
`,
  'src/leads/lead.entity.ts': `import { Column, Entity, JoinColumn, ManyToOne, PrimaryGeneratedColumn } from 'typeorm';
import { Tenant } from './tenant.entity.js';

export enum LeadState {
  New = 'new',
  Won = 'won',
}

@Entity('leads')
export class Lead {
  @PrimaryGeneratedColumn({ type: 'bigint' })
  id!: string;

  @Column({ type: 'int', name: 'tenant_id' })
  tenantId!: number;

  @ManyToOne(() => Tenant, { nullable: false })
  @JoinColumn({ name: 'tenant_id' })
  tenant!: unknown;

  @Column()
  name!: string;

  @Column({ type: 'enum', enum: LeadState })
  state!: LeadState;

  @Column({ type: 'text', name: 'search_name', nullable: true })
  searchName!: string | null;

  @Column({ type: 'int', nullable: true })
  score!: number | null;
}
`,
};

/** A tree of the devkit with the files of an application. `null` leaves a file out. */
export function treeOf(changes: Readonly<Record<string, string | null>> = {}): HostTree {
  const tree = new HostTree();
  for (const [path, text] of Object.entries({ ...APPLICATION, ...changes }))
    if (text !== null) tree.create(path, text);
  return tree;
}

/** What a generator has told the person, and the tasks that it has left. */
export class RecordedContext implements SchematicContext {
  readonly lines: string[] = [];
  readonly warnings: string[] = [];
  readonly tasks: { readonly name: string; readonly after: number }[] = [];
  readonly logger = {
    info: (line: string) => void this.lines.push(line),
    warn: (line: string) => void this.warnings.push(line),
  };

  addTask(task: Task, dependencies: readonly object[] = []): object {
    this.tasks.push({ name: task.toConfiguration().name, after: dependencies.length });
    return task;
  }
}
