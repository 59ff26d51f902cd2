import type { Type } from '@nestjs/common';
import {
  Backfill,
  buildIndexes,
  OnlineIndex,
  type BackfillError,
  type IndexReference,
  type SetBackfill,
} from 'nestjs-backfill';
import { InvalidBackfillOptionError, UndeclaredIndexError } from 'nestjs-backfill/errors';
import { IsNull } from 'typeorm';
import { TestDatabase } from '../../support/server/database.ts';
import { addLeads, CallLog, Lead, LEAD_TABLES, resetLeads } from '../../support/tables/lead-tables.ts';
import { Recorder } from '../../support/runs/recorder.ts';
import { declared, refusal } from '../../support/applications/refusal.ts';
import { Stage } from '../../support/applications/stage.ts';

const PENDING = { name: 'leads_pending', entity: Lead, where: 'search_name IS NULL' };

@OnlineIndex<Lead>({ ...PENDING, columns: ['id'] })
class LeadsPendingIndex {}

@OnlineIndex<CallLog>({ name: 'calls_by_lead', entity: CallLog, columns: ['leadId'] })
class CallsByLead {}

@OnlineIndex<Lead>({ name: 'forgotten', entity: Lead, columns: ['id'] })
class Forgotten {}

const PENDING_LEADS = { entity: Lead, where: { searchName: IsNull() }, batchSize: 10 };

@Backfill<Lead>({ ...PENDING_LEADS, name: 'by-class', index: LeadsPendingIndex })
class ByClass implements SetBackfill<Lead> {
  set() {
    return { searchName: 'lower(name)' };
  }
}

@Backfill<Lead>({ ...PENDING_LEADS, name: 'by-name', index: 'leads_pending' })
class ByName extends ByClass {}

describe('a backfill that names its index', () => {
  const stage = Stage.for({ entities: LEAD_TABLES, backfills: [ByClass, ByName, LeadsPendingIndex] });

  const build = () =>
    buildIndexes(stage.application.dataSource, [
      { className: 'LeadsPendingIndex', options: { ...PENDING, columns: ['id'] } },
    ]);
  const warnings = async (name = 'by-class') =>
    (await stage.application.service.plan({ names: [name] })).plan[0]?.warnings;
  const notes = async () => {
    const recorder = new Recorder();
    await stage.run('by-class', { recorder });
    return recorder.notes.filter((note) => !note.startsWith('Sweeps in'));
  };

  beforeEach(async () => {
    await resetLeads(stage.database);
    await addLeads(stage.database, 45);
    await stage.query('DROP INDEX IF EXISTS leads_pending');
  });

  it('runs without the index, and warns once per run and in the plan', async () => {
    const missing = /"leads_pending" is missing on "leads".*--indexes/;
    expect(await warnings()).toEqual([expect.stringMatching(missing)]);
    expect(await warnings('by-name')).toEqual([expect.stringMatching(missing)]);
    expect(await notes()).toEqual([expect.stringMatching(missing)]);
    expect(await stage.status('by-class')).toMatchObject({ status: 'complete' });
  });

  it('warns when the index is INVALID', async () => {
    await stage.query('CREATE INDEX leads_pending ON leads (id) WHERE search_name IS NULL');
    await stage.query(`UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'leads_pending'::regclass`);
    const invalid = /"leads_pending" on "leads" is INVALID.*--indexes/;
    expect((await warnings())?.[0]).toMatch(invalid);
    expect(await notes()).toEqual([expect.stringMatching(invalid)]);
  });

  it('does not warn of a missing or unsuitable index after --indexes has built it', async () => {
    await build();
    expect((await warnings())?.join()).not.toMatch(/missing|INVALID|does not serve/);
    expect(await notes()).toEqual([]);
  });

  it('warns when the index exists but does not serve the predicate', async () => {
    await stage.query('CREATE INDEX leads_pending ON leads (tenant_id) WHERE name IS NULL');
    expect(await warnings()).toEqual([expect.stringMatching(/"leads_pending" exists but does not serve/)]);
  });
});

describe('an application does not start with', () => {
  let database: TestDatabase;

  beforeAll(async () => {
    database = await TestDatabase.create();
  });
  afterAll(async () => {
    await database.drop();
  });

  const refusalOf = (index: unknown, providers: readonly Type[] = []): Promise<BackfillError> => {
    const options = { ...PENDING_LEADS, name: 'named', index: index as IndexReference };
    const backfill = declared('Named', options, { set: () => ({ searchName: 'lower(name)' }) });
    return refusal({
      database,
      entities: LEAD_TABLES,
      backfills: [backfill, ...providers],
      synchronize: false,
    });
  };

  it.each([
    ['a class that no module provides', Forgotten, 'Forgotten'],
    ['a name that no class declares', 'leads_pendign', '"leads_pendign"'],
  ])(
    '%s as `index`; the error names the class, the option and the declared indexes',
    async (_, index, named) => {
      const error = await refusalOf(index, [LeadsPendingIndex, CallsByLead]);
      expect(error).toBeInstanceOf(UndeclaredIndexError);
      expect(error).toMatchObject({ subject: 'Named', option: 'index' });
      expect(error.message).toContain(`Named: the option \`index\` names ${named}`);
      expect(error.remedy).toMatch(/@OnlineIndex.*leads_pending, calls_by_lead/);
    },
  );

  it('an `index` that is declared on another table', async () => {
    const error = await refusalOf(CallsByLead, [CallsByLead]);
    expect(error).toBeInstanceOf(InvalidBackfillOptionError);
    expect(error.message).toMatch(
      /Named: the option `index` names the index "calls_by_lead".*another table than Lead/,
    );
  });

  it('an `index` that is neither a class nor a name', async () => {
    expect((await refusalOf(7)).message).toMatch(/Named: the option `index` is 7/);
  });
});
