import { readFileSync } from 'node:fs';
import { runInNewContext } from 'node:vm';
import { ESLint, RuleTester } from 'eslint';
import plugin from '../../libs/guard/src/eslint/plugin.ts';
import { Project } from './support.ts';

const CODE = `class AddStatus1757000000000 extends SchemaMigration {
  async up(queryRunner) {
    await queryRunner.query('ALTER TABLE leads ADD status text');
    await queryRunner.query("UPDATE leads SET status = 'new' WHERE status IS NULL");
    await queryRunner.query('ALTER TABLE leads ALTER status SET NOT NULL');
  }
  async down(queryRunner) {}
}
module.exports = { AddStatus1757000000000 };
`;

const COMMENT = /^\/\/ ?/gm;

describe('the suggestion of the ESLint plugin', () => {
  let project: Project;
  let file: string;

  beforeEach(() => {
    project = new Project();
    project.write('package.json', '{}');
    file = project.write('src/migrations/1757000000000-add-status.js', CODE);
  });

  afterEach(() => {
    project.remove();
  });

  const lint = async (code: string): Promise<ESLint.LintResult | undefined> => {
    const eslint = new ESLint({
      cwd: project.root,
      overrideConfigFile: true,
      overrideConfig: [plugin.configs.recommended],
    });
    return (await eslint.lintText(code, { filePath: file }))[0];
  };

  const suggestion = async (code: string) => {
    const messages = (await lint(code))?.messages ?? [];
    return messages.find(({ suggestions }) => suggestions?.length)?.suggestions?.[0];
  };

  it('names the files that it leaves to a person, and the command that writes them', async () => {
    const [message] = (await lint(CODE))?.messages ?? [];
    expect(message?.suggestions?.[0]?.desc).toBe(
      'Move the data changes of this migration into backfills: their code becomes comments at its end, for 3 files to create',
    );
    expect(message?.message).toContain('Or run `npx nestjs-backfill-guard extract');
  });

  it('leaves in the file what extract leaves in it, and the code of the other files in comments', async () => {
    const text = (await suggestion(CODE))?.fix.text ?? '';
    const { error } = await project.run('extract', file, '--write');
    const written = [...error.matchAll(/^written: (.+)$/gm)].map(([, path = '']) => path);
    expect(written).toHaveLength(4);
    for (const path of written) {
      const code = readFileSync(path, 'utf8').trimEnd();
      if (path === file) expect(text.replace(/ {4}throw .*\n/, '')).toContain(code);
      else expect(text.replace(COMMENT, '')).toContain(code);
    }
  });

  it('leaves a migration that fails until a person has moved the code', async () => {
    const text = (await suggestion(CODE))?.fix.text ?? '';
    const module = { exports: {} as Record<string, new () => { up: (runner: unknown) => Promise<void> }> };
    runInNewContext(text, { module, SchemaMigration: class {}, Error });
    const Migration = module.exports['AddStatus1757000000000'];
    if (!Migration) throw new Error('no migration is left');
    await expect(new Migration().up({ query: () => undefined })).rejects.toThrow(
      'Move the code in the comments at the end of this migration into their files',
    );
  });

  it('is not offered for a statement that extract does not move', async () => {
    const code = CODE.replace(/UPDATE[^"]*/, 'INSERT INTO plans (name) VALUES (1)');
    const result = await lint(code);
    expect(result?.messages.map(({ ruleId }) => ruleId)).toEqual([
      'nestjs-backfill/insert',
      'nestjs-backfill/set-not-null-scan',
    ]);
    expect(result?.messages[0]?.suggestions ?? []).toEqual([]);
    expect(result?.messages[0]?.message).not.toContain('npx nestjs-backfill-guard extract');
  });

  it('is not offered for down(), which no backfill replaces', async () => {
    const code = CODE.replace(/ {4}await queryRunner.query\("UPDATE.*\n/, '').replace(
      'down(queryRunner) {',
      "down(queryRunner) { await queryRunner.query('DELETE FROM leads');",
    );
    expect(await suggestion(code)).toBeUndefined();
  });

  it('obeys the contract of ESLint’s RuleTester', () => {
    const rule = plugin.rules['update'];
    if (!rule) throw new Error('the plugin has no rule');
    // Otherwise it would declare tests of its own inside this one.
    RuleTester.describe = (_title: string, body: () => void) => body();
    RuleTester.it = (_title: string, body: () => void) => body();
    new RuleTester({ languageOptions: { sourceType: 'commonjs' } }).run('update', rule, {
      valid: [{ filename: file, code: CODE.replace(/ {4}await queryRunner.query\("UPDATE.*\n/, '') }],
      invalid: [
        {
          filename: file,
          code: CODE,
          errors: [{ messageId: 'found', line: 4, suggestions: 1 }],
        },
      ],
    });
  });
});
