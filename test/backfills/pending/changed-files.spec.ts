import { jest } from '@jest/globals';
import { Backfill, type SetBackfill } from 'nestjs-backfill';
import { Column, Entity, IsNull, PrimaryColumn } from 'typeorm';
import { RowSelection } from '../../../libs/backfill/src/backfills/batch/row-selection.ts';
import { inspectTable } from '../../../libs/backfill/src/backfills/batch/table.inspector.ts';
import { BackfillRegistry } from '../../../libs/backfill/src/backfills/definition/backfill.registry.ts';
import { findPendingByPages } from '../../../libs/backfill/src/backfills/pending/page-proof.ts';
import { Ledger } from '../../../libs/backfill/src/ledger/ledger.ts';
import { Session } from '../../../libs/backfill/src/postgres/session.ts';
import { Stage } from '../../support/applications/stage.ts';

@Entity('visits', { synchronize: false })
class Visit {
  @PrimaryColumn({ type: 'int' })
  id!: number;

  @Column({ type: 'text', nullable: true })
  label!: string | null;
}

@Backfill<Visit>({ name: 'labels', entity: Visit, where: { label: IsNull() } })
class Labels implements SetBackfill<Visit> {
  set() {
    return { label: "'done'" };
  }
}

describe('a proof page by page, if a partition changes after the files were listed and before they are locked', () => {
  const stage = Stage.for({ entities: [Visit], backfills: [Labels] });

  beforeEach(() =>
    stage.query(`DROP TABLE IF EXISTS visits, visits_1, visits_2, visits_3;
      CREATE TABLE visits (id int PRIMARY KEY, label text) PARTITION BY RANGE (id);
      CREATE TABLE visits_1 PARTITION OF visits FOR VALUES FROM (0) TO (100);
      CREATE TABLE visits_2 PARTITION OF visits FOR VALUES FROM (100) TO (200);
      CREATE TABLE visits_3 (LIKE visits INCLUDING ALL);
      INSERT INTO visits SELECT n, 'done' FROM generate_series(0, 199) AS n`),
  );

  /** The result of the proof. The search begins its transaction after it has listed the files. */
  const proveWhile = async (sql: string) => {
    const [definition] = stage.application.context.get(BackfillRegistry).definitions;
    if (!definition) throw new TypeError('no backfill is declared');
    const session = await Session.open(definition.dataSource);
    const records = new Ledger({ schema: 'nestjs_backfill', owner: 'host:1:test', leaseMs: 600_000 }).of(
      definition,
    );
    await records.locate(session);
    const selection = new RowSelection(definition, records, await inspectTable(session, definition), null);
    const spy = jest.spyOn(Session.prototype, 'begin').mockImplementationOnce(async function (
      this: Session,
      statements,
    ) {
      await stage.query(sql);
      return this.begin(statements);
    });
    try {
      return await findPendingByPages(session, selection, { canContinue: () => Promise.resolve(true) });
    } finally {
      expect(spy.mock.calls.length).toBeGreaterThan(1);
      spy.mockRestore();
      await session.close();
    }
  };

  it.each([
    ['does not look for a partition that was dropped', 'DROP TABLE visits_2', null],
    [
      'does not take the rows of a partition that was detached for pending rows',
      'ALTER TABLE visits DETACH PARTITION visits_2; UPDATE visits_2 SET label = NULL',
      null,
    ],
    [
      'finds a pending row of a partition that was attached',
      `INSERT INTO visits_3 VALUES (250); ALTER TABLE visits ATTACH PARTITION visits_3 FOR VALUES FROM (200) TO (300)`,
      ['250'],
    ],
    [
      'finds a pending row of a partition that has taken the place of another one',
      `DROP TABLE visits_2; CREATE TABLE visits_2 PARTITION OF visits FOR VALUES FROM (100) TO (200); INSERT INTO visits VALUES (150)`,
      ['150'],
    ],
  ])('%s', async (_, sql, pending) => {
    expect(await proveWhile(sql)).toEqual(pending);
  });
});
