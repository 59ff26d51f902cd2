import { clip } from '../../../libs/backfill/src/one-shot/output/text/display-width.ts';
import { printable } from '../../../libs/backfill/src/one-shot/output/text/printable.ts';
import { renderTable } from '../../../libs/backfill/src/one-shot/output/text/table.renderer.ts';
import { formatDuration } from '../../../libs/backfill/src/text/duration.format.ts';
import { formatPercentage } from '../../../libs/backfill/src/text/quantity.format.ts';

describe('text on a terminal', () => {
  it.each([
    [0, '0 ms'],
    [850, '850 ms'],
    [1_000, '1 s'],
    [12_340, '12.3 s'],
    [59_949, '59.9 s'],
    [59_960, '1 min'],
    [245_000, '4 min 05 s'],
    [3_599_600, '1 h'],
    [7_980_000, '2 h 13 min'],
    [273_600_000, '3 d 04 h'],
  ])('shows %d ms as %s', (milliseconds, text) => {
    expect(formatDuration(milliseconds)).toBe(text);
  });

  it('shows 100 % only when everything is done', () => {
    expect(formatPercentage(0.9999)).toBe('99 %');
    expect(formatPercentage(1)).toBe('100 %');
    expect(formatPercentage(1.2)).toBe('100 %');
  });

  it('escapes characters that move the cursor or reorder the line', () => {
    expect(printable('a\u001b[2Jb\u202ec\n')).toBe(String.raw`a\u001b[2Jb\u202ec\u000a`);
  });

  it('is cut at the width of the terminal, with two columns for a wide character', () => {
    expect(clip('abcdef', 6)).toBe('abcdef');
    expect(clip('abcdef', 5)).toBe('abcd…');
    expect(clip('株式会社', 6)).toBe('株式…');
    expect(clip('abc', 0)).toBe('');
  });

  it('aligns numbers in a table to the right', () => {
    expect(
      renderTable(
        [
          ['a', 'n', 'text'],
          ['株', '10', 'b'],
        ],
        [2],
      ),
    ).toEqual(['a    n  text', '株  10  b']);
  });
});
