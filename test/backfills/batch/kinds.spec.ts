import { Inject, Injectable } from '@nestjs/common';
import {
  Backfill,
  type BatchContext,
  type CopyBackfill,
  type ProcessBackfill,
  type ProcessBatch,
  type RowColumns,
  type SetBackfill,
  type TransformBackfill,
} from 'nestjs-backfill';
import { Column, Entity, IsNull, PrimaryGeneratedColumn, type EntityManager } from 'typeorm';
import { TestApplication } from '../../support/application.ts';
import { TestDatabase } from '../../support/database.ts';
import { addLeads, Contact, Lead, LEAD_TABLES, startAfresh } from '../../support/lead-tables.ts';
import { Address, Employee, PEOPLE, Person } from '../../support/people.ts';
import { untilBlocked } from '../../support/until.ts';

/** A column of every type whose value TypeORM converts. */
@Entity('measurements')
class Measurement {
  @PrimaryGeneratedColumn('uuid')
  id!: string;

  @Column({ type: 'timestamp', name: 'taken_at' })
  takenAt!: Date;

  @Column({ type: 'timestamptz', name: 'sent_at' })
  sentAt!: Date;

  @Column({ type: 'date', name: 'taken_on' })
  takenOn!: string;

  @Column({ type: 'jsonb' })
  payload!: unknown;

  @Column({ type: 'text', array: true })
  tags!: string[];

  @Column({ type: 'bytea' })
  raw!: Buffer;

  @Column({ type: 'numeric' })
  amount!: string;

  @Column({ type: 'simple-array' })
  parts!: string[];

  @Column({
    type: 'text',
    transformer: { to: (value: string) => `<${value}>`, from: (value: string) => value.slice(1, -1) },
  })
  wrapped!: string;

  @Column({ type: 'boolean', nullable: true })
  checked!: boolean | null;
}

@Backfill<Lead>({ name: 'set-last-call', entity: Lead, where: { lastCallDirection: IsNull() }, batchSize: 7 })
class SetLastCall implements SetBackfill<Lead> {
  set(row: RowColumns<Lead>) {
    return {
      lastCallDirection: `coalesce((SELECT c.direction FROM call_logs AS c WHERE c.lead_id = ${row.id}
        ORDER BY c.called_at DESC LIMIT 1), 'none') -- the last one`,
    };
  }
}

@Injectable()
class Alphabet {
  readonly batches: BatchContext[] = [];

  plain(name: string): string {
    return name
      .normalize('NFD')
      .replace(/\p{Mark}/gu, '')
      .toLowerCase();
  }
}

@Backfill<Lead>({
  name: 'transform-search-name',
  entity: Lead,
  where: { searchName: IsNull() },
  reads: ['name'],
  writes: ['searchName'],
  batchSize: 7,
})
class TransformSearchName implements TransformBackfill<Lead, 'id' | 'name'> {
  constructor(@Inject(Alphabet) private readonly alphabet: Alphabet) {}

  transform(rows: readonly Pick<Lead, 'id' | 'name'>[], context: BatchContext) {
    this.alphabet.batches.push(context);
    return rows.map(({ name }) => ({ searchName: this.alphabet.plain(name) }));
  }
}

const EVERY_COLUMN = [
  'takenAt',
  'sentAt',
  'takenOn',
  'payload',
  'tags',
  'raw',
  'amount',
  'parts',
  'wrapped',
] as const;

@Backfill<Measurement>({
  name: 'transform-nothing',
  entity: Measurement,
  where: { checked: IsNull() },
  reads: EVERY_COLUMN,
  writes: [...EVERY_COLUMN, 'checked'],
})
class TransformNothing implements TransformBackfill<Measurement> {
  transform(rows: readonly Measurement[]) {
    return rows.map(({ id: _, ...row }) => ({ ...row, checked: true }));
  }
}

@Backfill<Lead>({ name: 'copy-contacts', entity: Lead, into: Contact, batchSize: 7 })
class CopyContacts implements CopyBackfill<Lead, Contact> {
  copy(row: RowColumns<Lead>) {
    return { leadId: row.id, label: `${row.name} || ' (' || ${row.id} || ')'` };
  }
}

