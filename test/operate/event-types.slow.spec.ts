import { Injectable } from '@nestjs/common';
import {
  Backfill,
  BackfillThrottle,
  MigrationsService,
  SchemaMigration,
  type SetBackfill,
  type ThrottleCheck,
} from 'nestjs-backfill';
import { type BackfillEvent, OnBackfill } from 'nestjs-backfill/operate';
import { IsNull, type QueryRunner } from 'typeorm';
import { BACKFILL_EVENT_TYPES } from '../../libs/backfill/src/operate/events/event.types.ts';
import { Stage } from '../support/applications/stage.ts';
import { until } from '../support/runs/until.ts';
import { addLeads, Lead, LEAD_TABLES } from '../support/tables/lead-tables.ts';

@Backfill<Lead>({ name: 'names', entity: Lead, where: { searchName: IsNull() }, maxQuarantined: 1 })
class Names implements SetBackfill<Lead> {
  set() {
    return { searchName: `CASE WHEN name LIKE 'bad%' THEN name::int::text ELSE lower(name) END` };
  }
}

let held = false;

@BackfillThrottle({ name: 'mail queue' })
class MailQueue implements ThrottleCheck {
  async check() {
    return Promise.resolve(held ? '12,000 mails are queued' : null);
  }
}

class DropName1700000000001 extends SchemaMigration {
  static override readonly requires = ['names'];
  static override readonly onIncomplete = 'defer';
  async up(runner: QueryRunner) {
    await runner.query('ALTER TABLE leads ALTER COLUMN search_name SET DEFAULT $$x$$');
  }
  async down() {
    return Promise.resolve();
  }
}

@Injectable()
class Listener {
  readonly received: BackfillEvent[] = [];

  @OnBackfill(...(BACKFILL_EVENT_TYPES as unknown as ['started']))
  on(event: unknown): void {
    this.received.push(event as BackfillEvent);
  }
}

describe('the events of each type', () => {
  const stage = Stage.for({
    entities: LEAD_TABLES,
    backfills: [Names, MailQueue],
    providers: [Listener],
    migrations: [DropName1700000000001],
  });
  /** Waits for the next event of the type. */
  const next = async <Type extends BackfillEvent['type']>(type: Type): Promise<BackfillEvent<Type>> => {
    const { received } = stage.application.context.get(Listener);
    let found: BackfillEvent | undefined;
    await until(() => (found = received.find((event) => event.type === type)) !== undefined);
    received.splice(received.indexOf(found as BackfillEvent), 1);
    return found as BackfillEvent<Type>;
  };
  const names = { backfill: 'names', version: 1, target: 'public.leads', dataSource: 'default' };

  it('are delivered with what has happened, who did it and why', async () => {
    const ofService = stage.application.service;
    await addLeads(stage.database, 3);
    await stage.application.context.get(MigrationsService).run();
    expect(await next('migration-deferred')).toMatchObject({
      migration: 'DropName1700000000001',
      dataSource: 'default',
      reason: expect.stringContaining('names') as string,
    });

    held = true;
    const run = stage.run('names');
    expect(await next('throttled')).toMatchObject({
      ...names,
      reason: expect.stringContaining('12,000 mails are queued') as string,
      actor: expect.stringMatching(/^[^:]+:\d+:/) as string,
    });
    held = false;
    await run;
    expect(await next('started')).toMatchObject({ ...names, from: 'pending', to: 'running' });
    expect(await next('completed')).toMatchObject({ ...names, from: 'running', to: 'complete' });

    await stage.query(`INSERT INTO leads (name) VALUES ('bad 1')`);
    await stage.run('names');
    expect(await next('drift')).toMatchObject({ ...names, from: 'complete', to: 'running' });
    expect(await next('quarantined')).toMatchObject({ ...names, key: ['4'], tenant: null });
    expect(await next('incomplete')).toMatchObject({ ...names, to: 'incomplete' });

    await ofService.pause('names', { by: 'ada', why: 'lunch' });
    expect(await next('paused')).toMatchObject({ ...names, actor: 'ada', reason: 'Paused by ada: lunch.' });
    await ofService.resume('names', { by: 'ada' });
    expect(await next('resumed')).toMatchObject({ ...names, from: 'paused', actor: 'ada' });
    await ofService.cancel('names', { by: 'grace', why: 'not needed' });
    expect(await next('cancelled')).toMatchObject({ ...names, to: 'cancelled', actor: 'grace' });
    await ofService.resume('names', { by: 'grace' });
    expect(await next('resumed')).toMatchObject({ from: 'cancelled' });

    await stage.query(`INSERT INTO leads (name) SELECT 'bad ' || i FROM generate_series(2, 9) AS i`);
    await stage.run('names');
    expect(await next('failed')).toMatchObject({
      ...names,
      to: 'failed',
      reason: expect.stringContaining('more than 1 row') as string,
    });
  });
});
