import { DeploySequence } from '../../libs/backfill/src/deploy/deploy.sequence.ts';
import type { OneShotArguments } from '../../libs/backfill/src/one-shot/arguments/one-shot.arguments.ts';
import type { OneShotAction } from '../../libs/backfill/src/one-shot/one-shot.action.ts';
import type { OneShotOutput } from '../../libs/backfill/src/one-shot/output/one-shot.output.ts';
import { ResultReporter } from '../../libs/backfill/src/one-shot/result.reporter.ts';
import {
  DatabaseRefusedError,
  DatabaseUnreachableError,
  StoppedAtStartError,
} from '../../libs/backfill/src/one-shot/startup/start-up.error.ts';

interface Requested {
  readonly action?: OneShotAction;
  readonly phases?: OneShotArguments['phases'];
  readonly strict?: boolean;
  readonly json?: boolean;
}

/** A reporter of a run with these arguments, and what it writes. */
function reporterOf({ action = 'run', phases = [], strict = false, json = false }: Requested) {
  const written: unknown[] = [];
  const output = {
    error: (message: string) => void written.push(message.split('\n')[0]),
    report: async (report: object) => void written.push(report),
    failedInspection: async (inspection: string, failure: object) =>
      void written.push({ inspection, ...failure }),
  } as unknown as OneShotOutput;
  const sequence = new DeploySequence([], {
    signal: new AbortController().signal,
    onError: () => undefined,
  });
  const request = { action, phases, strict, json } as OneShotArguments;
  return { reporter: new ResultReporter({ request, output, sequence }), written };
}

const UNREACHABLE = new DatabaseUnreachableError(1_000, 'refused');
const STOPPED = new StoppedAtStartError('SIGTERM');
const REFUSED = new DatabaseRefusedError('a wrong password', '28P01', undefined);
const LOST = Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
const CRASH = new Error('a bug');

describe('a status that fails', () => {
  const failed = (reason: string) => ({ inspection: 'status', phase: 'deploy', outcome: 'failed', reason });

  it.each([
    ['it was stopped at the start', 'notStarted', STOPPED, [0, 0]],
    ['the database could not be reached', 'notStarted', UNREACHABLE, [0, 3]],
    ['the configuration is wrong', 'notStarted', REFUSED, [2, 2]],
    ['an error of this library ended it', 'failed', REFUSED, [2, 2]],
    ['the connection was lost', 'failed', LOST, [0, 3]],
    ['an unexpected error ended it', 'failed', CRASH, [0, 3]],
  ] as const)('because %s has the exit codes without and with --strict', async (_, how, error, codes) => {
    for (const strict of [false, true]) {
      const { reporter } = reporterOf({ action: 'status', strict });
      expect(await reporter[how](error)).toBe(codes[Number(strict)]);
    }
  });

  it('says why instead of the status', async () => {
    const { reporter, written } = reporterOf({ action: 'status' });
    await reporter.notStarted(UNREACHABLE);
    await reporter.failed(LOST);
    await reporter.failed(CRASH);
    expect(written).toEqual([
      failed(UNREACHABLE.message),
      failed('The connection to the database was lost: read ECONNRESET.'),
      'Error: a bug',
      failed('a bug'),
    ]);
  });

  it('names its phase if it is of one phase, and has one JSON object if it is refused', async () => {
    for (const [phases, phase] of [
      [['indexes'], 'indexes'],
      [['migrate', 'indexes'], 'deploy'],
    ] as const) {
      const { reporter, written } = reporterOf({ action: 'plan', phases, json: true });
      expect(await reporter.refused(CRASH)).toBe(2);
      expect(written).toEqual([
        'Error: a bug',
        { inspection: 'plan', phase, outcome: 'failed', reason: 'a bug' },
      ]);
    }
  });
});

describe.each(['control', 'housekeeping'] as const)('a command of %s', (action) => {
  it.each([
    ['was stopped at the start', 'notStarted', STOPPED],
    ['could not reach the database', 'notStarted', UNREACHABLE],
    ['lost the connection', 'failed', LOST],
    ['crashed', 'failed', CRASH],
    ['was refused', 'failed', REFUSED],
  ] as const)('that %s never has the exit code 0', async (_, how, error) => {
    const { reporter } = reporterOf({ action });
    expect(await reporter[how](error)).toBe(2);
  });

  it('is reported as failed, also if a signal ended it', async () => {
    const { reporter, written } = reporterOf({ action });
    expect(await reporter.interrupted('incomplete', 'SIGTERM')).toBe(2);
    expect(written).toHaveLength(1);
  });
});

describe('a run', () => {
  it('that is refused writes only the error, and with --json also a report', async () => {
    const plain = reporterOf({});
    expect(await plain.reporter.refused(REFUSED)).toBe(2);
    expect(plain.written).toEqual([REFUSED.message.split('\n')[0]]);
    const json = reporterOf({ json: true });
    expect(await json.reporter.refused(REFUSED)).toBe(2);
    expect(json.written).toEqual([REFUSED.message.split('\n')[0], expect.objectContaining({ left: [] })]);
  });

  it.each([
    ['stopped at the start', 'notStarted', STOPPED, false],
    ['without a database', 'notStarted', UNREACHABLE, false],
    ['that lost its connection', 'failed', LOST, false],
    ['that crashed', 'failed', CRASH, true],
  ] as const)('%s does not stop the deployment', async (_, how, error, isExplained) => {
    const { reporter, written } = reporterOf({});
    expect(await reporter[how](error)).toBe(0);
    expect(written.some((line) => line === 'Error: a bug')).toBe(isExplained);
    expect(written.at(-1)).toMatchObject({ phase: 'deploy' });
  });
});
