import type { LoggerService } from '@nestjs/common';
import { DelegatingLogger } from '../../../libs/backfill/src/one-shot/output/delegating.logger.ts';

describe('a logger that the application creates', () => {
  const recording = () => {
    const lines: unknown[][] = [];
    const record =
      (level: string) =>
      (...line: unknown[]) =>
        void lines.push([level, ...line]);
    const logger: LoggerService = { log: record('log'), warn: record('warn'), error: record('error') };
    return { lines, logger };
  };

  it('gets the lines from its creation on, and the first logger those before', () => {
    const [first, own] = [recording(), recording()];
    const logger = new DelegatingLogger(first.logger);
    logger.log('starts', 'Backfill');
    logger.use(own.logger);
    logger.warn('waits', 'Backfill');
    logger.fatal('ends');
    logger.debug('not written by a logger without this level');
    expect(first.lines).toEqual([['log', 'starts', 'Backfill']]);
    expect(own.lines).toEqual([
      ['warn', 'waits', 'Backfill'],
      ['error', 'ends'],
    ]);
  });
});
