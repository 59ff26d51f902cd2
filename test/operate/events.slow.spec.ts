import { Injectable } from '@nestjs/common';
import { Backfill, type SetBackfill } from 'nestjs-backfill';
import { EventHandlerError } from 'nestjs-backfill/errors';
import { type BackfillEvent, OnBackfill } from 'nestjs-backfill/operate';
import { IsNull } from 'typeorm';
import { TestApplication } from '../support/applications/application.ts';
import { refusal } from '../support/applications/refusal.ts';
import { until } from '../support/runs/until.ts';
import { TestDatabase } from '../support/server/database.ts';
import { addLeads, Lead, LEAD_TABLES } from '../support/tables/lead-tables.ts';

@Backfill<Lead>({ name: 'names', entity: Lead, where: { searchName: IsNull() }, tenant: 'tenantId' })
class Names implements SetBackfill<Lead> {
  set() {
    return { searchName: `CASE WHEN name = 'bad' THEN name::int::text ELSE lower(name) END` };
  }
}

type AnyEvent = BackfillEvent;

/** Collects what it receives. `fail` makes the next calls fail. */
@Injectable()
class Listener {
  readonly received: AnyEvent[] = [];
  readonly attempts: string[] = [];
  fail = 0;
  held: Promise<void> | null = null;

  @OnBackfill('started', 'completed', 'paused', 'resumed', 'drift', 'quarantined')
  async on(event: AnyEvent): Promise<void> {
    this.attempts.push(event.id);
    await this.held;
    if (this.fail-- > 0) throw new Error('the network is away');
    this.received.push(event);
  }
}

describe('a method with @OnBackfill', () => {
  let database: TestDatabase;
  const applications: TestApplication[] = [];

  const start = async (...listeners: Listener[]) => {
    const providers = listeners.map((useValue) => ({ provide: Listener, useFactory: () => useValue }));
    const provided = listeners.length > 0 ? [Listener, ...providers] : [];
    const application = await TestApplication.start({
      database,
      entities: LEAD_TABLES,
      backfills: [Names],
      providers: provided,
    });
    applications.push(application);
    return application;
  };
  const listenerOf = (application: TestApplication) => application.context.get(Listener);
  const typesOf = ({ received }: Listener) => received.map(({ type }) => type);

  beforeEach(async () => {
    database = await TestDatabase.create();
  });
  afterEach(async () => {
    await Promise.all(applications.splice(0).map((application) => application.stop()));
    await database.drop();
  });

  it('receives the events of another process, from the first run on, and then those of persons', async () => {
    const listening = await start(new Listener());
    const listener = listenerOf(listening);
    const other = await start();
    await addLeads(database, 3);
    await database.query(`INSERT INTO leads (tenant_id, name) VALUES ('7', 'bad')`);
    await other.service.run();
    await until(() => listener.received.length === 2);
    expect(listener.received).toMatchObject([
      {
        type: 'started',
        backfill: 'names',
        version: 1,
        from: 'pending',
        to: 'running',
        dataSource: 'default',
      },
      { type: 'quarantined', key: ['4'], tenant: '7', target: 'public.leads' },
    ]);
    expect(listener.received[1]?.reason).toContain('invalid input syntax');
    await other.service.pause('names', { by: 'ada', why: 'lunch' });
    await other.service.resume('names', { by: 'ada' });
    await until(() => listener.received.length === 4);
    expect(listener.received.slice(2)).toMatchObject([
      { type: 'paused', actor: 'ada', reason: 'Paused by ada: lunch.' },
      { type: 'resumed', actor: 'ada' },
    ]);
    expect(new Set(listener.attempts).size).toBe(4);
  });

  it('receives an event again, with the same id and before later ones, after it has failed', async () => {
    const application = await start(new Listener());
    const listener = listenerOf(application);
    listener.fail = 1;
    await addLeads(database, 1);
    await application.service.run();
    await until(() => listener.received.length === 2);
    expect(typesOf(listener)).toEqual(['started', 'completed']);
    const [first, ...rest] = listener.attempts;
    expect(rest).toEqual(listener.received.map(({ id }) => id));
    expect(rest[0]).toBe(first);
  });

  it('does not hold up a run, and what it was doing when its process was killed is delivered by another', async () => {
    const stuck = new Listener();
    let release = (): void => undefined;
    stuck.held = new Promise((resolve) => (release = resolve));
    const first = await start(stuck);
    await addLeads(database, 1);
    await first.service.run();
    await until(() => listenerOf(first).attempts.length === 1);
    const second = await start(new Listener());
    // As if the lease of the first process had expired because it was killed.
    await database.query(
      `UPDATE nestjs_backfill.event_subscriber SET lease_owner = 'a killed process', lease_expires_at = now()`,
    );
    await until(() => listenerOf(second).received.length === 2);
    expect(typesOf(listenerOf(second))).toEqual(['started', 'completed']);
    expect(listenerOf(second).received[0]?.id).toBe(listenerOf(first).attempts[0]);
    release();
  });

  it('misses no event that is recorded by a transaction which commits later than others', async () => {
    const application = await start(new Listener());
    const listener = listenerOf(application);
    await addLeads(database, 1);
    await application.service.run();
    await until(() => listener.received.length === 2);
    const late = await database.connect();
    await late.query(`BEGIN; INSERT INTO nestjs_backfill.event (type, name, version, target, reason, actor, key)
      VALUES ('quarantined', 'names', 1, 'public.leads', 'Late.', 'a process', '["1"]')`);
    await database.query('UPDATE leads SET search_name = NULL');
    await application.service.run();
    await until(() => listener.received.length === 4);
    expect(typesOf(listener).slice(2)).toEqual(['drift', 'completed']);
    await late.query('COMMIT');
    await late.end();
    await until(() => listener.received.length === 5);
    expect(listener.received[4]).toMatchObject({ type: 'quarantined', reason: 'Late.' });
    expect(new Set(listener.attempts).size).toBe(5);
  });

  it('receives the last events of a process before the process ends', async () => {
    const application = await start(new Listener());
    const listener = listenerOf(application);
    await addLeads(database, 1);
    await application.service.run();
    await application.stop();
    expect(typesOf(listener)).toEqual(['started', 'completed']);
    applications.length = 0;
  });

  it('stops the start if its type of event does not exist', async () => {
    @Injectable()
    class Wrong {
      @OnBackfill('complete' as 'completed')
      on(): void {}
    }
    const error = await refusal({ database, entities: LEAD_TABLES, backfills: [Names], providers: [Wrong] });
    expect(error).toBeInstanceOf(EventHandlerError);
    expect(error.message).toMatch(
      /Wrong\.on: "complete" is no type of event\.\s+→ Did you mean 'completed'\?/,
    );
  });
});
