import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Cron, Interval, ScheduleModule, SchedulerRegistry, Timeout } from '@nestjs/schedule';
import { stopSchedules } from '../../../libs/backfill/src/one-shot/startup/schedule.stopper.ts';

const LONG_MS = 3_600_000;

@Injectable()
class Jobs {
  @Cron('0 0 1 1 *', { name: 'yearly' })
  yearly(): void {}
  @Interval('hourly', LONG_MS)
  hourly(): void {}
  @Timeout('once', LONG_MS)
  once(): void {}
}

@Module({ imports: [ScheduleModule.forRoot()], providers: [Jobs] })
class ScheduledModule {}

@Module({})
class PlainModule {}

describe('the schedules of an application in one-shot mode', () => {
  it('are stopped: jobs, intervals and timeouts', async () => {
    const app = await NestFactory.createApplicationContext(ScheduledModule, { logger: false });
    const registry = app.get(SchedulerRegistry);
    expect(registry.getIntervals()).toEqual(['hourly']);
    expect(registry.getTimeouts()).toEqual(['once']);
    expect(registry.getCronJob('yearly').isActive).toBe(true);
    stopSchedules(app);
    expect(registry.getIntervals()).toEqual([]);
    expect(registry.getTimeouts()).toEqual([]);
    expect(registry.getCronJob('yearly').isActive).toBe(false);
    await app.close();
  });

  it('need no @nestjs/schedule', async () => {
    const app = await NestFactory.createApplicationContext(PlainModule, { logger: false });
    expect(() => stopSchedules(app)).not.toThrow();
    await app.close();
  });
});
