import { inMigration } from './examples.js';
import type { Remedy } from './remedy.types.js';

/** Remedies for undecided code and for the structure of a migration. */
export const MIGRATION_REMEDIES = {
  'cannot-decide': {
    title: 'Code that the guard cannot decide',
    danger: 'The guard could not read this code, which may change rows. Such code never passes.',
    steps: [
      'Write the SQL as a string in the migration, or import the helper from a source file of the project.',
      'If a person has reviewed the code and it changes no rows, suppress the finding: `// nestjs-backfill-ignore cannot-decide: <reason>`.',
    ],
    refused: inMigration('await queryRunner.query(process.env.MIGRATION_SQL);'),
    instead: inMigration('await queryRunner.query(`ALTER TABLE leads ADD COLUMN status text`);'),
  },
  'not-schema-migration': {
    title: 'A migration without the run-time guard',
    danger:
      "A class that implements `MigrationInterface` directly receives TypeORM's own query runner. No guard refuses its data queries, and no `lock_timeout` limits how long its locks block the application.",
    steps: ['Extend `SchemaMigration`. `up` and `down` do not change.'],
    refused: `class AddStatus1757000000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner) {
    await queryRunner.query(\`ALTER TABLE leads ADD COLUMN status text\`);
  }
  async down(queryRunner: QueryRunner) {
    await queryRunner.query(\`ALTER TABLE leads DROP COLUMN status\`);
  }
}`,
    instead: `class AddStatus1757000000000 extends SchemaMigration {
  async up(queryRunner: QueryRunner) {
    await queryRunner.query(\`ALTER TABLE leads ADD COLUMN status text\`);
  }
  async down(queryRunner: QueryRunner) {
    await queryRunner.query(\`ALTER TABLE leads DROP COLUMN status\`);
  }
}`,
  },
  'backfill-comment': {
    title: 'A comment that announces a backfill',
    danger:
      'A comment about a backfill often means that a data change is in this migration or is still to be written. This rule is a note: it does not fail the check.',
    steps: ['Write the backfill as a class, and name it in the comment.'],
    refused: inMigration(
      '// backfill the status of all leads\nawait queryRunner.query(`ALTER TABLE leads ADD COLUMN status text`);',
    ),
    instead: inMigration('await queryRunner.query(`ALTER TABLE leads ADD COLUMN status text`);'),
  },
} as const satisfies Record<string, Remedy>;
