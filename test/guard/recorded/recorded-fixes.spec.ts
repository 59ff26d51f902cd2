import { OUTSIDE_TRANSACTION, DANGEROUS } from '../../sql/locks/dangerous-statements.fixtures.ts';
import { REVIEWED_DANGEROUS } from '../../sql/locks/reviewed-dangerous.fixtures.ts';
import { Project } from '../support.ts';
import { Recorded } from './recorded.ts';

/** `WRITE_RECORDED=1` writes the file anew: review the difference. */
const recorded = new Recorded('fixes.txt');
afterAll(() => recorded.end());

const STATEMENTS = [
  ...new Set([...[...DANGEROUS, ...OUTSIDE_TRANSACTION, ...REVIEWED_DANGEROUS].map(([, sql]) => sql)]),
];

/** @param reverts whether `down` takes a rename back */
function migrationOf(sql: string, reverts: boolean): string {
  const call = (text: string) => `    await queryRunner.query(\`${text.replace(/[\\`$]/g, '\\$&')}\`);`;
  const renamed = /RENAME (?:COLUMN )?(\S+) TO (\S+)/i.exec(sql);
  const down =
    reverts && renamed ? call(sql.replace(renamed[0], `RENAME ${renamed[2]} TO ${renamed[1]}`)) : '';
  return `import { SchemaMigration } from 'nestjs-backfill';
import type { QueryRunner } from 'typeorm';

export class Example1757000000000 extends SchemaMigration {
  async up(queryRunner: QueryRunner): Promise<void> {
${call('CREATE TABLE other (id int)')}
${call(sql)}
  }

  async down(queryRunner: QueryRunner): Promise<void> {
${down}
  }
}
`;
}

describe('the check and the fix of each dangerous statement stay as in fixes.txt', () => {
  let project: Project;
  beforeAll(() => {
    project = new Project();
    project.write('package.json', '{ "type": "module" }');
  });
  afterAll(() => project.remove());

  it.each(STATEMENTS)('%s', async (sql) => {
    const results: string[] = [];
    for (const reverts of /RENAME/i.test(sql) ? [true, false] : [false]) {
      const file = project.write('src/migrations/1757000000000-example.ts', migrationOf(sql, reverts));
      for (const command of ['check', 'fix']) {
        const { out, error, code } = await project.run(command, file);
        results.push(`${command}: exit code ${code}\n${out}\n${error}`.replaceAll(project.root, ''));
      }
    }
    recorded.expect(sql, results.join('\n'));
  });
});
