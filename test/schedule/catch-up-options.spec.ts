import { createRequire } from 'node:module';
import { ScheduleModule } from '@nestjs/schedule';
import {
  Backfill,
  type BackfillError,
  type BackfillModuleOptions,
  type BackfillOptions,
  type CatchUpModuleOptions,
  type CatchUpOptions,
  type SetBackfill,
} from 'nestjs-backfill';
import {
  InvalidCatchUpNumberError,
  InvalidCronExpressionError,
  InvalidWindowError,
  JitterTooLongError,
  NeverDueError,
  SchedulerMissingError,
  UnclearScheduleError,
  UnknownTimeZoneError,
} from 'nestjs-backfill/errors';
import { IsNull } from 'typeorm';
import { loadScheduler } from '../../libs/backfill/src/schedule/scheduler.loader.ts';
import { resolveSettings, mergeOptions } from '../../libs/backfill/src/schedule/catch-up.settings.ts';
import { TestApplication } from '../support/applications/application.ts';
import { TestDatabase } from '../support/server/database.ts';
import { Lead, LEAD_TABLES } from '../support/tables/lead-tables.ts';

function leadsName(catchUp?: BackfillOptions<Lead>['catchUp']): new () => object {
  @Backfill<Lead>({
    name: 'search-name',
    entity: Lead,
    where: { searchName: IsNull() },
    ...(catchUp === undefined ? {} : { catchUp }),
  })
  class LeadsName implements SetBackfill<Lead> {
    set() {
      return { searchName: `'x'` };
    }
  }
  return LeadsName;
}

let database: TestDatabase;
beforeAll(async () => {
  database = await TestDatabase.create();
});
afterAll(() => database.drop());

async function start(
  catchUp: CatchUpModuleOptions | undefined,
  own?: CatchUpOptions,
  imports = [ScheduleModule.forRoot()],
): Promise<void> {
  const application = await TestApplication.start({
    database,
    entities: LEAD_TABLES,
    backfills: [leadsName(own)],
    imports,
    module: catchUp === undefined ? {} : { catchUp },
  });
  await application.stop();
}

async function refusal(starting: Promise<void>): Promise<BackfillError> {
  return starting.then(
    () => {
      throw new Error('The application started.');
    },
    (error: BackfillError) => error,
  );
}

const CRON = '0 * * * *';
const REFUSALS: [string, CatchUpModuleOptions, abstract new (...args: never[]) => BackfillError, RegExp][] = [
  ['no cron expression and no interval', {}, UnclearScheduleError, /neither `cron` nor `interval`/],
  ['both of them', { cron: CRON, interval: 60_000 }, UnclearScheduleError, /both `cron` and `interval`/],
  [
    'an unreadable cron expression',
    { cron: 'every day' },
    InvalidCronExpressionError,
    /`catchUp.cron` is "every day"/,
  ],
  [
    'a cron expression with an invalid hour',
    { cron: '0 24 * * *' },
    InvalidCronExpressionError,
    /"0 24 \* \* \*"/,
  ],
  [
    'a cron expression that is never due',
    { cron: '0 0 31 2 *' },
    NeverDueError,
    /^BackfillModule: `catchUp.cron` is "0 0 31 2 \*" \(UTC\), which is never due\.\s+→/,
  ],
  [
    'a cron expression that is never due within its window',
    { cron: '0 12 * * *', window: { from: '22:00', to: '05:00' } },
    NeverDueError,
    /"0 12 \* \* \*" \(UTC\), which is never due within its window, 22:00 to 05:00 UTC\./,
  ],
  [
    'a cron expression of 29 February that is never due within its window',
    { cron: '0 12 29 2 *', window: { from: '22:00', to: '05:00' } },
    NeverDueError,
    /never due within its window/,
  ],
  [
    'an unknown time zone',
    { cron: CRON, timeZone: 'Europe/Berlim' },
    UnknownTimeZoneError,
    /`catchUp.timeZone`/,
  ],
  [
    'a window in an unknown time zone',
    { cron: CRON, window: { from: '22:00', to: '05:00', timeZone: 'Mars/Base' } },
    UnknownTimeZoneError,
    /`catchUp.window.timeZone` is "Mars\/Base"/,
  ],
  [
    'an empty window',
    { cron: CRON, window: { from: '22:00', to: '22:00' } },
    InvalidWindowError,
    /is empty: from 22:00 to 22:00/,
  ],
  [
    'a window with an invalid start',
    { cron: CRON, window: { from: '25:00', to: '05:00' } },
    InvalidWindowError,
    /"25:00" for `from`/,
  ],
  [
    'a window with an invalid end',
    { cron: CRON, window: { from: '22:00', to: '5' } },
    InvalidWindowError,
    /"5" for `to`/,
  ],
  [
    'jitter as long as the interval',
    { interval: 60_000, jitter: 60_000 },
    JitterTooLongError,
    /two rounds are only 60000 ms apart/,
  ],
  [
    'jitter longer than the time between two cron times',
    { cron: '0,10 * * * *', jitter: 700_000 },
    JitterTooLongError,
    /only 600000 ms apart/,
  ],
  ['an interval that is too short', { interval: 10 }, InvalidCatchUpNumberError, /`catchUp.interval` is 10/],
  [
    'an interval that is too long for a timer',
    { interval: 2 ** 31 },
    InvalidCatchUpNumberError,
    /`catchUp.interval`/,
  ],
  [
    'a negative jitter',
    { interval: 60_000, jitter: -1 },
    InvalidCatchUpNumberError,
    /`catchUp.jitter` is -1/,
  ],
  [
    'a time limit of NaN',
    { cron: CRON, maxDuration: NaN },
    InvalidCatchUpNumberError,
    /`catchUp.maxDuration` is NaN/,
  ],
  [
    'a shutdown timeout that is not a whole number',
    { cron: CRON, shutdownTimeout: 1.5 },
    InvalidCatchUpNumberError,
    /`catchUp.shutdownTimeout`/,
  ],
];

