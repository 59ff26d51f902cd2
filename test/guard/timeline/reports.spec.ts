import { readFileSync, writeFileSync } from 'node:fs';
import { TimelineProject } from './support.ts';

describe('the reports of --timeline', () => {
  let project: TimelineProject;
  let entity: string;
  let migration: string;

  beforeEach(() => {
    project = new TimelineProject();
    project.sql('CREATE TABLE leads (id bigserial PRIMARY KEY, name text)');
    migration = project.sql('ALTER TABLE leads DROP COLUMN name');
    entity = project.entity(
      `  @PrimaryGeneratedColumn() id!: number;\n  @Column('text') name!: string;\n  @Column('text') status!: string;`,
    );
  });

  afterEach(() => {
    project.remove();
  });

  it('the text names the place of the column and of the statement that drops it', async () => {
    const { out } = await project.guard('--timeline');
    expect(out).toContain('6:3      HIGH   column-not-added');
    expect(out).toContain(`it is used in ${entity}:5`);
  });

  it('JSON has the finding with its subject, and what was compared', async () => {
    const { out } = await project.guard('--timeline', '--format', 'json');
    expect(JSON.parse(out)).toMatchObject({
      timeline: { entities: 1, columns: 3, backfills: 0 },
      findings: [
        { rule: 'column-dropped', file: migration, direction: 'up', writtenIn: { file: entity, line: 5 } },
        { rule: 'column-not-added', file: entity, subject: 'Lead', line: 6, table: 'leads' },
      ],
    });
  });

  it('GitHub shows annotations in the entity and in the migration', async () => {
    const { out } = await project.guard('--timeline', '--format', 'github');
    expect(out).toContain(`::error file=${entity},line=6,`);
    expect(out).toContain(`::error file=${migration},line=4,`);
  });

  it('SARIF has the rules, the results and the second place', async () => {
    const { out } = await project.guard('--timeline', '--format', 'sarif');
    const [{ results }] = (
      JSON.parse(out) as {
        runs: [{ results: { ruleId: string; relatedLocations?: { message: { text: string } }[] }[] }];
      }
    ).runs;
    expect(results.map(({ ruleId }) => ruleId)).toEqual(['column-dropped', 'column-not-added']);
    expect(results[0]?.relatedLocations?.[0]?.message.text).toBe('it is used here');
  });

  it('the baseline grandfathers findings, and a check without --timeline keeps them', async () => {
    await project.guard('--timeline', '--update-baseline');
    expect(await project.timeline('--strict-baseline')).toMatchObject({ code: 0 });
    expect((await project.guard('--strict-baseline')).code).toBe(0);
    await project.guard('--update-baseline');
    expect((await project.guard('--timeline')).code).toBe(0);
    writeFileSync(entity, readFileSync(entity, 'utf8').replace(/.*status.*\n/, ''));
    expect((await project.guard('--timeline', '--strict-baseline')).out).toContain('stale');
  });

  it('comments with a reason suppress findings, in the entity and in the migration', async () => {
    const comment = (rule: string): string => `// nestjs-backfill-ignore ${rule}: agreed\n`;
    writeFileSync(
      entity,
      readFileSync(entity, 'utf8').replace(/(.*status)/, `${comment('column-not-added')}$1`),
    );
    writeFileSync(
      migration,
      readFileSync(migration, 'utf8').replace(/(.*DROP)/, `${comment('column-dropped')}$1`),
    );
    expect(await project.timeline('--strict-baseline')).toEqual({ code: 0, findings: [] });
    expect((await project.guard('--strict-baseline')).code).toBe(0);
  });

  it('without --timeline, entities are not compared', async () => {
    expect((await project.guard()).code).toBe(0);
  });
});
