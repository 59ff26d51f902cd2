import { DataSource } from 'typeorm';
import { LeaseManager } from '../../libs/backfill/src/ledger/lease/lease.manager.ts';
import { PhaseLeaseLedger } from '../../libs/backfill/src/ledger/lease/phase-lease.ledger.ts';
import { installLedger } from '../../libs/backfill/src/ledger/ledger.installer.ts';
import { Session } from '../../libs/backfill/src/postgres/session.ts';
import { TestDatabase } from '../support/server/database.ts';
import { until } from '../support/runs/until.ts';

describe('the lease on a phase', () => {
  let database: TestDatabase;
  let dataSource: DataSource;
  let session: Session;

  beforeAll(async () => {
    database = await TestDatabase.create();
    dataSource = await new DataSource({ type: 'postgres', url: database.url }).initialize();
    session = await Session.open(dataSource);
    await installLedger(session, 'nestjs_backfill');
  });
  afterAll(async () => {
    await session.close();
    await dataSource.destroy();
    await database.drop();
  });

  const leaseOn = (phase: string) =>
    new PhaseLeaseLedger({ schema: 'nestjs_backfill', leaseMs: 60_000 }, phase);
  const process = (name: string) => ({ owner: name, description: name });

  it('is free after its release, even if a renewal arrives later', async () => {
    const lease = leaseOn('released');
    const token = (await lease.acquire(session, process('first'))) ?? '';
    expect(await lease.acquire(session, process('second'))).toBeNull();
    await session.transaction([lease.release(token)]);
    await session.transaction([lease.renewal(token)]);
    expect(await lease.holder(session)).toBeNull();
    expect(await lease.acquire(session, process('second'))).not.toBeNull();
  });

  it('is not released by a process that has lost it', async () => {
    const lease = leaseOn('lost');
    const token = (await lease.acquire(session, process('first'))) ?? '';
    await session.transaction([lease.release(token)]);
    await lease.acquire(session, process('second'));
    await session.transaction([lease.release(token)]);
    expect(await lease.holder(session)).toBe('second');
  });

  it('is not reported as lost because of a renewal of an earlier lease', async () => {
    const lease = leaseOn('again');
    const renewals: (() => void)[] = [];
    const manager = new LeaseManager<string>({
      durationMs: 30,
      renewal: (token) => lease.renewal(token),
      subject: 'a test',
      warn: () => undefined,
      sideSession: () => ({
        sendOnSideConnection: async (statements) => {
          await new Promise<void>((resolve) => renewals.push(resolve));
          return session.transaction(statements);
        },
      }),
    });
    const acquire = () => manager.acquire(() => lease.acquire(session, process('first')));
    await acquire();
    await until(() => renewals.length > 0);
    await manager.release((token) => session.transaction([lease.release(token)]));
    expect(await acquire()).toBe(true);
    renewals.shift()?.();
    // The next renewal starts when the first one has its reply.
    await until(() => renewals.length > 0);
    expect(manager.isLost).toBe(false);
    manager.stop();
  });
});
