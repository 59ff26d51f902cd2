import {
  Backfill,
  type ProcessBackfill,
  type ProcessBatch,
  type SetBackfill,
  type TransformBackfill,
} from 'nestjs-backfill';
import { Column, Entity, IsNull, LessThan, PrimaryColumn, type EntityManager } from 'typeorm';
import { Stage } from '../../support/applications/stage.ts';

abstract class Measured {
  @PrimaryColumn({ type: 'int' })
  id!: number;

  @PrimaryColumn({ type: 'int' })
  year!: number;

  @Column({ type: 'text', name: 'by_set', nullable: true })
  bySet!: string | null;

  @Column({ type: 'text', name: 'by_transform', nullable: true })
  byTransform!: string | null;

  @Column({ type: 'text', name: 'by_process', nullable: true })
  byProcess!: string | null;
}

@Entity('partitioned', { synchronize: false })
class Partitioned extends Measured {}

@Entity('parent', { synchronize: false })
class Parent extends Measured {}

function backfillsFor(prefix: string, entity: new () => Measured) {
  @Backfill<Measured>({ name: `${prefix}-set`, entity, where: { bySet: IsNull() }, batchSize: 7 })
  class BySet implements SetBackfill<Measured> {
    set() {
      return { bySet: `id || '/' || year` };
    }
  }

  @Backfill<Measured>({
    name: `${prefix}-transform`,
    entity,
    where: { byTransform: IsNull() },
    reads: ['year'],
    writes: ['byTransform'],
    batchSize: 7,
  })
  class ByTransform implements TransformBackfill<Measured, 'id' | 'year'> {
    transform(rows: readonly Pick<Measured, 'id' | 'year'>[]) {
      return rows.map(({ id, year }) => ({ byTransform: `${id}/${year}` }));
    }
  }

  @Backfill<Measured>({ name: `${prefix}-process`, entity, where: { byProcess: IsNull() }, batchSize: 7 })
  class ByProcess implements ProcessBackfill<Measured, 'id' | 'year'> {
    async process({ rows }: ProcessBatch<Measured, 'id' | 'year'>, manager: EntityManager) {
      for (const { id, year } of rows)
        await manager.update(entity, { id, year }, { byProcess: `${id}/${year}` });
    }
  }

  @Backfill<Measured>({
    name: `${prefix}-purge`,
    entity,
    kind: 'purge',
    where: { year: LessThan(2022) },
    batchSize: 7,
  })
  class Purge {}

  return [BySet, ByTransform, ByProcess, Purge];
}

const COLUMNS = 'id int NOT NULL, year int NOT NULL, by_set text, by_transform text, by_process text';

describe.each([
  ['a partitioned table', 'partitioned'],
  ['a table with child tables (inheritance)', 'parent'],
])('%s', (_, prefix) => {
  const stage = Stage.for({
    entities: [Partitioned, Parent],
    backfills: [...backfillsFor('partitioned', Partitioned), ...backfillsFor('parent', Parent)],
    // Rows in different partitions can have the same ctid. A batch must not confuse them.
    before: (database) =>
      database.query(`
        CREATE TABLE partitioned (${COLUMNS}, PRIMARY KEY (id, year)) PARTITION BY RANGE (year);
        CREATE TABLE partitioned_2020 PARTITION OF partitioned FOR VALUES FROM (2020) TO (2022);
        CREATE TABLE partitioned_2022 PARTITION OF partitioned FOR VALUES FROM (2022) TO (2030);
        CREATE TABLE parent (${COLUMNS}, PRIMARY KEY (id, year));
        CREATE TABLE child (PRIMARY KEY (id, year)) INHERITS (parent);
        INSERT INTO partitioned (id, year) SELECT i, 2020 + i % 4 FROM generate_series(1, 200) AS i;
        INSERT INTO parent (id, year) SELECT i, 2020 + i % 2 FROM generate_series(1, 200, 2) AS i;
        INSERT INTO child (id, year) SELECT i, 2022 + i % 2 FROM generate_series(2, 200, 2) AS i`),
  });

  it.each([
    ['set', 'by_set'],
    ['transform', 'by_transform'],
    ['process', 'by_process'],
  ])('is changed by `%s`, each row once', async (change, column) => {
    expect(await stage.run(`${prefix}-${change}`)).toMatchObject({
      status: 'complete',
      updated: 200,
      batches: 29,
    });
    expect(await stage.value(`SELECT count(*) FROM ${prefix} WHERE ${column} = id || '/' || year`)).toBe(
      '200',
    );
  });

  it('loses its pending rows, and no others, in a `purge`', async () => {
    expect(await stage.run(`${prefix}-purge`)).toMatchObject({ status: 'complete', updated: 100 });
    expect(await stage.value(`SELECT count(*) || ',' || min(year) FROM ${prefix}`)).toBe('100,2022');
  });
});
