import {
  Backfill,
  IndexesService,
  OnlineIndex,
  type IndexesRequest,
  type SetBackfill,
} from 'nestjs-backfill';
import type { DeployReport } from '../../libs/backfill/src/deploy/deploy.report.ts';
import { IndexDeclarationError } from 'nestjs-backfill/errors';
import { IsNull } from 'typeorm';
import { BackfillPhase } from '../../libs/backfill/src/deploy/backfill.phase.ts';
import { DeploySequence } from '../../libs/backfill/src/deploy/deploy.sequence.ts';
import { IndexesPhase } from '../../libs/backfill/src/deploy/indexes.phase.ts';
import { PhaseServices } from '../../libs/backfill/src/deploy/phase.services.ts';
import {
  renderReport,
  renderOneShotStatus,
} from '../../libs/backfill/src/one-shot/output/text/report.renderer.ts';
import { refusal } from '../support/applications/refusal.ts';
import { Stage } from '../support/applications/stage.ts';
import { TestDatabase } from '../support/server/database.ts';
import { addLeads, Lead, LEAD_TABLES, resetLeads } from '../support/tables/lead-tables.ts';

@OnlineIndex<Lead>({
  name: 'leads_pending',
  entity: Lead,
  columns: ['id'],
  where: 'search_name IS NULL',
  build: 'after',
})
class LeadsPending {}

@OnlineIndex<Lead>({ name: 'leads_by_name', entity: Lead, columns: ['name'] })
class LeadsByName {}

const PENDING_LEADS = { entity: Lead, where: { searchName: IsNull() }, batchSize: 10 };

@Backfill<Lead>({ ...PENDING_LEADS, name: 'search-name', index: LeadsPending })
class SearchName implements SetBackfill<Lead> {
  set() {
    return { searchName: 'lower(name)' };
  }
}

@Backfill<Lead>({
  entity: Lead,
  name: 'direction',
  where: { lastCallDirection: IsNull() },
  index: 'leads_pending',
})
class Direction implements SetBackfill<Lead> {
  set() {
    return { lastCallDirection: `CASE WHEN name = 'refused' THEN NULL ELSE 'none' END` };
  }
}