describe('an application does not start with', () => {
  it.each(REFUSALS)('%s', async (_, catchUp, expected, message) => {
    const error = await refusal(start(catchUp));
    expect(error).toBeInstanceOf(expected);
    expect(error.message).toMatch(message);
    expect(error.subject).toBe('BackfillModule');
    expect(error.remedy).toMatch(/\w/);
  });

  it('invalid options of a backfill; the error names its class', async () => {
    const error = await refusal(start(undefined, { cron: 'x' }));
    expect(error).toBeInstanceOf(InvalidCronExpressionError);
    expect(error.subject).toBe('LeadsName');
    expect(error).toMatchObject({ option: 'catchUp.cron' });
  });

  it.each([
    ['text', 'hourly'],
    ['true', true],
    ['null', null],
  ])('%s as options', async (_, given) => {
    expect(await refusal(start(given as unknown as CatchUpModuleOptions))).toMatchObject({
      option: 'catchUp',
    });
    const own = await refusal(start(undefined, given as unknown as CatchUpOptions));
    expect(own).toMatchObject({ option: 'catchUp', subject: 'LeadsName' });
  });

  it.each<[string, CatchUpOptions & BackfillModuleOptions, object]>([
    [
      'a misspelt option of the window',
      { cron: CRON, window: { from: '22:00', to: '05:00', timezone: 'Europe/Berlin' } } as never,
      {
        option: 'catchUp.window.timezone',
        remedy: expect.stringContaining('Did you mean `timeZone`?') as string,
      },
    ],
    ['a window of null', { cron: CRON, window: null as never }, { option: 'catchUp.window' }],
  ])('%s', async (_, catchUp, expected) => {
    expect(await refusal(start(catchUp))).toMatchObject({ ...expected, subject: 'BackfillModule' });
    expect(await refusal(start(undefined, catchUp))).toMatchObject({ ...expected, subject: 'LeadsName' });
  });

  it('catch-up without ScheduleModule', async () => {
    const error = await refusal(start({ cron: CRON }, undefined, []));
    expect(error).toBeInstanceOf(SchedulerMissingError);
    expect(error.remedy).toContain('ScheduleModule.forRoot()');
  });
});

describe('the module', () => {
  it('can share options with backfills that have their own triggers', async () => {
    const window = { from: '22:00', to: '05:00' };
    await expect(start({ window }, { cron: CRON })).resolves.toBeUndefined();
  });
});

describe('an application without catch-up', () => {
  it('needs no ScheduleModule', async () => {
    await expect(start(undefined, undefined, [])).resolves.toBeUndefined();
  });
});

describe("a backfill's own options", () => {
  it('replace those of the module one by one', () => {
    const window = { from: '22:00', to: '05:00' };
    expect(mergeOptions({ cron: CRON, window, jitter: 5 }, { jitter: 7 })).toEqual({
      cron: CRON,
      window,
      jitter: 7,
    });
  });

  it('replace the cron expression of the module if they contain an interval', () => {
    expect(mergeOptions({ cron: CRON, jitter: 5 }, { interval: 60_000 })).toEqual({
      interval: 60_000,
      jitter: 5,
    });
  });
});

describe('a cron expression', () => {
  it.each<[string, CatchUpOptions]>([
    ['every second, in the night', { cron: '* * * * * *', window: { from: '03:00', to: '03:01' } }],
    ['every second, in the afternoon', { cron: '* * * * * *', window: { from: '15:00', to: '15:01' } }],
    [
      'once a day, at the opening of the window',
      { cron: '0 22 * * *', window: { from: '22:00', to: '05:00' } },
    ],
    ['once in four years', { cron: '0 23 29 2 *', window: { from: '22:00', to: '05:00' } }],
    [
      'only in summer, because the time zones differ',
      {
        cron: '0 3 * * *',
        timeZone: 'UTC',
        window: { from: '04:30', to: '05:30', timeZone: 'Europe/Berlin' },
      },
    ],
    [
      'only with its jitter',
      { cron: '59 21 * * *', window: { from: '22:00', to: '05:00' }, jitter: 120_000 },
    ],
  ])('can be due within its window %s', async (_, catchUp) => {
    await expect(start(catchUp)).resolves.toBeUndefined();
  });

  it('uses the time zone of the window, unless it has its own', async () => {
    const cron = createRequire(createRequire(import.meta.url).resolve('@nestjs/schedule'))('cron') as Awaited<
      ReturnType<typeof loadScheduler>
    >['cron'];
    const scheduler = { cron } as Awaited<ReturnType<typeof loadScheduler>>;
    const window = { from: '22:00', to: '05:00', timeZone: 'Europe/Berlin' };
    const zone = (options: CatchUpOptions) => resolveSettings('A', options, scheduler).trigger;
    expect(zone({ cron: CRON, window })).toMatchObject({ timeZone: 'Europe/Berlin' });
    expect(zone({ cron: CRON, window, timeZone: 'Asia/Tokyo' })).toMatchObject({ timeZone: 'Asia/Tokyo' });
    expect(zone({ cron: CRON })).toMatchObject({ timeZone: 'UTC' });
  });
});
