import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkFiles } from '../../libs/guard/src/check/check-files.ts';
import { run } from '../../libs/guard/src/cli/run.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fix-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

function migrationOf(statements: readonly string[]): string {
  const body = statements.map((sql) => `        await queryRunner.query(\`${sql}\`);`).join('\n');
  return `// A comment at the top.
import { SchemaMigration } from 'nestjs-backfill';
import type { QueryRunner } from 'typeorm';

export class Generated1700000000000 extends SchemaMigration {
    name = 'Generated1700000000000'

    public async up(queryRunner: QueryRunner): Promise<void> {
${body}
    }

    public async down(queryRunner: QueryRunner): Promise<void> {
        await queryRunner.query(\`ALTER TABLE "calls" DROP CONSTRAINT "FK_1"\`);
    }
}
`;
}

const KEY =
  'ALTER TABLE "calls" ADD CONSTRAINT "FK_1" FOREIGN KEY ("lead_id") REFERENCES "leads"("id") ON DELETE CASCADE ON UPDATE NO ACTION';
const STEP = `await addForeignKey(queryRunner, { table: 'calls', columns: ['lead_id'], references: 'leads', referencedColumns: ['id'], name: 'FK_1', onDelete: 'CASCADE' });`;

interface Outcome {
  readonly out: string;
  readonly errors: string;
  readonly code: string;
  readonly file: string;
  readonly exit: number;
}

function fix(statements: readonly string[], ...options: string[]): Promise<Outcome> {
  return fixText(migrationOf(statements), '1700000000000-generated.ts', ...options);
}

async function fixText(text: string, name: string, ...options: string[]): Promise<Outcome> {
  const file = join(folder, name);
  writeFileSync(file, text);
  const [out, errors]: [string[], string[]] = [[], []];
  const exit = await run(['fix', file, ...options], {
    out: (text) => void out.push(text),
    error: (text) => void errors.push(text),
    colour: false,
  });
  return { out: out.join(''), errors: errors.join(''), code: readFileSync(file, 'utf8'), file, exit };
}

/** What `typeorm migration:generate` writes, and what it becomes. */
it.each([
  [
    'CREATE INDEX "IDX_1" ON "calls" ("direction") ',
    'await queryRunner.query(`CREATE INDEX CONCURRENTLY "IDX_1" ON "calls" ("direction") `);',
  ],
  [
    'CREATE UNIQUE INDEX "IDX_2" ON "calls" ("direction") ',
    'await queryRunner.query(`CREATE UNIQUE INDEX CONCURRENTLY "IDX_2" ON "calls" ("direction") `);',
  ],
  ['DROP INDEX "public"."IDX_1"', `await dropIndex(queryRunner, 'public.IDX_1');`],
  [
    'ALTER TABLE "calls" ADD CONSTRAINT "FK_1" FOREIGN KEY ("lead_id") REFERENCES "leads"("id") ON DELETE CASCADE ON UPDATE NO ACTION',
    `await addForeignKey(queryRunner, { table: 'calls', columns: ['lead_id'], references: 'leads', referencedColumns: ['id'], name: 'FK_1', onDelete: 'CASCADE' });`,
  ],
  [
    `ALTER TABLE "calls" ADD CONSTRAINT "CHK_1" CHECK ("direction" <> '')`,
    `await addCheck(queryRunner, { table: 'calls', name: 'CHK_1', expression: \`"direction" <> ''\` });`,
  ],
  [
    'ALTER TABLE "calls" ADD CONSTRAINT "UQ_1" UNIQUE ("direction", "lead_id")',
    `await addUnique(queryRunner, { table: 'calls', columns: ['direction', 'lead_id'], name: 'UQ_1' });`,
  ],
  [
    'ALTER TABLE "crm"."calls" ADD CONSTRAINT "PK_1" PRIMARY KEY ("id")',
    `await addPrimaryKey(queryRunner, { table: 'crm.calls', columns: ['id'], name: 'PK_1' });`,
  ],
  [
    'ALTER TABLE "calls" ALTER COLUMN "direction" SET NOT NULL',
    `await setNotNull(queryRunner, 'calls', 'direction');`,
  ],
  [
    'ALTER TABLE "calls" RENAME COLUMN "direction" TO "way"',
    `await renameColumn(queryRunner, { table: 'calls', column: 'direction', to: 'way' });`,
  ],
  [
    'ALTER TABLE "calls" RENAME TO "phone_calls"',
    `await renameTable(queryRunner, { table: 'calls', to: 'phone_calls' });`,
  ],
])('%s becomes %s, and the check has no objection', async (sql, expected) => {
  const { code, file, errors } = await fix([sql], '--write');
  expect(code).toContain(`        ${expected}\n`);
  expect(code).not.toContain(`\`${sql}\``);
  expect(code.startsWith('// A comment at the top.\nimport { SchemaMigration }')).toBe(true);
  expect(errors).toContain('written: ');
  const { migrations, problems } = await checkFiles({ paths: [file] });
  expect([
    problems,
    migrations.flatMap(({ directions }) => directions.flatMap(({ findings }) => findings)),
  ]).toEqual([[], []]);
});

