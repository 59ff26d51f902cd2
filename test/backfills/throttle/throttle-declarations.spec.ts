import { Injectable, Scope } from '@nestjs/common';
import { BackfillThrottle } from 'nestjs-backfill';
import {
  InvalidBackfillOptionError,
  RequestScopedThrottleError,
  ThrottleDeclarationError,
} from 'nestjs-backfill/errors';
import { TestApplication } from '../../support/applications/application.ts';
import { TestDatabase } from '../../support/server/database.ts';
import { Labels, MailQueue, Parcel } from '../../support/tables/parcels.ts';

/** Starts and stops an application. @returns the error of the start; null if it started */
async function startError(options: Partial<Parameters<typeof TestApplication.start>[0]>): Promise<unknown> {
  const database = await TestDatabase.create();
  try {
    const application = await TestApplication.start({
      database,
      entities: [Parcel],
      backfills: [Labels],
      ...options,
    });
    await application.stop();
    return null;
  } catch (error) {
    return error;
  } finally {
    await database.drop();
  }
}

describe('the option `throttles`', () => {
  it.each([
    [{ replicaLag: { bytes: -1 } }, 'throttles.replicaLag.bytes', 'a whole number of bytes'],
    [{ replicaLag: { secnds: 1 } }, 'throttles.replicaLag.secnds', 'Did you mean `seconds`?'],
    [{ replicaLag: { secs: 1 } }, 'throttles.replicaLag.secs', 'The options are bytes, seconds, ignore'],
    [{ replicaLag: true }, 'throttles.replicaLag', 'false to turn it off'],
    [{ maintenance: ['vacum'] }, 'throttles.maintenance', 'It takes wraparound, autovacuum, vacuum'],
    [{ activeConnections: { share: 75 } }, 'throttles.activeConnections.share', 'a number from 0 to 1'],
    [{ interval: 0 }, 'throttles.interval', 'milliseconds from 10'],
    [
      { replicalag: false },
      'throttles.replicalag',
      'Did you mean `replicaLag`? The options are replicaLag, replicationSlots',
    ],
    [true, '`throttles` is true', 'false to turn all of them off'],
  ])('is refused at start-up if it is %j', async (throttles, option, remedy) => {
    const error = await startError({ module: { throttles: throttles as never } });
    expect(error).toBeInstanceOf(InvalidBackfillOptionError);
    expect(String(error)).toContain(option);
    expect(String(error)).toContain(remedy);
  });
});

describe('a throttle check', () => {
  it('is refused at start-up if it is request-scoped', async () => {
    @Injectable({ scope: Scope.REQUEST })
    class Request {}
    @BackfillThrottle({ name: 'by request' })
    class ByRequest extends MailQueue {
      constructor(readonly request: Request) {
        super();
      }
    }
    const error = await startError({ providers: [Request, ByRequest] });
    expect(error).toBeInstanceOf(RequestScopedThrottleError);
    expect(String(error)).toContain('ByRequest');
  });

  it.each([
    ['has no check()', { name: 'odd' }, class {}, 'no method check()'],
    ['has no name', { name: '' }, MailQueue, 'has no name'],
    ['names a backfill that is not declared', { name: 'odd', backfills: ['label'] }, MailQueue, '"label"'],
  ])('is refused at start-up if it %s', async (_, options, Base, message) => {
    class Odd extends (Base as new () => object) {}
    BackfillThrottle(options)(Odd);
    const error = await startError({ providers: [Odd] });
    expect(error).toBeInstanceOf(ThrottleDeclarationError);
    expect(String(error)).toContain(message);
  });

  it('is refused at start-up if another check has the same name', async () => {
    class One extends MailQueue {}
    class Two extends MailQueue {}
    for (const Check of [One, Two]) BackfillThrottle({ name: 'queue' })(Check);
    expect(String(await startError({ providers: [One, Two] }))).toContain(
      'another throttle is named "queue" too',
    );
  });
});
