import { inMigration } from './examples.js';
import type { Remedy } from './remedy.types.js';

const LEAD = `@Entity('leads')
class Lead {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column('text', { nullable: true })
  status!: string | null;
}`;

/** Remedies for entities and backfills that use columns which the migrations do not provide. */
export const TIMELINE_REMEDIES = {
  'column-not-added': {
    title: 'A column that no migration adds',
    danger:
      'An entity or a backfill uses a column that no migration adds, or adds only later. Queries of the entity name all its columns, so all of them fail. The compiler and tests that synchronize the schema do not notice.',
    steps: [
      'Add the column in a migration: `npx typeorm migration:generate` writes it.',
      'If a migration that waits for a backfill (`requires`) adds the column, move that statement into an earlier migration.',
    ],
    refused: `${inMigration('await queryRunner.query(`CREATE TABLE leads (id bigserial PRIMARY KEY)`);')}

${LEAD}`,
    instead: `${inMigration('await queryRunner.query(`CREATE TABLE leads (id bigserial PRIMARY KEY, status text)`);')}

${LEAD}`,
  },
  'column-dropped': {
    title: 'A column that is dropped while code uses it',
    danger:
      'The migration drops or renames a column or table that an entity or a backfill still has. Queries of the entity name all its columns, so all of them fail as soon as the migration has run, in old and new processes.',
    steps: [
      'First deploy a version of the application whose entity does not have the column.',
      'Drop the column in a migration of a later release. If a backfill reads it, name the backfill in `requires` of that migration.',
    ],
    refused: `${inMigration(`await queryRunner.query(\`CREATE TABLE leads (id bigserial PRIMARY KEY, status text)\`);
await queryRunner.query(\`ALTER TABLE leads DROP COLUMN status\`);`)}

${LEAD}`,
    instead: `${inMigration('await queryRunner.query(`CREATE TABLE leads (id bigserial PRIMARY KEY, status text)`);')}

${LEAD}`,
  },
  'column-undecided': {
    title: 'A column that the guard cannot find in the migrations',
    danger:
      'The guard cannot tell whether the migrations add the column: they do not create the table, their SQL cannot be read, or code of the project decides the name. This rule is a note: it does not fail the check.',
    steps: [
      'Name all folders of migrations of the database as paths of the check.',
      'Write the name of the table or column in the decorator.',
    ],
    refused: `${inMigration('await queryRunner.query(`ALTER TABLE leads ADD COLUMN name text`);')}

${LEAD}`,
    instead: `${inMigration('await queryRunner.query(`CREATE TABLE leads (id bigserial PRIMARY KEY, status text)`);')}

${LEAD}`,
  },
} as const satisfies Record<string, Remedy>;
