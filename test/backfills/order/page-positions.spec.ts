import fc from 'fast-check';
import { positionFromKey, positionToKey } from '../../../libs/backfill/src/ledger/pages/page-position.ts';
import { nextPosition, regionAt, stripeOf } from '../../../libs/backfill/src/backfills/batch/order/region.ts';
import type { FileFacts } from '../../../libs/backfill/src/backfills/batch/order/file.inspector.ts';
import {
  RegionSizer,
  type SizerPace,
} from '../../../libs/backfill/src/backfills/run/range/sweep/region.sizer.ts';
import { PageWindow } from '../../../libs/backfill/src/backfills/run/range/sweep/page-window.ts';
import { pageRanges } from '../../../libs/backfill/src/backfills/pending/sweep.planner.ts';
import type { WindowBatch } from '../../../libs/backfill/src/backfills/run/range/sweep/sweep-window.ts';
import { boundAt } from '../../../libs/backfill/src/backfills/batch/order/region.ts';
import { seed } from '../../support/runs/seeded-random.ts';

const SEED = seed();

/** Pages of rows, simulated: for each page, the numbers of its pending rows. */
const anyTable = fc.array(fc.uniqueArray(fc.integer({ min: 1, max: 30 }), { maxLength: 20 }), {
  minLength: 1,
  maxLength: 40,
});
const anySize = fc.record({
  pages: fc.integer({ min: 1, max: 12 }),
  stripes: fc.integer({ min: 1, max: 9 }),
});

describe('the positions of a sweep in page order', () => {
  it(`pass every row, whatever the sizes of regions and batches (SEED=${SEED})`, () => {
    fc.assert(
      fc.property(
        anyTable,
        fc.array(fc.record({ size: anySize, limit: fc.integer({ min: 1, max: 40 }) }), { minLength: 1 }),
        (table, choices) => {
          const pending = new Set(table.flatMap((rows, page) => rows.map((row) => `(${page},${row})`)));
          let key = boundAt(0);
          let steps = 0;
          while (key[0] !== `(${table.length},0)`) {
            // Every batch may have another size, as after an error or in another process.
            const { size, limit } = choices[steps % choices.length] ?? fail();
            if (++steps > 50_000) throw new Error('The sweep does not end.');
            const from = positionFromKey(key);
            const region = regionAt(from, size, table.length);
            const [fromPage = 0, fromRow = 0] = from.ctid.slice(1, -1).split(',').map(Number);
            const rows = table
              .flatMap((numbers, page) => [...numbers].sort((a, b) => a - b).map((row) => ({ page, row })))
              .filter(({ page, row }) => page > fromPage || (page === fromPage && row > fromRow))
              .filter(({ page }) => page < region.endPage)
              .filter(
                ({ row }) =>
                  from.stripe >= region.stripes - 1 || stripeOf(row, region.stripes) === from.stripe,
              )
              .map(({ page, row }) => `(${page},${row})`)
              .filter((ctid) => pending.has(ctid))
              .slice(0, limit);
            for (const ctid of rows) pending.delete(ctid);
            const result = { selected: rows.length, limit, lastCtid: rows.at(-1) ?? null };
            key = positionToKey(nextPosition(from, region, result));
          }
          expect([...pending]).toEqual([]);
        },
      ),
      { seed: SEED | 0 },
    );
  });

  it('begin with the stripe that moves most rows of a page, so that each other stripe finds room', () => {
    for (let rows = 1; rows <= 60; rows++) {
      for (let stripes = 2; stripes <= 9; stripes++) {
        const sizes = Array.from({ length: stripes }, () => 0);
        for (let line = 1; line <= rows; line++) sizes[stripeOf(line, stripes)]! += 1;
        expect({ rows, stripes, first: sizes[0] }).toEqual({ rows, stripes, first: Math.max(...sizes) });
      }
    }
  });

  it('are divided among the workers without a gap and without an overlap', () => {
    const file = { table: '"public"."leads"', tableId: '1', fileNode: '2', rowsPerPage: 30 };
    const ranges = pageRanges([{ ...file, pages: 1_000 }], 4, 2_000);
    expect(ranges.map(({ lower }) => lower)).toEqual([0, 250, 500, 750].map(boundAt));
    expect(ranges.map(({ upper }) => upper)).toEqual([250, 500, 750, 1_000].map(boundAt));
    // Small parts are not worth another worker.
    expect(pageRanges([{ ...file, pages: 100 }], 4, 2_000)).toHaveLength(1);
    expect(pageRanges([{ ...file, pages: 0 }], 4, 2_000)).toEqual([]);
  });
});

