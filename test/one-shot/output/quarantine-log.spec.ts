import { RunLog } from '../../../libs/backfill/src/backfills/run/log/run-log.ts';

describe('the log lines about quarantined rows', () => {
  const linesFor = (rows: number): string[] => {
    const lines: string[] = [];
    const log = new RunLog({
      name: 'a',
      progressEvery: 10,
      observer: { noted: ({ message }) => void lines.push(message) },
    });
    for (let row = 1; row <= rows; row++) log.quarantined(`(${row})`, new RangeError(`${row} is too much`));
    return lines;
  };

  it('name each row with its error', () => {
    expect(linesFor(2)).toEqual([
      'Row (1) is in quarantine: RangeError: 1 is too much',
      'Row (2) is in quarantine: RangeError: 2 is too much',
    ]);
  });

  it('only count the rows after the first ten, less and less often, so that a thousand rows need few lines', () => {
    const lines = linesFor(1_000);
    expect(lines.filter((line) => line.startsWith('Row '))).toHaveLength(10);
    expect(lines.slice(10)).toEqual([
      'Further rows in quarantine are only counted here; `--status` shows their errors.',
      ...[20, 50, 100, 200, 500, 1_000].map(
        (count) =>
          `This run has put ${count} rows in quarantine so far. The last error: RangeError: ${count} is too much`,
      ),
    ]);
  });
});
