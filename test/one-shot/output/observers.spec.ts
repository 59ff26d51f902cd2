import { PassThrough } from 'node:stream';
import { JsonObserver } from '../../../libs/backfill/src/one-shot/output/json/json.observer.ts';
import { LogObserver } from '../../../libs/backfill/src/one-shot/output/progress/log.observer.ts';
import { ProgressBarObserver } from '../../../libs/backfill/src/one-shot/output/progress/progress-bar.observer.ts';
import { StdoutReservation } from '../../../libs/backfill/src/one-shot/output/json/stdout.reservation.ts';
import { TerminalLine } from '../../../libs/backfill/src/one-shot/output/progress/terminal-line.ts';
import { progressOf, reportOf } from './reports.ts';

/**
 * Collects the text of the two streams of a process in order, as a terminal shows it. Text on stderr is
 * marked with `!`.
 */
class Terminal {
  readonly stdout = this.#stream('');
  readonly stderr = this.#stream('!');
  written = '';

  #stream(mark: string): NodeJS.WriteStream {
    const stream = new PassThrough();
    stream.write = (chunk: unknown) => {
      this.written += mark + String(chunk);
      return true;
    };
    return Object.assign(stream, { columns: 81, isTTY: true }) as unknown as NodeJS.WriteStream;
  }
}

const CLEAR = '\r\u001b[K';

describe('the log of a run', () => {
  const lines: string[] = [];
  const observer = new LogObserver({
    log: (message: string) => lines.push(`log ${message}`),
    warn: (message: string) => lines.push(`warn ${message}`),
  });
  beforeEach(() => lines.splice(0));

  it('has lines for the start, for the batches with a progress line, for waits, notes and the end', () => {
    observer.started({ name: 'a', version: 1, reason: 'First run.', total: 5_000, totalIsEstimate: true });
    observer.progressed({ ...progressOf(), line: false });
    observer.progressed({ ...progressOf(), line: true });
    observer.waiting({ name: 'a', waitingFor: 'a lock' });
    observer.noted({ name: 'a', level: 'warn', message: 'retried:\n deadlock' });
    observer.finished(reportOf());
    observer.finished(reportOf({ status: 'failed', reason: 'Too many.', updated: 1 }));
    observer.finished(reportOf({ nothingToDo: true, reason: 'Nothing to do: complete since noon.' }));
    expect(lines).toEqual([
      'log a: started, ~5,000 pending. First run.',
      'log leads-direction: 42,000 rows, 3,950 rows/s, 42 %, ~15 s left, at 42017',
      'log a: waiting for a lock',
      'warn a: retried: deadlock',
      'log leads-direction: complete, 98,213 rows in 41.2 s. No row is pending any more.',
      'warn leads-direction: failed, 1 row in 41.2 s. Too many.',
      'log leads-direction: nothing to do. Complete since noon.',
    ]);
  });
});

describe('the records of a run', () => {
  it('are one JSON object per line and start with time and event', () => {
    let written = '';
    const observer = new JsonObserver(
      (line) => (written += line),
      () => new Date(0),
    );
    observer.started({ name: 'a', version: 1, reason: 'r', total: null, totalIsEstimate: false });
    observer.progressed({ ...progressOf(), line: false });
    observer.progressed({ ...progressOf(), line: true });
    observer.waiting({ name: 'a', waitingFor: 'a lock' });
    observer.noted({ name: 'a', level: 'log', message: 'm' });
    observer.finished(reportOf());
    const time = '1970-01-01T00:00:00.000Z';
    expect(
      written
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown),
    ).toEqual([
      {
        time,
        level: 'log',
        event: 'started',
        name: 'a',
        version: 1,
        reason: 'r',
        total: null,
        totalIsEstimate: false,
      },
      { time, level: 'log', event: 'progress', batch: progressOf().batches, ...progressOf() },
      { time, level: 'log', event: 'waiting', name: 'a', waitingFor: 'a lock' },
      { time, event: 'note', name: 'a', level: 'log', message: 'm' },
      { time, level: 'log', event: 'finished', ...reportOf() },
    ]);
  });
});

describe('the progress bar', () => {
  it('is redrawn at most ten times per second and shows a wait at once', () => {
    const shown: string[] = [];
    let now = 0;
    const line = { columns: 80, show: (text: string) => shown.push(text), hide: () => shown.push('') };
    const observer = new ProgressBarObserver(line, {}, () => now);
    observer.started({ name: 'a', version: 1, reason: 'r', total: null, totalIsEstimate: false });
    for (now = 0; now < 250; now += 10) observer.progressed(progressOf({ name: `at-${now}` }));
    observer.waiting({ name: 'a', waitingFor: 'a lock' });
    observer.finished(reportOf());
    expect(shown.map((text) => text.split('  ')[0])).toEqual([
      'at-0',
      'at-100',
      'at-200',
      'a: waiting for a lock',
      '',
    ]);
  });

  it('stays below the other output of both streams', () => {
    const terminal = new Terminal();
    const line = new TerminalLine(terminal.stdout, terminal.stderr);
    line.show('50 %');
    terminal.stdout.write('a log line\n');
    terminal.stderr.write('an error\n');
    line.show('60 %');
    line.release();
    terminal.stdout.write('the summary\n');
    expect(terminal.written).toBe(
      `${CLEAR}50 %${CLEAR}a log line\n50 %${CLEAR}!an error\n50 %${CLEAR}60 %${CLEAR}the summary\n`,
    );
  });

  it('does not break an unfinished line of other output', () => {
    const terminal = new Terminal();
    const line = new TerminalLine(terminal.stdout, terminal.stderr);
    line.show('50 %');
    terminal.stdout.write('begun, ');
    line.show('60 %');
    terminal.stdout.write('ended\n');
    expect(terminal.written).toBe(`${CLEAR}50 %${CLEAR}begun, ended\n60 %`);
  });

  it('leaves the last column free, because some terminals wrap there', () => {
    const terminal = new Terminal();
    expect(new TerminalLine(terminal.stdout, terminal.stderr).columns).toBe(80);
  });
});

describe('stdout under --json', () => {
  it('is reserved for the JSON object; other output goes to stderr', async () => {
    const terminal = new Terminal();
    const reservation = new StdoutReservation(terminal.stdout, terminal.stderr);
    terminal.stdout.write('a log line\n');
    void reservation.write('{}\n');
    reservation.release();
    terminal.stdout.write('free again\n');
    expect(terminal.written).toBe('!a log line\n{}\nfree again\n');
  });
});
