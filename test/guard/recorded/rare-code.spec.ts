import { checkFiles } from '../../../libs/guard/src/index.ts';
import { RARE_CODE } from '../fixtures/code/rare-code.fixtures.ts';
import { Project } from '../support.ts';
import { Recorded } from './recorded.ts';

/** `WRITE_RECORDED=1` writes the file anew: review the difference. */
const recorded = new Recorded('rare-code.txt');
afterAll(() => recorded.end());

describe('what the check finds in code that is seldom written stays as in rare-code.txt', () => {
  let project: Project;
  beforeAll(() => {
    project = new Project();
    project.write('package.json', '{ "type": "module" }');
    project.write('src/migrations/sql/part.sql', 'DELETE FROM part;\n');
    project.write(
      'src/migrations/more.ts',
      `export default async function (q) { await q.query('DELETE FROM more'); }\n`,
    );
  });
  afterAll(() => project.remove());

  it.each(RARE_CODE)('%s', async (body) => {
    const file = project.write(
      'src/migrations/1757000000000-example.ts',
      `import { BaseEntity, Brackets, Connection, DataSource, In, type QueryRunner } from 'typeorm';
import * as fs from 'node:fs';
export class Example1757000000000 {
  async up(queryRunner: QueryRunner): Promise<void> {
    const env = process.env['X'];
${body}
  }
  async down(): Promise<void> {}
  async own() { return 'own'; }
}
`,
    );
    const { migrations, problems } = await checkFiles({ paths: [file], locks: 'off' });
    expect(problems).toEqual([]);
    const findings = migrations.flatMap(({ directions }) => directions.flatMap((each) => each.findings));
    const lines = findings.map(
      ({ rule, severity, reason, message, region, sql }) =>
        `${rule} ${severity} ${region.column}-${region.endColumn}: ${message}; ${reason}${sql ? ` | ${sql.text}` : ''}`,
    );
    recorded.expect(body, lines.join('\n') || 'nothing');
  });
});