it.each([
  'ALTER TABLE "calls" ALTER COLUMN "direction" TYPE bigint',
  'ALTER TABLE "calls" ALTER COLUMN type TYPE character varying(20)',
  'ALTER TABLE IF EXISTS "calls" ALTER COLUMN "direction" SET NOT NULL',
  'ALTER TABLE "odd.calls" ALTER COLUMN "direction" SET NOT NULL',
  'ALTER TABLE "calls" DROP COLUMN "direction" CASCADE',
  'DROP INDEX "by_direction" CASCADE',
  'ALTER VIEW open_calls RENAME COLUMN name TO full_name',
  'ALTER TABLE "calls" ADD CONSTRAINT f FOREIGN KEY ("lead") REFERENCES "leads" ("id") ON DELETE SET NULL ("lead")',
  'ALTER TABLE "calls" ADD CONSTRAINT u UNIQUE ("lead") WITH (fillfactor = 70)',
  'ALTER TABLE "calls" ADD CONSTRAINT u UNIQUE ("lead") USING INDEX TABLESPACE fast',
])('%s stays, because no step does the same', async (sql) => {
  const { code } = await fix([sql], '--write');
  expect(code).toContain(sql);
});

it('writes CONCURRENTLY into the statement, not into a comment before it', async () => {
  const { code } = await fix(
    ['-- create index for the list\nCREATE INDEX "i" ON "calls" ("lead")'],
    '--write',
  );
  expect(code).toContain('-- create index for the list\nCREATE INDEX CONCURRENTLY "i" ON "calls" ("lead")');
});

describe('a class that does not extend SchemaMigration', () => {
  const body = (statement: string) =>
    `{\n  name = 'Generated1700000000000'\n  async up(queryRunner) {\n    ${statement}\n  }\n  async down(queryRunner) {}\n}\n`;
  const sent = body(`await queryRunner.query(\`${KEY}\`);`);
  const stepped = body(STEP);
  const steps = `import { addForeignKey } from 'nestjs-backfill/steps';\n`;
  const own = `import { SchemaMigration } from 'nestjs-backfill';\n`;

  it.each([
    [
      `import { MigrationInterface, QueryRunner } from "typeorm";\n\nexport class A1700000000000 implements MigrationInterface ${sent}`,
      `import { QueryRunner } from "typeorm";\n${own}${steps}\nexport class A1700000000000 extends SchemaMigration ${stepped}`,
    ],
    [
      `import type { MigrationInterface } from 'typeorm';\nimport { log } from './log';\nexport default class A1700000000000 implements MigrationInterface ${sent}`,
      `import { log } from './log';\n${own}${steps}export default class A1700000000000 extends SchemaMigration ${stepped}`,
    ],
    [
      `import { MigrationInterface as Up, QueryRunner } from 'typeorm';\nexport class A1700000000000 implements Named, Up ${sent}`,
      `import { QueryRunner } from 'typeorm';\n${own}${steps}export class A1700000000000 extends SchemaMigration implements Named ${stepped}`,
    ],
    [
      `import { MigrationInterface } from 'typeorm';\nexport const all: MigrationInterface[] = [];\nexport class A1700000000000 ${sent}`,
      `import { MigrationInterface } from 'typeorm';\n${own}${steps}export const all: MigrationInterface[] = [];\nexport class A1700000000000 extends SchemaMigration ${stepped}`,
    ],
    [
      `import { SchemaMigration } from 'nestjs-backfill';\nexport class A1700000000000 ${sent}\nexport class B1700000000001 {}\n`,
      `${own}${steps}export class A1700000000000 extends SchemaMigration ${stepped}\nexport class B1700000000001 {}\n`,
    ],
  ])('extends it after the fix, with its import: %#', async (before, after) => {
    const { code, errors } = await fixText(before, '1700000000000-a.ts', '--write');
    expect(code.replace('\n  readonly transaction = false;\n', '')).toBe(after);
    expect(errors).not.toContain('must extend');
  });

  it('extends it in CommonJS too, with require', async () => {
    const { code, file } = await fixText(
      `module.exports = class A1700000000000 ${sent}`,
      '1700000000000-a.cjs',
      '--write',
    );
    expect(code).toContain(
      `const { SchemaMigration } = require('nestjs-backfill');\nconst { addForeignKey } = require('nestjs-backfill/steps');\nmodule.exports = class A1700000000000 extends SchemaMigration {`,
    );
    const { migrations, problems } = await checkFiles({ paths: [file] });
    expect([
      problems,
      migrations.flatMap(({ directions }) => directions.flatMap(({ findings }) => findings)),
    ]).toEqual([[], []]);
  });

  it.each([
    [`export class A1700000000000 extends Base ${sent}`],
    [`export class A1700000000000 ${sent.replace('{', '{\n  constructor() { this.x = 1; }')}`],
  ])('is named if the author has to change it: %#', async (text) => {
    const { errors } = await fixText(text, '1700000000000-a.ts');
    expect(errors).toContain('A1700000000000 must extend SchemaMigration');
  });
});