describe('the number of stripes', () => {
  const FACTS = { rowsPerPage: 27, pages: 1_000, indexes: 1, notHeapOnly: null };
  const sizerOf = (facts: FileFacts, pace: Partial<SizerPace> = {}) =>
    new RegionSizer(facts, { stripes: 'auto', workers: 1, maxWorkers: 1, ...pace });
  const NO_TIME = { serverMs: 0, lockedMs: 0, codeMs: 0 };
  const batchAt = (stripe: number, stripes: number): WindowBatch => ({
    limit: 200,
    lockMode: 'optimistic',
    region: { pages: 40, stripes },
    pages: null,
    cursor: ['(0,0)', String(stripe), '0', '40', String(stripes)],
    windowUpper: boundAt(1_000),
  });
  const report = (sizer: RegionSizer, stripe: number, samePage: number) => {
    const { stripes } = sizer;
    const changed = Math.round((27 * 40) / stripes);
    const outcome = { selected: changed, changed, cursor: null, tenant: null, samePage, time: NO_TIME };
    sizer.batchFinished(outcome, batchAt(stripe, stripes));
  };

  it('follows the rows of a page, up to a maximum', () => {
    expect(sizerOf(FACTS).stripes).toBe(8);
    expect(sizerOf({ ...FACTS, rowsPerPage: 14 }).stripes).toBe(6);
    expect(sizerOf({ ...FACTS, rowsPerPage: 200 }).stripes).toBe(8);
    // Of wide rows, each stripe has one on a page.
    expect(sizerOf({ ...FACTS, rowsPerPage: 4 }).stripes).toBe(3);
    expect(sizerOf({ ...FACTS, rowsPerPage: 3.6, indexes: 4 }).stripes).toBe(3);
    expect(sizerOf({ ...FACTS, rowsPerPage: 1.9 }).stripes).toBe(1);
    // A row that moves to another page needs an entry in each index.
    expect(sizerOf({ ...FACTS, indexes: 2 }).stripes).toBe(10);
    expect(sizerOf({ ...FACTS, indexes: 4 }).stripes).toBe(12);
    expect(sizerOf({ ...FACTS, indexes: 4, rowsPerPage: 14 }).stripes).toBe(9);
    expect(sizerOf(FACTS, { stripes: 3 }).stripes).toBe(3);
  });

  it('of several workers consist of several batches, so that dead versions can be pruned in between', () => {
    expect(sizerOf(FACTS).region(501)).toEqual({ pages: 112, stripes: 8 });
    expect(sizerOf(FACTS, { maxWorkers: 2 }).region(501)).toEqual({ pages: 450, stripes: 8 });
    // The regions of all workers together stay in memory between their stripes.
    expect(sizerOf(FACTS, { maxWorkers: 2 }).region(5_000).pages).toBe(2_048);
    expect(sizerOf(FACTS, { maxWorkers: 3 }).region(5_000).pages).toBe(1_365);
    // With fewer pages, a stripe would have a single batch.
    expect(sizerOf(FACTS, { maxWorkers: 64 }).region(5_000).pages).toBe(512);
  });

  it('lets no batch read more rows than its limit, although the first stripes of a page have more rows than the others', () => {
    const sizer = sizerOf(FACTS);
    const most = 4;
    for (let region = 0; region < 20; region++) {
      for (let stripe = 0; stripe < 8; stripe++) {
        expect(sizer.pagesOfBatch(200, 8) * most).toBeLessThanOrEqual(200);
        // Of 25 rows on most pages and 24 on some, stripe 0 has 4 rows or 3, and each other one 3 or less.
        const changed = stripe === 0 ? 155 : 118;
        const outcome = {
          selected: changed,
          changed,
          cursor: null,
          tenant: null,
          samePage: changed,
          time: NO_TIME,
        };
        const cursor = [
          `(${region * 40},0)`,
          String(stripe),
          String(region * 40),
          String(region * 40 + 40),
          '8',
        ];
        for (let batch = 0; batch < 3; batch++)
          sizer.batchFinished(outcome, { ...batchAt(stripe, 8), cursor });
      }
    }
  });

  it('is one where an update cannot be heap-only', () => {
    expect(sizerOf({ ...FACTS, notHeapOnly: 'the index …' }).stripes).toBe(1);
    expect(sizerOf({ ...FACTS, pages: 63 }).stripes).toBe(1);
  });

  it('becomes one while new versions find no room, and is tried again: soon at first, as after an ANALYZE, then later', () => {
    const sizer = sizerOf(FACTS);
    const waits = [16, 32, 64].map((expected) => {
      for (let batch = 0; batch < 8; batch++) report(sizer, 1, 0);
      let batches = 0;
      for (; sizer.stripes === 1 && batches < expected * 2; batches++) report(sizer, 0, 0);
      return batches;
    });
    expect(waits).toEqual([16, 32, 64]);
  });

  it('remembers the stripes whose rows found no room, so that their batches get a size of their own', () => {
    const sizer = sizerOf(FACTS);
    const window = new PageWindow(sizer, 200);
    const stageAt = (stripe: number, stripes = 8) =>
      window.stageAt(['(40,0)', String(stripe), '40', '80', String(stripes)], null);
    expect([0, 1, 2].map((stripe) => stageAt(stripe))).toEqual(['moving', 'regular', 'regular']);
    report(sizer, 1, 135);
    report(sizer, 2, 90);
    expect([0, 1, 2].map((stripe) => stageAt(stripe))).toEqual(['moving', 'regular', 'spilling']);
    expect(stageAt(2, 7)).toBe('regular');
    report(sizer, 2, 135);
    expect(stageAt(2)).toBe('regular');
  });

  it('stays while new versions find room', () => {
    const sizer = sizerOf(FACTS);
    for (let batch = 0; batch < 40; batch++) report(sizer, 1, 130);
    expect(sizer.stripes).toBe(8);
  });

  it('is reduced where the first stripe finds room already', () => {
    const sizer = sizerOf(FACTS);
    report(sizer, 0, 130);
    expect(sizer.stripes).toBe(4);
  });
});

