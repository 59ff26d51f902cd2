import { Project } from '../support.ts';

const BODY = [
  'ALTER TABLE leads ADD status text',
  'UPDATE leads SET status = lower(name)',
  'ALTER TABLE leads ALTER status SET NOT NULL',
];

describe('the contract migration that extract writes', () => {
  let project: Project;

  beforeEach(() => {
    project = new Project();
    project.write('package.json', '{}');
  });

  afterEach(() => {
    project.remove();
  });

  function extract(
    statements: readonly string[],
    ...args: readonly string[]
  ): Promise<{ code: number; out: string; error: string }> {
    const file = project.migration(
      statements.map((sql) => `await queryRunner.query(\`${sql}\`);`).join('\n'),
    );
    return project.run('extract', file, '--write', ...args);
  }

  it('is named with the rules that refuse its statements, and the command that fixes them', async () => {
    const { error } = await extract(BODY);
    expect(error).toMatch(
      /4\. \w+Contract\d+ refuses its own statements on a large table \(set-not-null-scan\), [^]*fix \S+-contract\.ts`/,
    );
  });

  it('is not named so if the table is small', async () => {
    const sizes = project.write('sizes.json', '{ "leads": "lookup" }');
    const { error } = await extract(BODY, '--table-sizes', sizes);
    expect(error).toContain('Deploy: ExampleContract1757000000001 waits');
    expect(error).not.toContain('refuses its own statements');
  });
});
