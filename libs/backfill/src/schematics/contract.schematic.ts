import { chooseEntity } from './application/entity.choice.js';
import { readEntities } from './application/entity.reader.js';
import {
  folderFor,
  readApplication,
  requiredName,
  type GeneratorOptions,
} from './application/project.reader.js';
import type { Application } from './application/application.js';
import { refuseExisting } from './backfill.schematic.js';
import type { Rule } from './devkit.types.js';
import { listMigration } from './list-migration.js';
import { migrationFile } from './migration.schematic.js';
import { pascalCase } from './names.js';
import { SchematicError } from './schematic.error.js';

/** Writes the migration that requires a backfill, and then makes its column NOT NULL in safe steps. */
export function contract(options: GeneratorOptions): Rule {
  return (tree, context) => {
    const app = readApplication(tree, options);
    const name = requiredName(options, 'npx nest g -c nestjs-backfill contract leads-search-name');
    assertBackfill(app, name);
    const className = `Require${pascalCase(name)}${Date.now()}`;
    const folder = folderFor(app, options, { ending: /(?:^|\/)\d{10,}-[^/]+\.ts$/, usual: 'migrations' });
    const file = migrationFile(folder, className, `require-${name}`);
    refuseExisting(app, file);
    const { entity, property } = chooseEntity(readEntities(app), name, entityOf(app, name));
    tree.create(file, contractSource({ className, name, table: entity.table, column: property?.column }));
    listMigration({ tree, app, context }, { className, file });
  };
}

function filesOfBackfills(app: Application): readonly string[] {
  return app.files.filter((file) => app.text(file).includes('@Backfill'));
}

/** The name of every backfill of the application. */
function namesIn(text: string): readonly string[] {
  return [...text.matchAll(/@Backfill(?:<\w+>)?\(\{\s*name: ['"]([^'"]+)['"]/g)].map(([, name = '']) => name);
}

/** @throws SchematicError */
function assertBackfill(app: Application, name: string): void {
  const known = filesOfBackfills(app).flatMap((file) => namesIn(app.text(file)));
  if (!known.includes(name))
    throw new SchematicError(
      name,
      'the application has no backfill of this name',
      known.length > 0
        ? `Give one of ${known.join(', ')}.`
        : `Generate it: npx nest g -c nestjs-backfill backfill ${name}`,
    );
}

/** The entity that the backfill names. */
function entityOf(app: Application, name: string): string | undefined {
  const file = filesOfBackfills(app).find((each) => namesIn(app.text(each)).includes(name)) ?? '';
  const text = file === '' ? '' : app.text(file);
  return /\bentity: (\w+)/.exec(text.slice(text.search(new RegExp(`name: ['"]${name}['"]`))))?.[1];
}

interface ContractParts {
  readonly className: string;
  readonly name: string;
  readonly table: string;
  readonly column: string | undefined;
}

function contractSource({ className, name, table, column }: ContractParts): string {
  return `import { SchemaMigration, setNotNull } from 'nestjs-backfill';
import type { QueryRunner } from 'typeorm';

/** Runs once the backfill is proved complete, and the deployed code fills the column. */
export class ${className} extends SchemaMigration {
  static readonly requires = ['${name}'];
  static readonly onIncomplete = 'defer';
  readonly transaction = false;

  async up(queryRunner: QueryRunner): Promise<void> {
${column === undefined ? '    // TODO: the column\n' : ''}    await setNotNull(queryRunner, '${table}', '${column ?? 'TODO'}');
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('ALTER TABLE "${table}" ALTER COLUMN "${column ?? 'TODO'}" DROP NOT NULL');
  }
}
`;
}
