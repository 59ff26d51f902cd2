import { UNKNOWN_VALUES } from '../fixtures/code/unknown-values.fixtures.ts';
import { Project } from '../support.ts';
import { Recorded } from './recorded.ts';

/** `WRITE_RECORDED=1` writes the file anew: review the difference. */
const recorded = new Recorded('unknown-values.txt');
afterAll(() => recorded.end());

describe('what the check says about code with values that it cannot know stays as in unknown-values.txt', () => {
  let project: Project;
  beforeAll(() => {
    project = new Project();
    project.write('package.json', '{ "type": "module" }');
    project.write('src/migrations/sql/part.sql', 'DELETE FROM part;\n');
    project.write(
      'src/migrations/helper.ts',
      `export const NAME = process.env['NAME'];
export const FIXED = 'fixed';
export async function fill(q, table) { await q.query(\`DELETE FROM \${table}\`); }
export class Base { async both(q) { await q.query('DELETE FROM both'); await this.more(q); } async more() {} }
`,
    );
  });
  afterAll(() => project.remove());

  it.each(UNKNOWN_VALUES)('%s', async (body) => {
    const file = project.write(
      'src/migrations/1757000000000-example.ts',
      `import { SchemaMigration } from 'nestjs-backfill';
import { MoreThan, type DataSource, type EntityManager, type QueryRunner } from 'typeorm';
import * as fs from 'node:fs';
import { join } from 'node:path';
import { Base, FIXED, fill, NAME } from './helper';

export class Example1757000000000 extends SchemaMigration {
  async up(queryRunner: QueryRunner): Promise<void> {
    const env = process.env['X'];
${body}
  }
  async down(): Promise<void> {}
}
`,
    );
    const { out, error, code } = await project.run('check', file, '--locks', 'off');
    recorded.expect(body, `exit code ${code}\n${out}\n${error}`.replaceAll(project.root, ''));
  });
});
