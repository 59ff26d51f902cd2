import { jest } from '@jest/globals';
import { Backfill, type BackfillObserver, type SetBackfill } from 'nestjs-backfill';
import { IsNull } from 'typeorm';
import { BackfillRegistry } from '../../libs/backfill/src/backfills/definition/backfill.registry.ts';
import { LedgerFactory } from '../../libs/backfill/src/ledger/ledger.factory.ts';
import { RunSampler } from '../../libs/backfill/src/operate/sampling/run.sampler.ts';
import type { RunObservers } from '../../libs/backfill/src/report/observers/run-observers.registry.ts';
import { Stage } from '../support/applications/stage.ts';
import { until } from '../support/runs/until.ts';
import { addLeads, Lead, LEAD_TABLES } from '../support/tables/lead-tables.ts';

@Backfill<Lead>({ name: 'names', entity: Lead, where: { searchName: IsNull() } })
class Names implements SetBackfill<Lead> {
  set() {
    return { searchName: 'lower(name)' };
  }
}

describe('the samples of a run', () => {
  const stage = Stage.for({ entities: LEAD_TABLES, backfills: [Names] });
  beforeAll(async () => {
    await addLeads(stage.database, 1);
    // The first run installs the ledger.
    await stage.run('names');
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  it('count on over the turns of a run under --max-duration, each of which counts from zero', async () => {
    jest.useFakeTimers({ doNotFake: [...EVERYTHING_ELSE] });
    const { observer, flush } = sampler();
    const sampled = async (count: number) => {
      jest.advanceTimersByTime(5_000);
      await until(async () => (await samples()).length === count);
    };
    const progress = { name: 'names', tenant: null, rowsPerSecond: 1, remainingMs: null, key: null };
    const turn = (counts: { updated: number; batches: number; total: number }) => {
      observer.started?.({ name: 'names', total: counts.total } as never);
      observer.progressed?.({ ...progress, ...counts } as never);
    };
    turn({ updated: 40, batches: 4, total: 100 });
    await sampled(1);
    turn({ updated: 10, batches: 2, total: 60 });
    await sampled(2);
    turn({ updated: 25, batches: 1, total: 50 });
    observer.finished?.({ name: 'names' } as never);
    await flush();
    expect(await samples()).toEqual([
      { updated: 40, batches: 4, remaining: 60, batch_size: 10 },
      { updated: 50, batches: 6, remaining: 50, batch_size: 5 },
      { updated: 75, batches: 7, remaining: 25, batch_size: 25 },
    ]);
    expect(await stage.query('SELECT DISTINCT run FROM nestjs_backfill.sample')).toHaveLength(1);
  });

  const samples = () =>
    stage.query(
      'SELECT updated::int, batches::int, remaining::int, batch_size FROM nestjs_backfill.sample ORDER BY at',
    );

  /** What the application's sampler gives to each run. */
  function sampler(): { readonly observer: BackfillObserver; readonly flush: () => Promise<void> } {
    const { context } = stage.application;
    const added: { observer: BackfillObserver; flush?: () => Promise<void> }[] = [];
    const observers = { add: (each: (typeof added)[number]) => void added.push(each) };
    new RunSampler(
      context.get(BackfillRegistry),
      context.get(LedgerFactory),
      observers as unknown as RunObservers,
    ).onModuleInit();
    const [{ observer, flush = () => Promise.resolve() } = { observer: {} }] = added;
    return { observer, flush };
  }
});

/** Only the interval of the samples is under the control of the test. */
const EVERYTHING_ELSE = [
  'Date',
  'hrtime',
  'nextTick',
  'performance',
  'queueMicrotask',
  'setImmediate',
  'clearImmediate',
  'setTimeout',
  'clearTimeout',
] as const;
