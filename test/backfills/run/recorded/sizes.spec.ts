import type { PaceOptions } from '../../../../libs/backfill/src/backfills/declare/backfill.options.ts';
import { resolvePace } from '../../../../libs/backfill/src/backfills/declare/pace.ts';
import type { BatchOutcome } from '../../../../libs/backfill/src/backfills/batch/batch.ts';
import { boundAt } from '../../../../libs/backfill/src/backfills/batch/order/region.ts';
import { BatchLimit } from '../../../../libs/backfill/src/backfills/run/range/pace/batch-limit.ts';
import { BatchPause } from '../../../../libs/backfill/src/backfills/run/range/pace/batch-pause.ts';
import { KeyWindow } from '../../../../libs/backfill/src/backfills/run/range/sweep/key-window.ts';
import { PageWindow } from '../../../../libs/backfill/src/backfills/run/range/sweep/page-window.ts';
import { RegionSizer } from '../../../../libs/backfill/src/backfills/run/range/sweep/region.sizer.ts';
import type { SweepWindow } from '../../../../libs/backfill/src/backfills/run/range/sweep/sweep-window.ts';
import type { Key } from '../../../../libs/backfill/src/ledger/range.ts';
import { Recorded } from '../../../guard/recorded/recorded.ts';

/** `WRITE_RECORDED=1` writes the file anew: review the difference. */
const recorded = new Recorded(new URL('sizes.txt', import.meta.url));
afterAll(() => recorded.end());

const AUTO: PaceOptions = {};
const FIXED: PaceOptions = { batchSize: 100 };
const SMALL: PaceOptions = { batchSize: 10, maxBatchSize: 300 };

/** Milliseconds for which a batch of so many rows holds its locks. */
type TimeOf = (rows: number, batch: number) => number;
const TIMES: Readonly<Record<string, TimeOf>> = {
  'each row takes 0.01 ms': (rows) => rows / 100,
  'each row takes 0.05 ms after 8 ms': (rows) => 8 + rows / 20,
  'each batch takes 30 ms': () => 30,
  'each batch takes 150 ms': () => 150,
  'the server gets slow and recovers': (rows, at) => (at > 30 && at < 60 ? 200 : rows / 100),
  'the server gets faster': (rows, at) => (at < 40 ? 30 + rows / 10 : 2 + rows / 200),
  'every seventh batch is slow': (rows, at) => (at % 7 === 0 ? 110 : rows / 50),
  'each row takes 1 ms': (rows) => rows,
};

/** The numbers, each with how often it follows itself. */
function runs(values: readonly number[]): string {
  const groups: [number, number][] = [];
  for (const value of values) {
    const last = groups.at(-1);
    if (last?.[0] === value) last[1]++;
    else groups.push([value, 1]);
  }
  return groups.map(([value, times]) => (times === 1 ? String(value) : `${value} ×${times}`)).join(', ');
}

describe('the sizes of batches stay as in sizes.txt', () => {
  const cases = Object.entries({ AUTO, FIXED, SMALL }).flatMap(([pace, options]) =>
    Object.entries(TIMES).map(([times, timeOf]) => ({ name: `${pace}: ${times}`, options, timeOf })),
  );

  it.each(cases)('$name', ({ name, options, timeOf }) => {
    const limit = new BatchLimit(resolvePace('X', options));
    const sizes = Array.from({ length: 160 }, (_, at) => {
      const { rows } = limit;
      limit.succeeded({ rows, limit: rows, lockedMs: timeOf(rows, at) });
      return rows;
    });
    recorded.expect(name, runs(sizes));
  });

  it.each(Object.entries({ AUTO, FIXED, SMALL }))(
    '%s: after errors, and changes by a person',
    (name, options) => {
      const limit = new BatchLimit(resolvePace('X', options));
      const lines: string[] = [];
      const step = (what: string, result: unknown = '') =>
        lines.push(`${what}: ${limit.rows} ${String(result)}`);
      const batches = (count: number, ms: number, share = 1) => {
        for (let each = 0; each < count; each++) {
          const { rows } = limit;
          limit.succeeded({ rows: Math.ceil(rows * share), limit: rows, lockedMs: ms });
        }
        step(`${count} batches of ${ms} ms that are full to ${share}`);
      };
      batches(60, 1);
      for (let each = 0; each < 5; each++) step('too slow', limit.wasTooSlow(20_000));
      batches(19, 1);
      batches(1, 1);
      step('too slow', limit.wasTooSlow(20_000));
      batches(39, 1);
      batches(1, 1);
      for (let each = 0; each < 3; each++) step('halved', limit.halve());
      limit.succeeded(null);
      step('a batch of one row');
      batches(2, 1);
      for (let each = 0; each < 12; each++) step('lowered', limit.lower());
      batches(30, 14_900);
      batches(30, 15_001);
      batches(100, 2);
      batches(30, 2, 0.4);
      batches(30, 2, 0.5);
      for (const setting of [50, 50, 1, null, null, 5_000]) {
        limit.follow(setting);
        step(`a person sets ${setting}`);
        batches(12, 1);
      }
      recorded.expect(`${name}: errors and settings`, lines.join('\n'));
    },
  );
});