describe("an index with `build: 'after'`", () => {
  const stage = Stage.for({
    entities: LEAD_TABLES,
    backfills: [SearchName, Direction, LeadsPending, LeadsByName],
  });
  const lines: string[] = [];
  const log = { log: (line: string) => void lines.push(line), warn: (line: string) => void lines.push(line) };
  const indexes = () => stage.application.context.get(IndexesService);
  const build = (request: IndexesRequest = {}) => indexes().run({ log, ...request });
  const hasIndex = () => stage.value(`SELECT to_regclass('leads_pending') IS NOT NULL`);

  beforeEach(async () => {
    lines.length = 0;
    await resetLeads(stage.database);
    await stage.query('DROP INDEX IF EXISTS leads_pending; DROP INDEX IF EXISTS leads_by_name');
    await stage.query('DROP SCHEMA IF EXISTS nestjs_backfill CASCADE');
    await addLeads(stage.database, 45);
  });

  async function deploy(
    signal: AbortSignal = new AbortController().signal,
    names?: readonly string[],
  ): Promise<DeployReport> {
    const phases = [
      new IndexesPhase({ log }),
      new BackfillPhase({ ...(names ? { names } : {}) }, {}),
    ] as const;
    const sequence = new DeploySequence(phases, {
      signal,
      onError: (error) => {
        throw error;
      },
    });
    return (await sequence.run(new PhaseServices(stage.application.context, 'AppModule'))) as DeployReport;
  }

  it('waits in --indexes for every backfill that names it, and says for which', async () => {
    const report = await build();
    const waits =
      'It is built after the backfill search-name, which is pending, and direction, which is pending.';
    expect(report).toMatchObject({
      outcome: 'done',
      dataSources: [
        {
          indexes: [
            { name: 'leads_pending', status: 'waiting', reason: waits },
            { name: 'leads_by_name', status: 'built' },
          ],
        },
      ],
    });
    expect(await hasIndex()).toBe('false');
    expect(lines).toContainEqual(expect.stringContaining(`"leads" is not built now. ${waits}`));
    expect(renderReport(report)).toContain(`leads_pending on "leads": waiting\n  ${waits}`);
    expect(renderReport(report)).toContain('Built: every other declared index exists.');
  });

  it('is built by --indexes once these backfills are complete', async () => {
    await stage.run('search-name');
    expect(await build()).toMatchObject({
      dataSources: [
        {
          indexes: [
            {
              status: 'waiting',
              reason: 'It is built after the backfill direction, which is pending.',
            },
            {},
          ],
        },
      ],
    });
    await stage.run('direction');
    expect(await build()).toMatchObject({
      outcome: 'done',
      dataSources: [{ indexes: [{ status: 'built' }, { status: 'exists' }] }],
    });
  });

  it('is built by the deployment that completes them, after its backfills', async () => {
    const report = await deploy();
    expect(report).toMatchObject({
      outcome: 'complete',
      left: [],
      indexes: {
        outcome: 'done',
        dataSources: [
          {
            indexes: [
              { name: 'leads_pending', status: 'built' },
              { name: 'leads_by_name', status: 'built' },
            ],
          },
        ],
      },
    });
    expect(await hasIndex()).toBe('true');
  });

  it('is left by a deployment that does not complete them, which is no warning', async () => {
    const report = await deploy(undefined, ['search-name']);
    expect(report).toMatchObject({ outcome: 'complete', indexes: { outcome: 'done' } });
    expect(report.left).toEqual([
      {
        phase: 'indexes',
        name: 'leads_pending',
        why: 'It is built after the backfill direction, which is pending.',
      },
    ]);
  });

  it('is not built by a deployment that was stopped', async () => {
    const stop = new AbortController();
    stop.abort('SIGTERM');
    await deploy(stop.signal);
    expect(await hasIndex()).toBe('false');
  });

  it('that cannot be built after the backfills is a warning that stops nothing', async () => {
    await stage.query('CREATE TABLE leads_pending (id int)');
    const report = await deploy();
    await stage.query('DROP TABLE leads_pending');
    expect(report).toMatchObject({
      outcome: 'incomplete',
      backfill: { outcome: 'complete' },
      indexes: { outcome: 'warnings' },
      left: [{ phase: 'indexes', name: 'leads_pending' }],
    });
  });

  it('is listed as waiting by --status', async () => {
    const status = await indexes().status();
    expect(status.dataSources[0]?.indexes).toMatchObject([
      { name: 'leads_pending', presence: 'waiting' },
      { name: 'leads_by_name', presence: 'missing' },
    ]);
    expect(renderOneShotStatus(status)).toContain(
      'leads_pending on "leads": waiting. It is built after the backfill search-name, which is pending',
    );
    await stage.runAll();
    expect((await indexes().status()).dataSources[0]?.indexes[0]).toMatchObject({ presence: 'missing' });
  });

  it('is kept if it exists before its backfill is run again', async () => {
    await stage.query('CREATE INDEX leads_pending ON leads (id) WHERE search_name IS NULL');
    expect(await build()).toMatchObject({ dataSources: [{ indexes: [{ status: 'exists' }, {}] }] });
  });

  it('is not asked for by a run, and the plan says what the proof costs without it', async () => {
    const plan = await stage.application.service.plan({ names: ['search-name'] });
    expect(plan.plan[0]?.warnings).toEqual([
      expect.stringContaining('"leads_pending" is built after this backfill: until then, the proof'),
    ]);
    const report = await stage.run('search-name');
    expect(report).toMatchObject({ status: 'complete', proofMs: expect.any(Number) as number });
  });
});

describe("an index with `build: 'after'` that no backfill names", () => {
  it('stops the start; the error names its class and the remedy', async () => {
    const database = await TestDatabase.create();
    const error = await refusal({
      database,
      entities: LEAD_TABLES,
      backfills: [LeadsPending],
      synchronize: false,
    });
    await database.drop();
    expect(error).toBeInstanceOf(IndexDeclarationError);
    expect(error).toMatchObject({ subject: 'LeadsPending' });
    expect(error.message).toContain(
      `the index "leads_pending" has \`build: 'after'\`, and no backfill names it`,
    );
    expect(error.remedy).toContain('option `index`');
  });
});
