import { Module } from '@nestjs/common';
import { BackfillService } from 'nestjs-backfill';
import { CommandStoppedError } from 'nestjs-backfill/errors';
import type { CommandOptions } from 'nestjs-backfill/reports';
import { GrantsReader } from '../../libs/backfill/src/deploy/grants/grants.reader.ts';
import { parseArguments } from '../../libs/backfill/src/one-shot/arguments/arguments.parser.ts';
import { OneShotRunner } from '../../libs/backfill/src/one-shot/one-shot.runner.ts';
import { RecordedOutput, stopOf } from './run.ts';

/** Every command of a person. */
const COMMANDS = [
  '--pause a',
  '--resume a',
  '--cancel a',
  '--set a batchSize=5',
  '--prune',
  '--forget a',
  '--grants',
];

/** What a command does that waits for a lock. */
type Wait = (command: CommandOptions) => Promise<never>;

/** Its services wait for a lock in each command. */
function moduleThatWaits(wait: Wait): new () => object {
  const second = (_: unknown, command: CommandOptions) => wait(command);
  const service = {
    assertDeclared: () => undefined,
    pause: second,
    resume: second,
    cancel: second,
    set: (_name: string, _changes: object, command: CommandOptions) => wait(command),
    prune: wait,
    forget: second,
  };
  @Module({
    providers: [
      { provide: BackfillService, useValue: service },
      { provide: GrantsReader, useValue: { read: second } },
    ],
  })
  class AppModule {}
  return AppModule;
}

describe('SIGTERM while a command waits for a lock', () => {
  async function run(line: string, wait: Wait, stop = stopOf()) {
    const output = new RecordedOutput();
    const request = parseArguments(line.split(' '));
    const runner = new OneShotRunner(moduleThatWaits(wait), { request, output, stop });
    const { app, ...result } = await runner.run();
    await app?.close();
    return { ...result, output };
  }

  it.each(COMMANDS)('ends %s with exit code 2, and says that the rest is unchanged', async (line) => {
    const controller = new AbortController();
    const { exitCode, mustExit, output } = await run(
      line,
      async ({ signal, waiting }) => {
        waiting?.('a lock held by pid 1 (psql)');
        controller.abort('SIGTERM');
        throw new CommandStoppedError(String(signal?.reason));
      },
      stopOf({ signal: controller.signal }),
    );
    expect({ exitCode, mustExit }).toEqual({ exitCode: 2, mustExit: undefined });
    expect(output.warnings).toEqual(['Waiting for a lock held by pid 1 (psql)']);
    expect(output.errors.join()).toMatch(/stopped by SIGTERM[^]*unchanged/);
  });

  it.each(COMMANDS)('ends the process of %s if its statement cannot be cancelled', async (line) => {
    const forceStop = Promise.resolve('SIGTERM; the current batch did not end within 4.5 s');
    const { exitCode, mustExit, output } = await run(
      line,
      () => new Promise(() => undefined),
      stopOf({ forceStop }),
    );
    expect({ exitCode, mustExit }).toEqual({ exitCode: 2, mustExit: true });
    expect(output.reports).toEqual([
      expect.objectContaining({ outcome: 'failed', reason: expect.stringContaining('SIGTERM') as unknown }),
    ]);
  });
});