describe('the pauses between batches stay as in sizes.txt', () => {
  it.each(['auto', 0, 30] as const)('with the pause %s', (pause) => {
    const { targetDuration } = resolvePace('X', {});
    const pauses = new BatchPause({ pause, targetDuration });
    const seen: string[] = [];
    const see = () => {
      seen.push(`${Math.round(pauses.ms * 10) / 10}/${pauses.maxInFlight}`);
      pauses.rested(pauses.ms);
    };
    see();
    for (const [serverMs, idleMs, times] of [
      [1, 0, 6],
      [1, 5, 20],
      [100, 5, 3],
      [101, 5, 3],
      [40, 100, 12],
      [0, 3, 4],
    ] as const) {
      for (let each = 0; each < times; each++) {
        pauses.after({ serverMs, idleMs });
        see();
      }
    }
    for (const next of ['auto', 0, 10, 10, 'auto'] as const) {
      pauses.follow(next);
      see();
      pauses.after({ serverMs: 2, idleMs: 1 });
      see();
    }
    recorded.expect(`the pause ${pause}, and the most pipelined batches`, seen.join(' '));
  });
});

/** What a sweep over a table finds, in order. */
interface Found {
  readonly rowsPerPage: number;
  /** The share of updates on the same page in the first stripe, and in the others. */
  readonly samePage: readonly [number, number] | null;
}

