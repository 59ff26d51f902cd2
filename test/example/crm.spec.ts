import type { INestApplicationContext } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { TypeOrmModule } from '@nestjs/typeorm';
import { LeadsModule } from '../../src/leads/leads.module.ts';
import { LeadsService } from '../../src/leads/leads.service.ts';
import { searchName } from '../../src/leads/search-name.ts';
import { createCrm, crmOptions } from '../support/tables/crm.ts';
import { TestDatabase } from '../support/server/database.ts';

describe('the example application', () => {
  let database: TestDatabase;
  let app: INestApplicationContext;
  let leads: LeadsService;

  beforeAll(async () => {
    database = await TestDatabase.create();
    await createCrm(database);
    await database.query(`INSERT INTO tenants (name) VALUES ('Café Olé'), ('Nordlicht')`);
    app = await Test.createTestingModule({
      imports: [TypeOrmModule.forRoot(crmOptions(database)), LeadsModule],
    }).compile();
    leads = app.get(LeadsService);
  });

  afterAll(async () => {
    await app?.close();
    await database?.drop();
  });

  it('creates leads that no backfill has to change', async () => {
    const { id } = await leads.create(1, { firstName: 'Zoë', lastName: 'Weiß', email: 'zoe@example.com' });
    expect(await column('search_name', id)).toBe('zoe weiss');
    expect(await column('last_call_direction', id)).toBe('none');
  });

  it('updates the direction of the last call with each call', async () => {
    const { id } = await leads.create(1, {
      firstName: 'José',
      lastName: 'García',
      email: 'jose@example.com',
    });
    await leads.logCall(1, id, { direction: 'inbound', outcome: 'answered', durationSeconds: 60 });
    expect(await column('last_call_direction', id)).toBe('inbound');
    await leads.logCall(1, id, { direction: 'outbound', outcome: 'missed', durationSeconds: 0 });
    expect(await column('last_call_direction', id)).toBe('outbound');
  });

  it('refuses to log a call on a lead of another tenant', async () => {
    const { id } = await leads.create(1, { firstName: 'Anna', lastName: 'Smith', email: 'anna@example.com' });
    const call = { direction: 'inbound', outcome: 'answered', durationSeconds: 60 } as const;
    await expect(leads.logCall(2, id, call)).rejects.toThrow(`Lead ${id} does not exist.`);
    expect(await database.query('SELECT FROM call_logs WHERE lead_id = $1', [id])).toEqual([]);
  });

  it('finds a lead by its name without accents, and escapes wildcards in the input', async () => {
    await leads.create(2, { firstName: 'Łukasz', lastName: 'Øystein', email: 'lukasz@example.com' });
    expect((await leads.find(2, 'lukasz oy')).map(({ email }) => email)).toEqual(['lukasz@example.com']);
    expect(await leads.find(2, '%')).toEqual([]);
  });

  async function column(name: string, id: string): Promise<unknown> {
    const [row] = await database.query(`SELECT ${name} AS value FROM leads WHERE id = $1`, [id]);
    return row?.['value'];
  }
});

describe('the search name', () => {
  it.each([
    ['İpek', 'Yıldız', 'ipek yildiz'],
    ['Łukasz', 'Đorđević', 'lukasz dordevic'],
    ['Þóra', 'Ægisdóttir', 'thora aegisdottir'],
    ['Nguyệt', 'Trần', 'nguyet tran'],
    ['Ana  María', ' D’Angelo ', 'ana maria d’angelo'],
  ])('of %s %s has neither accents nor capitals', (first, last, expected) => {
    expect(searchName(first, last)).toBe(expected);
  });
});
