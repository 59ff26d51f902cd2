import { TypeOrmModule } from '@nestjs/typeorm';
import {
  Backfill,
  BackfillModule,
  type RowColumns,
  type SetBackfill,
  type TransformBackfill,
} from 'nestjs-backfill';
import type { RehearsalOptions } from 'nestjs-backfill/testing';
import { Column, Entity, IsNull, PrimaryGeneratedColumn } from 'typeorm';
import type { TestDatabase } from '../support/server/database.ts';

@Entity('tasks')
export class Task {
  @PrimaryGeneratedColumn()
  id!: number;
  @Column('text')
  title!: string;
  @Column('text', { nullable: true })
  slug!: string | null;
  @Column('int', { default: 0 })
  edits!: number;
}

@Entity('task_log')
export class TaskLog {
  @PrimaryGeneratedColumn()
  id!: number;
  @Column('text')
  entry!: string;
}

const PENDING = { entity: Task, where: { slug: IsNull() } } as const;
const TRANSFORM = { ...PENDING, reads: ['title'], writes: ['slug'] } as const;
type Read = readonly Pick<Task, 'title'>[];

@Backfill<Task>({ name: 'tasks-slug', ...TRANSFORM })
export class TasksSlug implements TransformBackfill<Task, 'title'> {
  transform(tasks: Read) {
    return tasks.map(({ title }) => ({ slug: title.toLowerCase() }));
  }
}

/** Leaves a row without a title pending. */
@Backfill<Task>({ name: 'tasks-empty-slug', ...TRANSFORM })
export class TasksEmptySlug implements TransformBackfill<Task, 'title'> {
  transform(tasks: Read) {
    return tasks.map(({ title }) => ({ slug: title === '' ? null : title.toLowerCase() }));
  }
}

/** Writes a value that depends on the other rows of the batch. */
@Backfill<Task>({ name: 'tasks-count', ...TRANSFORM })
export class TasksCount implements TransformBackfill<Task, 'title'> {
  transform(tasks: Read) {
    return tasks.map(() => ({ slug: `one of ${tasks.length}` }));
  }
}

/** Writes a value that depends on what other sessions have done to the row. */
@Backfill<Task>({ name: 'tasks-edits', ...PENDING })
export class TasksEdits implements SetBackfill<Task> {
  set({ edits }: RowColumns<Task>) {
    return { slug: `'edited ' || (${edits} > 0)` };
  }
}

export class NoBackfill {}

/** An application with these backfills, on empty tables. */
export function rehearsalIn(database: TestDatabase, rows: readonly Partial<Task>[]): RehearsalOptions {
  return {
    imports: [
      TypeOrmModule.forRoot({
        type: 'postgres',
        url: database.url,
        entities: [Task, TaskLog],
        synchronize: true,
      }),
      BackfillModule.forRoot(),
    ],
    providers: [TasksSlug, TasksEmptySlug, TasksCount, TasksEdits],
    rows,
  };
}
