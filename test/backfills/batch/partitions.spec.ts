import {
  Backfill,
  type ProcessBackfill,
  type ProcessBatch,
  type SetBackfill,
  type TransformBackfill,
} from 'nestjs-backfill';
import { Column, Entity, IsNull, LessThan, PrimaryColumn, type EntityManager } from 'typeorm';
import { Recorder } from '../../support/runs/recorder.ts';
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

type Order = 'key' | 'page';

function backfillsFor(prefix: string, entity: new () => Measured, order: Order) {
  const common = { entity, batchSize: 7, order } as const;
  @Backfill<Measured>({ ...common, name: `${prefix}-set-${order}`, where: { bySet: IsNull() } })
  class BySet implements SetBackfill<Measured> {
    set() {
      return { bySet: `id || '/' || year` };
    }
  }

  @Backfill<Measured>({
    ...common,
    name: `${prefix}-transform-${order}`,
    where: { byTransform: IsNull() },
    reads: ['year'],
    writes: ['byTransform'],
  })
  class ByTransform implements TransformBackfill<Measured, 'id' | 'year'> {
    transform(rows: readonly Pick<Measured, 'id' | 'year'>[]) {
      return rows.map(({ id, year }) => ({ byTransform: `${id}/${year}` }));
    }
  }

  @Backfill<Measured>({ ...common, name: `${prefix}-process-${order}`, where: { byProcess: IsNull() } })
  class ByProcess implements ProcessBackfill<Measured, 'id' | 'year'> {
    async process({ rows }: ProcessBatch<Measured, 'id' | 'year'>, manager: EntityManager) {
      for (const { id, year } of rows)
        await manager.update(entity, { id, year }, { byProcess: `${id}/${year}` });
    }
  }

  @Backfill<Measured>({
    ...common,
    name: `${prefix}-purge-${order}`,
    kind: 'purge',
    where: { year: LessThan(2022) },
  })
  class Purge {}

  return [BySet, ByTransform, ByProcess, Purge];
}

const COLUMNS = 'id int NOT NULL, year int NOT NULL, by_set text, by_transform text, by_process text';

const ORDERS: readonly Order[] = ['key', 'page'];

/** Page order is possible for partitions; a table with child tables is always swept in the order of the key. */
describe.each([
  ['a partitioned table', 'partitioned', 'key'],
  ['a partitioned table, each partition in page order,', 'partitioned', 'page'],
  ['a table with child tables (inheritance)', 'parent', 'page'],
] as const)('%s', (_, prefix, order) => {
  const stage = Stage.for({
    entities: [Partitioned, Parent],
    backfills: ORDERS.flatMap((each) => [
      ...backfillsFor('partitioned', Partitioned, each),
      ...backfillsFor('parent', Parent, each),
    ]),
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
    const recorder = new Recorder();
    const report = await stage.run(`${prefix}-${change}-${order}`, { recorder });
    expect(report).toMatchObject({ status: 'complete', updated: 200 });
    const isByPage = order === 'page' && prefix === 'partitioned';
    expect(recorder.notes.some((note) => note.startsWith('Sweeps in page order'))).toBe(isByPage);
    if (!isByPage) expect(report.batches).toBe(29);
    expect(await stage.value(`SELECT count(*) FROM ${prefix} WHERE ${column} = id || '/' || year`)).toBe(
      '200',
    );
  });

  it('loses its pending rows, and no others, in a `purge`', async () => {
    expect(await stage.run(`${prefix}-purge-${order}`)).toMatchObject({ status: 'complete', updated: 100 });
    expect(await stage.value(`SELECT count(*) || ',' || min(year) FROM ${prefix}`)).toBe('100,2022');
  });
});