describe('the regions and windows of pages stay as in sizes.txt', () => {
  const found: Readonly<Record<string, Found>> = {
    'many rows a page, and room for them': { rowsPerPage: 27, samePage: [0.95, 1] },
    'many rows a page, full': { rowsPerPage: 27, samePage: [0, 0.9] },
    'many rows a page, and no room at all': { rowsPerPage: 27, samePage: [0, 0.2] },
    'a row on every second page': { rowsPerPage: 0.5, samePage: null },
    'no row': { rowsPerPage: 0, samePage: null },
    'twelve rows a page, just enough room': { rowsPerPage: 12, samePage: [0.9, 0.25] },
  };
  const tables = [
    [{ rowsPerPage: 27, pages: 100_000, indexes: 1, notHeapOnly: null }, AUTO],
    [{ rowsPerPage: 27, pages: 100_000, indexes: 1, notHeapOnly: null }, { workers: 4 }],
    [{ rowsPerPage: 27, pages: 100_000, indexes: 5, notHeapOnly: null }, AUTO],
    [{ rowsPerPage: 27, pages: 100_000, indexes: 1, notHeapOnly: null }, { stripes: 2 }],
    [{ rowsPerPage: 27, pages: 100_000, indexes: 1, notHeapOnly: null }, { stripes: 3 }],
    [{ rowsPerPage: 27, pages: 63, indexes: 1, notHeapOnly: null }, AUTO],
    [{ rowsPerPage: 0.001, pages: 64, indexes: 1, notHeapOnly: null }, AUTO],
    [{ rowsPerPage: 5, pages: 100_000, indexes: 1, notHeapOnly: 'an index has the column' }, AUTO],
  ] as const satisfies readonly (readonly [object, PaceOptions])[];
  const cases = tables.flatMap(([facts, options]) =>
    Object.entries(found).map(([name, what]) => ({
      name: `${JSON.stringify(facts)} ${JSON.stringify(options)}: ${name}`,
      facts,
      options,
      what,
    })),
  );

  it.each(cases)('$name', ({ name, facts, options, what }) => {
    const sizer = new RegionSizer(facts, resolvePace('X', options));
    const window: SweepWindow = new PageWindow(sizer, 200);
    const lines: string[] = [];
    let page = 0;
    for (let at = 0; at < 8; at++) {
      const region = window.region(200) ?? { pages: 1, stripes: 1 };
      const sizes = `${region.pages} pages, ${region.stripes} stripes, window ${Math.round(window.size)}`;
      const steps: string[] = [];
      let cursor: Key | null = boundAt(page);
      const windowUpper = boundAt(page + window.size);
      for (let stripe = 0; stripe < region.stripes; stripe++) {
        const pages = window.pagesAt(cursor, region, 200);
        const batch = { limit: 200, lockMode: 'optimistic', region, pages, cursor, windowUpper } as const;
        const next = window.expectedCursor(batch);
        const share = what.samePage?.[stripe === 0 ? 0 : 1];
        const selected = Math.round((what.rowsPerPage * region.pages) / region.stripes);
        const samePage = share === undefined ? null : Math.round(share * selected);
        const outcome = { selected, changed: selected, cursor: next, samePage } as unknown as BatchOutcome;
        window.batchFinished(outcome, batch);
        steps.push(
          `${pages ?? '-'} ${window.stageAt(cursor, region)} → ${JSON.stringify(next)}${window.hasRoomBeyond([batch]) ? '' : ' end'}`,
        );
        cursor = next;
      }
      lines.push(`${sizes}; stripes now ${sizer.stripes}; ${steps.slice(0, 3).join('; ')}`);
      page += region.pages;
      if (at === 5) lines.push(`shrunk: ${window.shrink()}, window ${Math.round(window.size)}`);
      window.grow(200);
      window.opened({ mayHaveSkipped: false });
    }
    recorded.expect(name, lines.join('\n'));
  });

  it.each(['keys', 'pages'] as const)('after errors in a window of %s', (kind) => {
    const facts = { rowsPerPage: 27, pages: 100_000, indexes: 1, notHeapOnly: null };
    const window: SweepWindow =
      kind === 'keys'
        ? new KeyWindow(100)
        : new PageWindow(new RegionSizer(facts, resolvePace('X', {})), 100);
    const lines: string[] = [];
    const see = (what: string, result: unknown = '') =>
      lines.push(
        `${what} ${String(result)}: size ${Math.round(window.size)}, exhausted ${window.isExhausted}, pending ${window.hasPending}, skipped ${window.mayHaveSkipped}`,
      );
    const batch = (limit: number, lockMode: 'optimistic' | 'locking', pages: number | null = null) => ({
      limit,
      lockMode,
      region: { pages: 10, stripes: 1 },
      pages,
      cursor: boundAt(3),
      windowUpper: boundAt(13),
    });
    const finish = (selected: number, changed: number, sent: ReturnType<typeof batch>) => {
      const outcome = { selected, changed, cursor: boundAt(5), samePage: null } as unknown as BatchOutcome;
      window.batchFinished(outcome, sent);
      see(
        `${changed} of ${selected} rows changed, ${sent.lockMode}, pages ${sent.pages}`,
        window.hasRoomBeyond([sent, sent]),
      );
    };
    see('new');
    window.opened({ mayHaveSkipped: false });
    see('opened');
    finish(100, 100, batch(100, 'optimistic'));
    finish(99, 99, batch(100, 'optimistic'));
    window.opened({ mayHaveSkipped: false });
    finish(0, 0, batch(100, 'optimistic'));
    finish(100, 99, batch(100, 'optimistic'));
    window.opened({ mayHaveSkipped: false });
    finish(100, 100, batch(100, 'locking'));
    window.opened({ mayHaveSkipped: false });
    finish(100, 100, batch(100, 'optimistic', 4));
    for (const change of ['pendingFound', 'rowsSkipped', 'exhausted', 'reset'] as const) {
      window.opened({ mayHaveSkipped: false });
      window[change]();
      see(change);
    }
    for (let each = 0; each < 12; each++) {
      window.grow(1_000);
      see('grown');
    }
    window.pendingFound();
    window.grow(20);
    see('grown with pending rows');
    for (let each = 0; each < 11; each++) see('shrunk', window.shrink());
    window.grow(1_000);
    see('grown');
    recorded.expect(`a window of ${kind}`, lines.join('\n'));
  });
});