@Backfill<Lead>({
  name: 'copy-labels',
  entity: Lead,
  into: Contact,
  where: 'name IS NOT NULL',
  conflict: ['label'],
  batchSize: 7,
})
class CopyLabels implements CopyBackfill<Lead, Contact> {
  copy() {
    // Bare names are the source's, even where the target has a column of the same name.
    return { leadId: 'id', label: 'name' };
  }
}

@Backfill<Employee>({ name: 'copy-employees', entity: Employee, into: Contact })
class CopyEmployees implements CopyBackfill<Employee, Contact> {
  copy(row: RowColumns<Employee>) {
    return { leadId: row.id, label: `'employee ' || ${row.id}` };
  }
}

@Backfill<Lead>({ name: 'purge-leads', entity: Lead, where: `name LIKE '%0'`, kind: 'purge', batchSize: 7 })
class PurgeLeads {}

@Backfill<Lead>({
  name: 'process-leads',
  entity: Lead,
  where: { searchName: IsNull() },
  reads: ['name'],
  batchSize: 7,
})
class ProcessLeads implements ProcessBackfill<Lead, 'id' | 'name'> {
  async process({ rows, context }: ProcessBatch<Lead, 'id' | 'name'>, manager: EntityManager) {
    for (const { id, name } of rows) {
      // A nested transaction commits with the batch, or not at all.
      await manager.transaction(async (nested) => {
        await nested.getRepository(Lead).update(id, { searchName: name.toLowerCase() });
      });
      await manager.save(Contact, { leadId: id, label: `${context.backfill} ${id}` });
      if (name === 'Lead 13') throw new Error('thirteen is unlucky');
    }
  }
}

@Backfill<Person>({
  name: 'transform-city',
  entity: Person,
  where: { address: { city: IsNull() } },
  reads: ['name', 'address'],
  writes: ['address'],
})
class TransformCity implements TransformBackfill<Person, 'name' | 'address'> {
  transform(rows: readonly Pick<Person, 'name' | 'address'>[]) {
    return rows.map(({ name, address }) => ({
      address: Object.assign(new Address(), { city: `${String(address.city)} of ${String(name)}` }),
    }));
  }
}

@Backfill<Person>({ name: 'set-city', entity: Person, where: { address: { city: IsNull() } } })
class SetCity implements SetBackfill<Person> {
  set() {
    return { 'address.city': `'of ' || name` };
  }
}

