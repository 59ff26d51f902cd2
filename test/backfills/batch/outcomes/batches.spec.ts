import { Backfill, type ProcessBackfill, type SetBackfill, type TransformBackfill } from 'nestjs-backfill';
import { Column, type EntityManager, Entity, PrimaryColumn } from 'typeorm';
import { createBatchRunner } from '../../../../libs/backfill/src/backfills/batch/batch-runner.factory.ts';
import type { BatchRunner, SweepStep } from '../../../../libs/backfill/src/backfills/batch/batch.ts';
import { RowSelection } from '../../../../libs/backfill/src/backfills/batch/row-selection.ts';
import { inspectTable } from '../../../../libs/backfill/src/backfills/batch/table.inspector.ts';
import { BackfillRegistry } from '../../../../libs/backfill/src/backfills/definition/backfill.registry.ts';
import type { BackfillLedger } from '../../../../libs/backfill/src/ledger/backfill.ledger.ts';
import { Ledger } from '../../../../libs/backfill/src/ledger/ledger.ts';
import { installLedger } from '../../../../libs/backfill/src/ledger/ledger.installer.ts';
import type { Key, LeasedRange } from '../../../../libs/backfill/src/ledger/range.ts';
import { Session } from '../../../../libs/backfill/src/postgres/session.ts';
import { Stage } from '../../../support/applications/stage.ts';
import { LockHolder } from '../../../support/server/lock-holder.ts';

@Entity('letters')
class Letter {
  @PrimaryColumn({ type: 'int' })
  id!: number;
  @Column({ type: 'text', nullable: true })
  tenant!: string | null;
  @Column({ type: 'text', nullable: true })
  state!: string | null;
}

const OPTIONS = { entity: Letter, where: 'state IS NULL', tenant: 'tenant' } as const;

@Backfill<Letter>({ name: 'set', ...OPTIONS })
class SetState implements SetBackfill<Letter> {
  set() {
    return { state: "'sent'" };
  }
}

@Backfill<Letter>({ name: 'transform', ...OPTIONS, reads: ['id'], writes: ['state'] })
class TransformState implements TransformBackfill<Letter> {
  transform(rows: readonly Pick<Letter, 'id'>[]) {
    return rows.map(() => ({ state: 'sent' }));
  }
}

@Backfill<Letter>({ name: 'process', ...OPTIONS, reads: ['id'] })
class ProcessState implements ProcessBackfill<Letter> {
  async process({ rows }: { rows: readonly Pick<Letter, 'id'>[] }, manager: EntityManager) {
    for (const { id } of rows) await manager.update(Letter, id, { state: 'sent' });
  }
}

@Backfill<Letter>({ name: 'purge', kind: 'purge', ...OPTIONS })
class PurgeLetters {}

/** A range from the first key to the ninth, with a row of each kind beside plain ones. */
const ROWS = `TRUNCATE letters; INSERT INTO letters SELECT n, CASE WHEN n = 5 THEN NULL WHEN n % 2 = 0 THEN 'b' ELSE 'a' END, CASE WHEN n = 8 THEN 'sent' END
  FROM generate_series(1, 10) AS n`;
const KINDS = ['set', 'transform', 'process', 'purge'];