it('shows a diff and writes nothing without --write', async () => {
  const sql = 'ALTER TABLE "calls" ALTER COLUMN "direction" SET NOT NULL';
  const { out, code, errors, exit } = await fix([sql]);
  expect(out).toContain(`-        await queryRunner.query(\`${sql}\`);`);
  expect(out).toContain(`+        await setNotNull(queryRunner, 'calls', 'direction');`);
  expect(out).toContain('+  readonly transaction = false;');
  expect(code).toBe(migrationOf([sql]));
  expect([errors, exit]).toEqual(['no file was written; add --write to write it\n', 0]);
});

it('keeps what no step does, with the reason, and leaves harmless statements alone', async () => {
  const harmless = [
    'CREATE TABLE "made" ("id" bigint PRIMARY KEY)',
    'CREATE INDEX ON "made" ("id")',
    'ALTER TABLE "calls" ADD "x" text',
  ];
  const kept = [
    'ALTER TABLE "calls" ADD "token" uuid NOT NULL DEFAULT uuid_generate_v4()',
    'ALTER TABLE "calls" ADD CONSTRAINT "FK_2" FOREIGN KEY ("a") REFERENCES "leads"("id") ON DELETE CASCADE ON UPDATE CASCADE',
    'ALTER TABLE "calls" ADD "city" text NOT NULL',
  ];
  const { out, errors, code } = await fix([...harmless, ...kept], '--write');
  expect(out).toMatch(/nothing to fix/);
  expect(code).toBe(migrationOf([...harmless, ...kept]));
  for (const rule of ['volatile-default', 'foreign-key-validated', 'not-null-without-default'])
    expect(errors).toContain(`docs/guard/rules/${rule}.md`);
});

it('names the steps of a later release', async () => {
  const { errors } = await fix(['ALTER TABLE "calls" RENAME TO "phone_calls"']);
  expect(errors).toContain(
    `in a migration of a later release: await finishRenameTable(queryRunner, { table: 'calls', to: 'phone_calls' });`,
  );
});

it.each([
  [['fix'], 'the path is missing'],
  [['fix', 'a.ts', 'b.ts'], 'fix takes one migration at a time'],
  [['fix', 'a.ts', '--into', 'x'], '--into is an option of extract'],
])('refuses %j', async (args, message) => {
  const errors: string[] = [];
  const exit = await run(args, {
    out: () => undefined,
    error: (text) => void errors.push(text),
    colour: false,
  });
  expect([exit, errors.join('')]).toEqual([2, expect.stringContaining(message)]);
});

describe('what a fix changes beyond its statement', () => {
  const renaming = (up: string, down: string): string =>
    migrationOf([up]).replace('ALTER TABLE "calls" DROP CONSTRAINT "FK_1"', down);

  it.each([
    [
      'ALTER TABLE "leads" RENAME COLUMN "mail" TO "email"',
      'ALTER TABLE "leads" RENAME COLUMN "email" TO "mail"',
      'DROP VIEW "leads"; ALTER TABLE "leads_base" RENAME TO "leads"',
    ],
    [
      'ALTER TABLE "crm"."leads" RENAME TO "prospects"',
      'ALTER TABLE "crm"."prospects" RENAME TO "leads"',
      'DROP VIEW "crm"."leads"; ALTER TABLE "crm"."prospects" RENAME TO "leads"',
    ],
  ])('down() takes the step of a rename back: %s', async (up, down, reverse) => {
    const { code } = await fixText(renaming(up, down), '1700000000000-generated.ts', '--write');
    expect(code).toContain(`await queryRunner.query(\`${reverse}\`);`);
    expect(code).not.toContain(`(\`${down}`);
  });

  it('says what down() must do if it does not take the rename back', async () => {
    const { errors } = await fix(['ALTER TABLE "leads" RENAME COLUMN "mail" TO "email"']);
    expect(errors).toContain('down() must take the rename back');
  });

  it('says that the statements of the migration commit one by one', async () => {
    const { errors } = await fix([
      'ALTER TABLE "leads" ADD "note" text',
      'CREATE INDEX "leads_note" ON "leads" ("note")',
      'ALTER TABLE "leads" ALTER COLUMN "email" SET NOT NULL',
    ]);
    expect(errors).toContain('the statements now commit one by one');
    expect(errors).toContain('lines 9, 10 a migration each');
  });

  it('says nothing of transactions if all statements are steps', async () => {
    const { errors } = await fix([KEY, 'ALTER TABLE "leads" ALTER COLUMN "email" SET NOT NULL']);
    expect(errors).not.toContain('commit one by one');
  });
});