describe('a backfill of the kind', () => {
  let database: TestDatabase;
  let application: TestApplication;

  beforeAll(async () => {
    database = await TestDatabase.create();
    application = await TestApplication.start({
      database,
      entities: [...LEAD_TABLES, ...PEOPLE, Measurement],
      providers: [Alphabet],
      backfills: [
        SetLastCall,
        TransformSearchName,
        TransformNothing,
        TransformCity,
        SetCity,
        CopyContacts,
        CopyLabels,
        CopyEmployees,
        PurgeLeads,
        ProcessLeads,
      ],
    });
  });

  afterAll(async () => {
    await application.stop();
    await database.drop();
  });

  beforeEach(async () => {
    await startAfresh(database);
    await addLeads(database, 40);
  });

  const run = async (name: string) => {
    const { backfills, outcome } = await application.service.run({ names: [name] });
    return { outcome, ...backfills[0] };
  };

  it('set takes its values from another table by a correlated sub-query', async () => {
    await database.query(`INSERT INTO call_logs (lead_id, direction, called_at)
      SELECT i % 30 + 1, (ARRAY['in', 'out'])[i % 2 + 1], '2024-01-01'::timestamptz + i * '1 hour'::interval
      FROM generate_series(1, 95) AS i`);
    expect(await run('set-last-call')).toMatchObject({ outcome: 'complete', updated: 40, batches: 6 });
    expect(
      await database.query(`SELECT l.id FROM leads l LEFT JOIN LATERAL
        (SELECT direction FROM call_logs WHERE lead_id = l.id ORDER BY called_at DESC LIMIT 1) AS c ON true
        WHERE l.last_call_direction IS DISTINCT FROM coalesce(c.direction, 'none')`),
    ).toEqual([]);
    expect(await database.query('SELECT count(DISTINCT last_call_direction)::int AS n FROM leads')).toEqual([
      { n: 3 },
    ]);
  });

  it('transform computes in TypeScript, with what is injected', async () => {
    await database.query(`UPDATE leads SET name = 'Çelik Ünal ' || id || ' "{\\,}" 💶'`);
    const before = application.context.get(Alphabet).batches.length;
    expect(await run('transform-search-name')).toMatchObject({
      outcome: 'complete',
      updated: 40,
      batches: 6,
    });
    expect(
      await database.query(`SELECT id FROM leads WHERE search_name <> 'celik unal ' || id || ' "{\\,}" 💶'`),
    ).toEqual([]);
    const told = application.context.get(Alphabet).batches.slice(before);
    expect(told.map(({ batch }) => batch)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(told[0]).toMatchObject({
      backfill: 'transform-search-name',
      version: 1,
      signal: { aborted: false },
    });
  });

  it('transform gives back every type as it was given it: dates, JSON, arrays, bytes, numbers, transformed columns', async () => {
    await database.query(`INSERT INTO measurements (taken_at, sent_at, taken_on, payload, tags, raw, amount, parts, wrapped) VALUES
      ('2024-02-29 23:59:59.123', '2024-02-29 23:59:59.123+00', '2024-02-29', '{"a": [1, null, "\\"x"]}', '{"a,b","\\"",NULL}', '\\x00ff5c', 12345678901234567890.123456789, 'a,b', '<w>'),
      ('0044-03-15 12:00:00 BC', '1900-01-01 00:00:00+00', '0001-01-01', '[]', '{}', '', -0.5, '', '<>'),
      ('1969-12-31 23:59:59.999', '2038-01-19 03:14:08+00', '9999-12-31', '"text"', '{""}', '\\x5c78', 0, 'x', '<<>>')`);
    const content = () =>
      database.query(`SELECT id, taken_at::text, sent_at::text, taken_on::text, payload::text, tags::text, raw::text,
        amount::text, parts, wrapped FROM measurements ORDER BY id`);
    const before = await content();
    expect(await run('transform-nothing')).toMatchObject({ outcome: 'complete', updated: 3 });
    expect(await content()).toEqual(before);
  });

  it.each([
    ['set', 'set-city', 'of Ann'],
    ['transform', 'transform-city', 'null of Ann'],
  ])('%s writes embedded columns', async (_, name, city) => {
    await database.query(`INSERT INTO people (name, age, score, active, tags, settings, seen_at, created_at, born_on, "personKind")
      VALUES ('Ann', 1, 1, true, '{}', '{}', now(), now(), now(), 'customer')`);
    expect(await run(name)).toMatchObject({ outcome: 'complete', updated: 1 });
    expect(await database.query('SELECT * FROM people')).toMatchObject([{ addressCity: city }]);
    await database.query('TRUNCATE people RESTART IDENTITY');
  });

  it('copy inserts what the other table does not have', async () => {
    await database.query(`INSERT INTO contacts VALUES (3, 'of the application')`);
    expect(await run('copy-contacts')).toMatchObject({ outcome: 'complete', updated: 39, quarantined: 0 });
    expect(
      await database.query(`SELECT lead_id FROM contacts AS c JOIN leads AS l ON l.id = c.lead_id
        WHERE c.label <> l.name || ' (' || l.id || ')'`),
    ).toEqual([{ lead_id: '3' }]);
    expect(await run('copy-contacts')).toMatchObject({ outcome: 'nothing-to-do' });
  });

  it('copy waits for a row that somebody inserts at the same time, and leaves it as it is', async () => {
    const somebody = await database.connect('somebody');
    await somebody.query(`BEGIN; INSERT INTO contacts VALUES (10, 'of somebody')`);
    const running = run('copy-contacts');
    await untilBlocked(database, 'nestjs-backfill: copy-contacts');
    await somebody.query('COMMIT');
    await somebody.end();
    expect(await running).toMatchObject({ outcome: 'complete', updated: 39, quarantined: 0 });
    expect(await database.query('SELECT label FROM contacts WHERE lead_id = 10')).toEqual([
      { label: 'of somebody' },
    ]);
  });

  it('copy tells by the columns of `conflict` what is there already', async () => {
    await database.query(`INSERT INTO contacts VALUES (1000, 'Lead 5')`);
    expect(await run('copy-labels')).toMatchObject({ outcome: 'complete', updated: 39 });
    expect(await database.query(`SELECT lead_id FROM contacts WHERE label = 'Lead 5'`)).toEqual([
      { lead_id: '1000' },
    ]);
  });

  it('copy sets a row aside that another unique column keeps out, and copies the rest', async () => {
    await database.query(`INSERT INTO contacts VALUES (5, 'taken')`);
    expect(await run('copy-labels')).toMatchObject({
      outcome: 'incomplete',
      updated: 39,
      quarantined: 1,
      remaining: 1,
    });
    const [status] = (await application.service.status({ names: ['copy-labels'] })).backfills;
    expect(status?.quarantine).toMatchObject([
      { key: ['5'], error: expect.stringContaining('still matches') as string },
    ]);
  });

  it('copy of a child entity leaves its siblings alone', async () => {
    await database.query(`INSERT INTO people (name, age, score, active, tags, settings, seen_at, created_at, born_on, "personKind")
      SELECT 'p', 1, 1, true, '{}', '{}', now(), now(), now(), unnest(ARRAY['employee', 'customer'])`);
    expect(await run('copy-employees')).toMatchObject({ outcome: 'complete', updated: 1 });
    expect(await database.query('SELECT label FROM contacts')).toEqual([{ label: 'employee 1' }]);
    await database.query('TRUNCATE people RESTART IDENTITY');
  });

  it('purge deletes the pending rows and no other', async () => {
    expect(await run('purge-leads')).toMatchObject({ outcome: 'complete', updated: 4, remaining: 0 });
    expect(await database.query(`SELECT count(*)::int AS n FROM leads`)).toEqual([{ n: 36 }]);
    expect(await database.query(`SELECT FROM leads WHERE name LIKE '%0'`)).toEqual([]);
  });

  it('purge sets a row aside that another table refers to, with the error, and deletes the rest', async () => {
    await database.query(`INSERT INTO call_logs (lead_id, direction, called_at) VALUES (20, 'in', now())`);
    await database.query(
      'ALTER TABLE call_logs ADD CONSTRAINT of_lead FOREIGN KEY (lead_id) REFERENCES leads',
    );
    expect(await run('purge-leads')).toMatchObject({
      outcome: 'incomplete',
      updated: 3,
      quarantined: 1,
      remaining: 1,
    });
    const [status] = (await application.service.status({ names: ['purge-leads'] })).backfills;
    expect(status?.quarantine).toMatchObject([
      { key: ['20'], error: expect.stringContaining('"of_lead"') as string, attempts: 1 },
    ]);
    await database.query('ALTER TABLE call_logs DROP CONSTRAINT of_lead');
    expect(await application.service.run({ names: ['purge-leads'], retryQuarantined: true })).toMatchObject({
      outcome: 'complete',
      backfills: [{ updated: 1, quarantined: 0 }],
    });
    expect(await database.query(`SELECT FROM leads WHERE name LIKE '%0'`)).toEqual([]);
  });

  it('process saves with TypeORM in the batch’s transaction: a row whose code throws leaves nothing behind', async () => {
    expect(await run('process-leads')).toMatchObject({ outcome: 'incomplete', updated: 39, quarantined: 1 });
    const [status] = (await application.service.status({ names: ['process-leads'] })).backfills;
    expect(status?.quarantine).toMatchObject([{ key: ['13'], error: 'thirteen is unlucky' }]);
    expect(
      await database.query(`SELECT l.id FROM leads AS l FULL JOIN contacts AS c ON c.lead_id = l.id
        WHERE l.search_name IS DISTINCT FROM lower(l.name) OR c.label IS DISTINCT FROM 'process-leads ' || l.id`),
    ).toEqual([{ id: '13' }]);
    expect(await database.query('SELECT lead_id FROM contacts WHERE lead_id = 13')).toEqual([]);
  });

  it('process uses rows that are locked against other writers while its code runs', async () => {
    const somebody = await database.connect('somebody');
    await somebody.query(`BEGIN; INSERT INTO contacts VALUES (2, 'blocks the code')`);
    const running = run('process-leads');
    await untilBlocked(database, 'nestjs-backfill: process-leads');
    const free = await database.query<{ id: string }>('SELECT id FROM leads FOR UPDATE SKIP LOCKED');
    await somebody.query('ROLLBACK');
    await somebody.end();
    await running;
    expect(free.map(({ id }) => Number(id)).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 33 }, (_, at) => at + 8),
    );
    expect(await database.query('SELECT count(*)::int AS n FROM contacts')).toEqual([{ n: 39 }]);
  });
});
