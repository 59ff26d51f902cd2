import { checkFiles } from '../../../libs/guard/src/index.ts';
import { SEVERITIES } from '../fixtures/sql/severity.fixtures.ts';
import { Project } from '../support.ts';
import { Recorded } from './recorded.ts';

/** `WRITE_RECORDED=1` writes the file anew: review the difference. */
const recorded = new Recorded('severities.txt');
afterAll(() => recorded.end());

describe('how severe the check finds a statement, and why, stays as in severities.txt', () => {
  let project: Project;
  beforeAll(() => {
    project = new Project();
    project.write('package.json', '{ "type": "module" }');
  });
  afterAll(() => project.remove());

  it.each(SEVERITIES)('%s', async (sql) => {
    const file = project.write(
      'src/migrations/1757000000000-example.ts',
      `export class Example1757000000000 {
  async up(queryRunner) {
    const env = process.env['X'];
    await queryRunner.query('ALTER TABLE leads ADD n1 int, ADD n2 int; ALTER TABLE plans ADD n1 int, ADD n2 int');
    await queryRunner.query(\`${sql.replaceAll('$$', '\\$$')}\`);
  }
  async down() {}
}
`,
    );
    const { migrations, problems } = await checkFiles({ paths: [file], locks: 'off' });
    const findings = migrations.flatMap(({ directions }) => directions.flatMap((each) => each.findings));
    const lines = findings.map(
      ({ rule, severity, reason, message, region }) =>
        `${severity} ${rule} ${region.line}:${region.column}-${region.endColumn}: ${reason}; ${message}`,
    );
    recorded.expect(sql, [...lines, ...problems.map(({ problem }) => problem)].join('\n') || 'nothing');
  });
});