describe('the batches of a stripe', () => {
  const sizer = new RegionSizer(
    { rowsPerPage: 27, pages: 1_000, indexes: 1, notHeapOnly: null },
    { stripes: 'auto', workers: 1, maxWorkers: 1 },
  );
  const window = new PageWindow(sizer, 200);
  /** The sizes of the batches that read the stripe of a region, in pages. */
  const sizes = (pages: number, limit: number) => {
    const found: number[] = [];
    for (let page = 0; page < pages; page += found.at(-1) ?? pages) {
      const cursor = [`(${page},0)`, '1', '0', String(pages), '8'];
      found.push(window.pagesAt(cursor, { pages, stripes: 8 }, limit) ?? fail());
    }
    return found;
  };

  it('are in windows that stay in memory where many rows are pending, and in larger ones where few are', () => {
    const sizeOf = (rowsPerPage: number) =>
      new PageWindow(
        new RegionSizer(
          { rowsPerPage, pages: 1_000_000, indexes: 1, notHeapOnly: null },
          { stripes: 'auto', workers: 1, maxWorkers: 1 },
        ),
        10_000,
      ).size;
    expect(sizeOf(27)).toBe(4_096);
    expect(sizeOf(0.01)).toBe(16_384);
  });

  it('are of equal size, so that none reads only a small rest', () => {
    expect(sizes(100, 440)).toEqual([100]);
    expect(sizes(101, 400)).toEqual([51, 50]);
    expect(sizes(250, 400)).toEqual([84, 83, 83]);
  });
});
