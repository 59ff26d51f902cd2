import type { EventEmitter } from 'node:events';
import { Injectable, Module, type LoggerService, type OnModuleDestroy } from '@nestjs/common';
import { BackfillService } from 'nestjs-backfill';
import { backfillPhaseOf, BackfillsStub, rootModule } from './run.ts';
import { runInProcess } from './process.ts';

/** The types of `process` do not let a test emit this event. */
const emitter: EventEmitter = process;

/** Its provider records that the application was started, and that it was closed. */
class Life implements OnModuleDestroy {
  static started = 0;
  static closed = 0;
  static atEnd = (): void => undefined;

  constructor() {
    Life.started++;
  }

  onModuleDestroy(): void {
    Life.closed++;
    Life.atEnd();
  }
}
Injectable()(Life);

function applicationOf(backfills: BackfillsStub): new () => object {
  @Module({ providers: [Life, { provide: BackfillService, useValue: backfills }] })
  class AppModule {}
  return AppModule;
}

describe('runOneShot', () => {
  let backfills: BackfillsStub;
  beforeEach(() => {
    [Life.started, Life.closed, Life.atEnd] = [0, 0, () => undefined];
    backfills = new BackfillsStub();
    backfills.run.mockResolvedValue(backfillPhaseOf('complete'));
  });

  it.each([
    ['--help', /^Usage/],
    ['--completion bash', /^complete .*-F /m],
  ])('prints %s without the application, and returns 0', async (line, text) => {
    const result = await runInProcess(line, applicationOf(backfills));
    expect(result).toMatchObject({ code: 0, stderr: '', exits: [] });
    expect(result.stdout).toMatch(text);
    expect(Life.started).toBe(0);
  });

  it('refuses wrong arguments on stderr, with the exit code 2, and starts nothing', async () => {
    const result = await runInProcess('--backfill --strikt', applicationOf(backfills));
    expect(result).toMatchObject({ code: 2, exitCode: 2, stdout: '', exits: [] });
    expect(result.stderr).toContain('--strikt');
    expect(result.stderr).toMatch(/\n$/);
    expect(Life.started).toBe(0);
  });

  it.each([
    ['--backfill --json --strikt', { phase: 'backfill', backfills: [] }],
    ['--migrate --json --strikt', { phase: 'deploy', left: [] }],
  ])('refuses %s with one JSON object on stdout', async (line, fields) => {
    const result = await runInProcess(line, applicationOf(backfills));
    expect(result).toMatchObject({ code: 2, exitCode: 2, exits: [] });
    expect(JSON.parse(result.stdout)).toEqual({
      ...fields,
      outcome: 'failed',
      reason: expect.stringContaining('--strikt') as unknown,
    });
    expect(JSON.parse(result.stderr)).toMatchObject({ level: 'error' });
  });

  it('returns the exit code, sets it, closes the application and removes its listeners', async () => {
    const signals = () => [process.listenerCount('SIGTERM'), process.listenerCount('SIGINT')];
    const before = signals();
    const result = await runInProcess('--backfill', applicationOf(backfills));
    expect(result).toMatchObject({ code: 0, exitCode: 0, exits: [] });
    expect(result.stdout).toContain('leads-direction');
    expect([Life.started, Life.closed, ...signals()]).toEqual([1, 1, ...before]);
  });

  it('returns 3 for work that is left, only with --strict', async () => {
    backfills.run.mockResolvedValue(backfillPhaseOf('incomplete'));
    const application = applicationOf(backfills);
    expect(await runInProcess('--backfill', application)).toMatchObject({ code: 0, exitCode: 0 });
    expect(await runInProcess('--backfill --strict', application)).toMatchObject({ code: 3, exitCode: 3 });
  });

  it('prints one JSON object on stdout with --json, and log lines on stderr', async () => {
    const { stdout, stderr } = await runInProcess('--backfill --json', applicationOf(backfills));
    expect(JSON.parse(stdout)).toMatchObject({ phase: 'backfill', outcome: 'complete' });
    for (const line of stderr.split('\n').filter(Boolean))
      expect(() => JSON.parse(line) as unknown).not.toThrow();
  });

  it('ends the process at once if the application cannot be started', async () => {
    const failing = rootModule(undefined);
    Module({
      providers: [{ provide: 'broken', useFactory: () => Promise.reject(new Error('no such host')) }],
    })(failing);
    const result = await runInProcess('--backfill', failing);
    expect(result).toMatchObject({ exitCode: 2, exits: [2] });
    expect(result.stderr + result.stdout).toContain('no such host');
  });

  it('ends the process at once after an uncaught error, which stops no deployment', async () => {
    backfills.run.mockImplementation(() => {
      emitter.emit('uncaughtException', new Error('nobody awaited this'));
      return new Promise<never>(() => undefined);
    });
    const result = await runInProcess('--backfill --strict', applicationOf(backfills));
    expect(result).toMatchObject({ exitCode: 3 });
    expect(result.exits[0]).toBe(3);
    expect(result.stderr + result.stdout).toContain('nobody awaited this');
  });

  it('reports an error after the result, and keeps the exit code', async () => {
    const application = applicationOf(backfills);
    Life.atEnd = () => void emitter.emit('uncaughtException', new Error('at the end'));
    const result = await runInProcess('--backfill', application);
    expect(result).toMatchObject({ code: 0, exits: [0] });
    expect(result.stderr).toContain('Error: at the end\n');
  });

  it('stops at SIGTERM, and reports it', async () => {
    backfills.run.mockImplementation(async ({ signal } = {}) => {
      process.emit('SIGTERM');
      expect(signal?.aborted).toBe(true);
      return backfillPhaseOf('incomplete');
    });
    expect(await runInProcess('--backfill', applicationOf(backfills))).toMatchObject({ code: 0, exits: [] });
    expect(backfills.run).toHaveBeenCalledTimes(1);
  });

  it('sends its lines to the logger that a function takes from the started application', async () => {
    const lines: string[] = [];
    const record = (message: string): void => void lines.push(message);
    const logger: LoggerService = { log: record, warn: record, error: record };
    @Module({
      providers: [
        { provide: 'logger', useValue: logger },
        { provide: BackfillService, useValue: backfills },
      ],
    })
    class AppModule {}
    backfills.run.mockImplementation(async ({ observer } = {}) => {
      observer?.noted?.({
        backfill: 'leads-direction',
        level: 'warn',
        message: 'a note of the run',
      } as never);
      return backfillPhaseOf('complete');
    });
    await runInProcess('--backfill', AppModule, { logger: (app) => app.get<LoggerService>('logger') });
    expect(lines.join('\n')).toContain('a note of the run');
  });
});