describe('a batch of', () => {
  const stage = Stage.for({
    entities: [Letter],
    backfills: [SetState, TransformState, ProcessState, PurgeLetters],
  });
  let session: Session;
  let ledger: BackfillLedger;
  let runner: BatchRunner;
  let range: LeasedRange;
  beforeEach(async () => {
    await stage.query(`DROP SCHEMA IF EXISTS nestjs_backfill CASCADE; ${ROWS}`);
  });
  afterEach(async () => {
    await LockHolder.releaseAll();
    await session.close();
  });

  /** Leases a range of the rows 1 to 9. Row 7 is in quarantine. */
  async function begin(name: string): Promise<void> {
    const declared = stage.application.context
      .get(BackfillRegistry)
      .definitions.find((each) => each.name === name);
    if (!declared) throw new TypeError(`no backfill ${name}`);
    const definition = { ...declared, pace: { ...declared.pace, lockTimeout: 50 } };
    session = await Session.open(definition.dataSource);
    await installLedger(session, 'nestjs_backfill');
    ledger = new Ledger({ schema: 'nestjs_backfill', owner: 'host:1:run', leaseMs: 600_000 }).of(definition);
    await ledger.locate(session);
    await ledger.status.open(session, definition.kind);
    await ledger.ranges.planSweep(session, null, [{ lower: null, upper: ['9'], file: null }]);
    const leased = await ledger.leases.lease(session, null, { maxWorkers: 1, leaseScope: null });
    if (!leased) throw new TypeError('no range is free');
    range = leased;
    await session.transaction([
      ledger.quarantine.add({ key: ['7'], tenant: 'a', error: 'broken', code: null }),
    ]);
    const facts = await inspectTable(session, definition);
    runner = createBatchRunner(new RowSelection(definition, ledger, facts, null));
  }

  const step = (cursor: Key | null, changed: Partial<SweepStep> = {}): SweepStep => ({
    ...{ cursor, windowUpper: ['9'], region: null, limit: 3, excludeQuarantined: true, number: 1 },
    ...{ signal: new AbortController().signal, ...changed },
  });
  const skip = (...keys: string[]) =>
    stage.query(
      `INSERT INTO nestjs_backfill.skipped_row (name, version, target, key, range_id)
        SELECT name, version, target, to_jsonb(ARRAY[key]), id FROM nestjs_backfill.range, unnest($1::text[]) AS key`,
      [keys],
    );
  const open = (kind: string) =>
    stage.value(
      `SELECT string_agg(id::text, ' ' ORDER BY id) FROM letters WHERE ${kind === 'purge' ? 'true' : 'state IS NULL'}`,
    );
  /** What the ledger has after the batches. */
  const entered = async () => {
    const [row] = await stage.query(
      `SELECT cursor_key AS cursor, updated::int, batches::int FROM nestjs_backfill.range`,
    );
    const tenants = (await ledger.progress.tenants(session, null)).flatMap(({ tenant, updated }) =>
      updated > 0 ? [`${tenant ?? 'none'} ${updated}`] : [],
    );
    return { ...row, tenants: tenants.sort().join(', ') };
  };
  const time = {
    serverMs: expect.any(Number) as number,
    lockedMs: expect.any(Number) as number,
    codeMs: expect.any(Number) as number,
  };

  describe.each(KINDS)('%s', (kind) => {
    beforeEach(() => begin(kind));

    it('changes the next pending rows up to its limit, and records them with its cursor', async () => {
      const first = await runner.sweep(session, range, step(null));
      expect(first).toEqual({
        ...{ selected: 3, changed: 3, cursor: ['3'], tenant: 'a', samePage: null },
        time,
      });
      expect(first.time.serverMs).toBeGreaterThan(0);
      expect(first.time.lockedMs).toBeGreaterThan(0);
      expect(first.time.codeMs > 0).toBe(kind === 'transform' || kind === 'process');
      expect(await entered()).toEqual({ cursor: ['3'], updated: 3, batches: 1, tenants: 'a 2, b 1' });
      expect(await runner.sweep(session, range, step(['3'], { number: 2, limit: 2 }))).toMatchObject({
        ...{ selected: 2, changed: 2, cursor: ['5'], tenant: null },
      });
      expect(await runner.sweep(session, range, step(['5'], { number: 3 }))).toMatchObject({
        ...{ selected: 2, changed: 2, cursor: ['9'], tenant: 'a' },
      });
      expect(await open(kind)).toBe(kind === 'purge' ? '7 8 10' : '7 10');
      const tenants = 'a 3, b 3, none 1';
      expect(await entered()).toEqual({ cursor: ['9'], updated: 7, batches: 3, tenants });
    });

    it('passes locked rows, and stays in its window', async () => {
      await LockHolder.hold(stage.database, 'SELECT FROM letters WHERE id IN (1, 2) FOR UPDATE');
      const { changed } = await runner.sweep(session, range, step(null, { windowUpper: ['4'], limit: 9 }));
      expect(changed).toBe(2);
      expect((await open(kind)).startsWith('1 2 5 6 7')).toBe(true);
      const none = await runner.sweep(session, range, step(['4'], { windowUpper: ['4'] }));
      expect(none).toMatchObject({ selected: 0, changed: 0, tenant: null });
    });

    it('changes rows in quarantine if it is asked to', async () => {
      const outcome = await runner.sweep(session, range, step(null, { excludeQuarantined: false, limit: 9 }));
      expect(outcome).toMatchObject({ selected: 8, changed: 8, cursor: ['9'] });
    });

    it('changes single rows, and removes those that are done from the skipped ones and the quarantine', async () => {
      await skip('1', '4', '7', '8', '99');
      const holder = await LockHolder.hold(stage.database, 'SELECT FROM letters WHERE id = 4 FOR UPDATE');
      const keyStep = { lockTimeoutMs: null, cursor: null, number: 1, signal: new AbortController().signal };
      const keys = [['1'], ['4'], ['7'], ['8'], ['99']];
      const outcome = await runner.byKey(session, range, { ...keyStep, keys });
      expect(outcome.changed).toBe(2);
      expect(outcome.stillPending).toBe(1);
      expect(await ledger.skipped.list(session, range, null, 9)).toEqual([['4']]);
      expect(await ledger.quarantine.keys(session, null, null, 9)).toEqual([]);
      expect(await entered()).toEqual({ cursor: null, updated: 2, batches: 1, tenants: 'a 2' });
      const waiting = { ...keyStep, keys: [['4']], lockTimeoutMs: 20 };
      await expect(runner.byKey(session, range, waiting)).rejects.toThrow('lock timeout');
      await holder.release();
      const done = await runner.byKey(session, range, { ...waiting, cursor: ['4'] });
      expect(done).toMatchObject({ selected: 1, changed: 1, stillPending: 0 });
      expect(await entered()).toMatchObject({ cursor: ['4'], updated: 3, batches: 2 });
      expect(await ledger.skipped.list(session, range, null, 9)).toEqual([]);
    });

    it('does not commit if another process has taken its range', async () => {
      await stage.query('UPDATE nestjs_backfill.range SET fencing_token = fencing_token + 1');
      await expect(runner.sweep(session, range, step(null))).rejects.toMatchObject({ code: 'NB001' });
      await expect(
        runner.byKey(session, range, {
          ...{ keys: [['1']], lockTimeoutMs: null, cursor: null, number: 1 },
          signal: new AbortController().signal,
        }),
      ).rejects.toMatchObject({ code: 'NB001' });
      expect(await open(kind)).toMatch(/^1 2 3 4 5/);
      expect(await entered()).toMatchObject({ updated: 0, batches: 0, tenants: '' });
    });

    it('waits for a lock of the table as long as declared, and changes no row then', async () => {
      const holder = await LockHolder.hold(stage.database, 'LOCK TABLE letters');
      await expect(runner.waitForTables(session, range)).rejects.toThrow('lock timeout');
      await holder.release();
      await runner.waitForTables(session, range);
      expect(await entered()).toMatchObject({ updated: 0, batches: 0 });
      expect(await open(kind)).toMatch(/^1 2 3 4 5/);
    });
  });

  it.each(['set', 'transform'])('%s can change its rows without locking them first', async (kind) => {
    await begin(kind);
    expect(runner.canBeOptimistic).toBe(true);
    const optimistic = { lockMode: 'optimistic' } as const;
    const first = await runner.sweep(session, range, step(null, optimistic));
    expect(first).toMatchObject({ selected: 3, changed: 3, cursor: ['3'], tenant: 'a' });
    const dense = await runner.sweep(session, range, step(['3'], { ...optimistic, isDense: true, limit: 2 }));
    expect(dense).toMatchObject({ selected: 2, changed: 2, cursor: ['5'], tenant: null });
    const last = await runner.sweep(session, range, step(['5'], { ...optimistic, isDense: true, limit: 5 }));
    expect(last).toMatchObject({ selected: 2, changed: 2, cursor: ['9'], tenant: 'a' });
    expect(await open(kind)).toBe('7 10');
    expect(await entered()).toMatchObject({ cursor: ['9'], updated: 7, batches: 3 });
  });

  it.each(['set', 'transform', 'purge'])('%s can be measured, and then changes nothing', async (kind) => {
    await begin(kind);
    await session.begin([]);
    const rehearsed = await runner.rehearse(session, range, step(null), 60_000);
    expect(rehearsed).toMatchObject({ selected: 3, changed: 3, cursor: ['3'], tenant: 'a' });
    await session.rollback();
    await session.begin([]);
    const explained = await runner.explain?.(session, range, step(null), 60_000);
    expect(explained).toMatchObject({ rows: 3 });
    expect(explained?.ms).toBeGreaterThan(0);
    expect(explained?.walBytes).toBeGreaterThan(100);
    await session.rollback();
    expect(await open(kind)).toMatch(/^1 2 3 4 5/);
    expect(await entered()).toMatchObject({ updated: 0, batches: 0, tenants: '' });
  });

  it('process is never measured, because its code may have effects that a rollback does not undo', async () => {
    await begin('process');
    expect(await runner.rehearse(session, range, step(null), 1)).toBeNull();
    expect(['explain', 'pipelineSweep'].map((name) => name in runner)).toEqual([false, false]);
    expect([runner.maxInFlight, runner.canBeOptimistic, runner.canBeUnselected]).toEqual([1, false, false]);
  });
});
