import { posix } from 'node:path';
import { camelCase, pascalCase, snakeCase } from './names.js';
import { refuseExisting } from './backfill.schematic.js';
import {
  folderFor,
  readApplication,
  requiredName,
  type GeneratorOptions,
} from './application/project.reader.js';
import type { Rule } from './devkit.types.js';
import { listMigration } from './list-migration.js';

const MIGRATION_FILE = /(?:^|\/)\d{10,}-[^/]+\.ts$/;

/** Writes a `SchemaMigration` with the current time, and adds it to the migrations of the data source. */
export function migration(options: GeneratorOptions): Rule {
  return (tree, context) => {
    const app = readApplication(tree, options);
    const name = requiredName(options, 'npx nest g -c nestjs-backfill migration add-search-name-to-leads');
    const className = `${pascalCase(name)}${Date.now()}`;
    const file = migrationFile(
      folderFor(app, options, { ending: MIGRATION_FILE, usual: 'migrations' }),
      className,
      name,
    );
    refuseExisting(app, file);
    tree.create(file, migrationSource(className, statementsOf(name)));
    listMigration({ tree, app, context }, { className, file });
  };
}

/** E.g. `src/migrations/1757000000000-add-search-name.ts`. */
export function migrationFile(folder: string, className: string, name: string): string {
  return posix.join(folder, `${/\d+$/.exec(className)?.[0] ?? ''}-${name}.ts`);
}

interface Statements {
  readonly up: string;
  readonly down: string;
}

/** `add-search-name-to-leads` says both statements; of other names a person writes them. */
function statementsOf(name: string): Statements {
  const [, column, table] = /^add-(.+)-to-(.+)$/.exec(name) ?? [];
  if (column === undefined || table === undefined)
    return { up: '// TODO: ALTER TABLE …', down: '// TODO: the opposite of up()' };
  const [to, added] = [snakeCase(table), snakeCase(camelCase(column))];
  return {
    up: `// TODO: the type of the column\n    await queryRunner.query('ALTER TABLE ${to} ADD COLUMN ${added} text');`,
    down: `await queryRunner.query('ALTER TABLE ${to} DROP COLUMN ${added}');`,
  };
}

function migrationSource(className: string, { up, down }: Statements): string {
  const [runner, other] = [up, down].map((code) =>
    code.includes('queryRunner') ? 'queryRunner' : '_queryRunner',
  );
  return `import { SchemaMigration } from 'nestjs-backfill';
import type { QueryRunner } from 'typeorm';

/** Changes the schema only. Data is changed by a backfill. */
export class ${className} extends SchemaMigration {
  async up(${runner ?? ''}: QueryRunner): Promise<void> {
    ${up}
  }

  async down(${other ?? ''}: QueryRunner): Promise<void> {
    ${down}
  }
}
`;
}
