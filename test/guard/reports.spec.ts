import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import Ajv from 'ajv';
import { timingLine } from '../../libs/guard/src/report/text.report.ts';
import { Project } from './support.ts';

interface SarifLog {
  readonly runs: readonly [
    {
      readonly results: readonly {
        readonly ruleId: string;
        readonly suppressions: readonly unknown[];
        readonly locations: readonly [
          { readonly physicalLocation: { readonly region: Record<string, number> } },
        ];
      }[];
    },
  ];
}

const require = createRequire(import.meta.url);

describe('the reports of the guard', () => {
  let project: Project;

  beforeEach(() => {
    project = new Project();
    project.migration(`    await queryRunner.query(\`UPDATE leads SET status = 'a|b<c>' WHERE status IS NULL\`);
    const rows = await queryRunner.query(\`SELECT id FROM leads\`);
    for (const row of rows) await queryRunner.query(\`DELETE FROM calls WHERE lead_id = \${row.id}\`);
    await queryRunner.query(process.env.SQL);`);
  });

  afterEach(() => {
    project.remove();
  });

  it('include valid SARIF 2.1.0 with regions', async () => {
    project.write('src/migrations/1757000000001-broken.ts', 'class {');
    const { out } = await project.guard('--format', 'sarif');
    const schema = JSON.parse(
      readFileSync(require.resolve('@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json'), 'utf8'),
    ) as object;
    const ajv = new Ajv({ schemaId: 'auto', unknownFormats: 'ignore', meta: true });
    ajv.addMetaSchema(require('ajv/lib/refs/json-schema-draft-04.json') as object);
    const validate = ajv.compile(schema);
    const log = JSON.parse(out) as SarifLog;
    expect({ valid: validate(log), errors: validate.errors }).toEqual({ valid: true, errors: null });
    const [result] = log.runs[0].results;
    expect(result?.locations[0].physicalLocation.region).toEqual({
      startLine: 3,
      startColumn: 30,
      endLine: 3,
      endColumn: 85,
    });
  });

  it('mark grandfathered results as suppressed in SARIF', async () => {
    await project.guard('--update-baseline');
    const log = JSON.parse((await project.guard('--format', 'sarif')).out) as SarifLog;
    expect(log.runs[0].results.map(({ suppressions }) => suppressions.length)).toEqual([1, 1, 1]);
  });

  it('include JSON for programs', async () => {
    const report = JSON.parse((await project.guard('--format', 'json')).out) as unknown;
    expect(report).toMatchObject({
      summary: { migrations: 1, new: 3, cannotDecide: 1 },
      migrations: [
        { name: 'Example', verdicts: { up: 'violation', down: 'clean' }, severities: { up: 'HIGH' } },
      ],
      findings: [
        { rule: 'update', status: 'new', direction: 'up', table: 'leads', line: 3 },
        { rule: 'row-loop', severity: 'HIGH', table: 'calls' },
        { rule: 'cannot-decide' },
      ],
    });
  });

  it('include one GitHub annotation for each file, at its worst finding, with the others in its text', async () => {
    project.migration(
      '    await queryRunner.query(`DELETE FROM settings WHERE a = 1`);',
      '1757000000001-b.ts',
    );
    const { out } = await project.guard('--format', 'github');
    const lines = out.trimEnd().split('\n');
    expect(lines).toHaveLength(2);
    expect(lines[0]).toMatch(
      /^::error file=\S+1757000000000-example\.ts,line=5,endLine=5,col=54,title=nestjs-backfill row-loop and 2 other findings::DELETE removes rows of calls/,
    );
    expect(lines[0]).toMatch(/%0Aline 3: MEDIUM update: .*%0Aline 6: MEDIUM cannot-decide: /);
    expect(lines[1]).toMatch(/^::warning file=\S+1757000000001-b\.ts,line=3,.*nestjs-backfill delete::/);
  });

  it('are coloured with --color, and plain without it', async () => {
    expect((await project.guard('--color')).out).toContain('\u001b[31m');
    expect((await project.guard()).out).not.toContain('\u001b[');
  });

  it('are written to a file with --output', async () => {
    const file = project.path('report.json');
    expect((await project.guard('--format', 'json', '--output', file)).out).toBe('');
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ summary: { new: 3 } });
  });

  it('fail with exit code 2 and the name of a file that cannot be written', async () => {
    const nowhere = project.path('nowhere/report.json');
    for (const args of [
      ['--format', 'json', '--output', nowhere],
      ['--baseline', nowhere, '--update-baseline'],
    ]) {
      const { code, error } = await project.run('check', project.path('src/migrations'), ...args);
      expect(code).toBe(2);
      expect(error).toContain(`${nowhere} could not be written`);
    }
  });

  describe('the audit', () => {
    const audit = (...args: readonly string[]): ReturnType<Project['run']> =>
      project.run(
        'audit',
        project.path('src/migrations'),
        '--baseline',
        project.path('baseline.json'),
        ...args,
      );

    it('counts violations by severity, kind and table, and shows the command that moves each', async () => {
      const { code, out } = await audit();
      expect(code).toBe(0);
      expect(out).toContain('1 of 1 migration changes rows.');
      expect(out).toContain('| HIGH | 1 |');
      expect(out).toContain('| row-loop | 1 |');
      expect(out).toContain('| calls | 1 |');
      expect(out).toMatch(/npx nestjs-backfill-guard extract \S+1757000000000-example\.ts/);
      expect(out).toContain('## Undecided');
    });

    it('shows how many grandfathered violations remain', async () => {
      await project.guard('--update-baseline');
      project.migration('await queryRunner.query(process.env.SQL);');
      expect((await audit()).out).toContain(
        '1 of 3 grandfathered violations remain. 2 were removed from the migrations. 2 entries of the baseline are stale.',
      );
    });

    it('is one HTML page that loads nothing and escapes the code in it', async () => {
      const { out } = await audit('--format', 'html');
      expect(out).toContain('a|b&lt;c&gt;');
      expect(out).not.toMatch(/<(?:script|link|img|iframe)\b|https?:\/\//);
    });
  });
});

describe('the line with the times of a check', () => {
  const times = { files: 2, totalMs: 200, readMs: 20, parseMs: 40, evaluateMs: 100, sqlMs: 41 };

  it('has the share of each stage', () => {
    expect(timingLine(times)).toBe(
      '2 files in 200 ms: reading 20 ms (10 %), parsing 40 ms (20 %), evaluating 100 ms (50 %), SQL 41 ms (21 %)',
    );
  });

  it('has no share above 100 % if the whole check takes less than a millisecond', () => {
    expect(timingLine({ ...times, files: 1, totalMs: 0.5, sqlMs: 0.5 })).toMatch(
      /^1 file in 1 ms: .*SQL 1 ms \(50 %\)$/,
    );
  });
});
