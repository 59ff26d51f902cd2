import {
  renderProgressBar,
  renderProgressLine,
  renderWait,
} from '../../../libs/backfill/src/one-shot/output/progress/progress.renderer.ts';
import { displayWidth } from '../../../libs/backfill/src/one-shot/output/text/display-width.ts';
import { progressOf } from './reports.ts';

describe('a progress line', () => {
  it('shows rows, rate, percentage, time left and key', () => {
    expect(renderProgressLine(progressOf())).toBe(
      'leads-direction: 42,000 rows, 3,950 rows/s, 42 %, ~15 s left, at 42017',
    );
  });

  it('marks estimates and shows the tenant', () => {
    expect(renderProgressLine(progressOf({ totalIsEstimate: true, tenant: '7', cursor: ['7', 'x'] }))).toBe(
      'leads-direction: 42,000 rows, 3,950 rows/s, ~42 %, ~15 s left, last row of tenant 7, at (7, x)',
    );
  });

  it('leaves out what is unknown', () => {
    const unknown = { updated: 1, total: null, fraction: null, remainingMs: null, cursor: null };
    expect(renderProgressLine(progressOf(unknown))).toBe('leads-direction: 1 row, 3,950 rows/s');
  });

  it('shows the reason of a wait', () => {
    expect(renderWait({ name: 'a', waitingFor: 'a lock held by pid 12 (psql)' })).toBe(
      'a: waiting for a lock held by pid 12 (psql)',
    );
  });
});

describe('the progress bar', () => {
  it('shows the completed share', () => {
    expect(renderProgressBar(progressOf(), 200)).toBe(
      'leads-direction  ██████████░░░░░░░░░░░░░░ 42 %  42,000/100,000  3,950 rows/s  ~15 s left  at 42017',
    );
  });

  it.each([100, 80, 60, 50, 20, 5])('fits into %d columns', (columns) => {
    const bar = renderProgressBar(progressOf({ tenant: '株式会社' }), columns);
    expect(displayWidth(bar)).toBeLessThanOrEqual(columns);
    expect(bar.startsWith('lead')).toBe(true);
  });

  it('shows no share when the total is unknown', () => {
    const bar = renderProgressBar(progressOf({ total: null, fraction: null, remainingMs: null }), 80);
    expect(bar).toBe('leads-direction  42,000 rows  3,950 rows/s  at 42017');
  });
});
