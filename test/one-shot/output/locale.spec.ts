import { JsonOutput } from '../../../libs/backfill/src/one-shot/output/json/json.output.ts';
import { readerLocale } from '../../../libs/backfill/src/one-shot/output/reader.format.ts';
import { TextOutput } from '../../../libs/backfill/src/one-shot/output/text/text.output.ts';
import { formatDuration } from '../../../libs/backfill/src/text/duration.format.ts';
import { formatCount } from '../../../libs/backfill/src/text/quantity.format.ts';
import { reportOf } from './reports.ts';

/** A stream that keeps what is written to it. */
function stream(isTTY: boolean) {
  const parts: string[] = [];
  const write = (text: string, done?: () => void) => {
    parts.push(text);
    done?.();
    return true;
  };
  return { parts, stream: { isTTY, write, columns: 100 } as unknown as NodeJS.WriteStream };
}

const REPORT = {
  phase: 'backfill',
  outcome: 'complete',
  backfills: [reportOf({ updated: 1_234_567, durationMs: 12_300, rowsPerSecond: 100_371 })],
} as const;

describe('the locale of numbers and durations', () => {
  const { env } = process;
  afterEach(async () => {
    process.env = env;
    // The locale is that of the process: as it was.
    new TextOutput({ stdout: stream(false).stream, stderr: stream(false).stream }, { progressBar: false });
  });

  it.each<[NodeJS.ProcessEnv, string]>([
    [{ LANG: 'de_DE.UTF-8' }, 'de-DE'],
    [{ LANG: 'de_DE.UTF-8', LC_NUMERIC: 'fr_CH' }, 'fr-CH'],
    [{ LANG: 'de_DE.UTF-8', LC_NUMERIC: 'fr_CH', LC_ALL: 'en_IN.UTF-8' }, 'en-IN'],
    [{ LANG: 'de_DE@euro', LC_ALL: '' }, 'de-DE'],
    [{ LANG: 'C.UTF-8' }, 'en-US'],
    [{ LC_ALL: 'POSIX', LANG: 'de_DE' }, 'en-US'],
    [{ LANG: 'no such locale' }, 'en-US'],
    [{}, 'en-US'],
  ])('follows LC_ALL, LC_NUMERIC and LANG of a person at a terminal: %j is %s', (environment, locale) => {
    expect(readerLocale(environment, { isTTY: true })).toBe(locale);
    expect(readerLocale(environment, {})).toBe('en-US');
  });

  const summary = async (isTTY: boolean) => {
    process.env = { ...env, LC_ALL: 'de_DE.UTF-8' };
    const [stdout, stderr] = [stream(isTTY), stream(isTTY)];
    await new TextOutput({ stdout: stdout.stream, stderr: stderr.stream }, { progressBar: false }).report(
      REPORT,
    );
    return stdout.parts.join('');
  };

  it("is the reader's in a summary at a terminal, and en-US in a file or a pipe", async () => {
    expect(await summary(true)).toMatch(/1\.234\.567[^]*12,3 s/);
    expect(await summary(false)).toMatch(/1,234,567[^]*12\.3 s/);
  });

  it('does not touch what is recorded or read by programs', async () => {
    await summary(true);
    expect([formatCount(1_234_567), formatDuration(12_300)]).toEqual(['1,234,567', '12.3 s']);
    const [stdout, stderr] = [stream(true), stream(true)];
    await new JsonOutput({ stdout: stdout.stream, stderr: stderr.stream }).report(REPORT);
    expect(JSON.parse(stdout.parts.join(''))).toMatchObject({ backfills: [{ updated: 1_234_567 }] });
  });
});

describe('--log-format json', () => {
  it('writes events and log lines as JSON on stderr, with keys for the run and the batch, and only the summary on stdout', async () => {
    const [stdout, stderr] = [stream(true), stream(false)];
    const streams = { stdout: stdout.stream, stderr: stderr.stream };
    const output = new TextOutput(streams, { progressBar: true, logFormat: 'json' });
    const { observer } = output;
    const base = { name: 'names', run: '1a2b3c4d' };
    observer.started?.({ ...base, version: 1, reason: 'First run', total: 10, totalIsEstimate: false });
    observer.noted?.({ ...base, batch: 3, level: 'warn', message: 'a retry' });
    observer.quarantined?.({ ...base, batch: 3, key: 'id=7', error: 'bad' });
    observer.finished?.({ ...REPORT.backfills[0], ...base, status: 'failed' });
    output.error('the run ended');
    // As a logger or console.log of the application would.
    streams.stdout.write('a line of the application\n');
    await output.report(REPORT);
    expect(stdout.parts.join('')).toContain('1,234,567');
    expect(stdout.parts.join('')).not.toMatch(/a line|\{"time/);
    const records = stderr.parts
      .filter((line) => line.startsWith('{"time"'))
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(records.map(({ level, event, name, run, batch }) => ({ level, event, name, run, batch }))).toEqual(
      [
        { level: 'log', event: 'started', ...base, batch: undefined },
        { level: 'warn', event: 'note', ...base, batch: 3 },
        { level: 'warn', event: 'quarantined', ...base, batch: 3 },
        { level: 'error', event: 'finished', ...base, batch: undefined },
      ],
    );
    expect(stderr.parts).toContain('a line of the application\n');
  });
});
