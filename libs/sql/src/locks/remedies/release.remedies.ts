import { BOTH_RELEASES, inMigration, NEW_TABLE } from './common-texts.js';
import type { LockRemedy } from './lock-remedy.types.js';

const UNUSED =
  'When no running release uses it, exempt the migration: `static readonly allowsLocks = { reason, rules }`.';

/** Remedies for statements that break a release that still runs. */
export const RELEASE_REMEDIES = {
  'not-null-without-default': {
    title: 'A new NOT NULL column without a default',
    danger:
      'It passes on an empty table in CI. It fails on a table with rows, and inserts of the old release fail too.',
    safeWhen: [NEW_TABLE, 'The column has a default, or is generated.'],
    steps: [
      'Add the column without NOT NULL, or with a constant default.',
      'Fill it with a backfill, and let the application write it.',
      'Set NOT NULL in a later migration with `requires` and setNotNull().',
    ],
    refused: inMigration('ALTER TABLE leads ADD COLUMN stage text NOT NULL'),
    instead: inMigration("ALTER TABLE leads ADD COLUMN stage text NOT NULL DEFAULT 'new'"),
  },
  'rename-table': {
    title: 'A table that gets another name or schema',
    danger: `${BOTH_RELEASES} It uses the old name, and each of its queries fails.`,
    safeWhen: [NEW_TABLE],
    steps: [
      'Keep the name of the table, and change only the name of the entity: `@Entity("leads") class Prospect`.',
      'Or rename it and create a view with the old name in one transaction; drop the view when no release uses it.',
      UNUSED,
    ],
    refused: inMigration('ALTER TABLE leads RENAME TO prospects'),
    instead: `@Entity('leads')
export class Prospect {}`,
  },
  'rename-column': {
    title: 'A column that gets another name',
    danger: `${BOTH_RELEASES} It uses the old name, and each of its queries fails.`,
    safeWhen: [NEW_TABLE],
    steps: [
      'Keep the name of the column, and change only the property: `@Column({ name: "mail" }) email`.',
      'Or add the new column, let the application write both, fill it with a backfill, and drop the old column in a later migration.',
      UNUSED,
    ],
    refused: inMigration('ALTER TABLE leads RENAME COLUMN mail TO email'),
    instead: `@Column({ name: 'mail' })
email!: string;`,
  },
  'default-dropped': {
    title: 'A dropped default of a NOT NULL column',
    danger: `TypeORM writes DEFAULT, or leaves the column out, for a property without a value. Without a default, each of these inserts fails. ${BOTH_RELEASES}`,
    safeWhen: [
      NEW_TABLE,
      'The column is not NOT NULL.',
      'A later statement of the same transaction sets a default again, or drops NOT NULL.',
    ],
    steps: [
      'Let the application write the column in every insert, and deploy.',
      'Drop the default in a migration of the next release, and exempt it: `static readonly allowsLocks = { reason, rules }`.',
    ],
    refused: inMigration(
      "ALTER TABLE leads ADD COLUMN stage text NOT NULL DEFAULT 'new'",
      'ALTER TABLE leads ALTER COLUMN stage DROP DEFAULT',
    ),
    instead: `class DropDefault extends SchemaMigration {
  static readonly allowsLocks = { reason: 'every release since May writes stage', rules: ['default-dropped'] };
  async up(queryRunner: QueryRunner) {
    await queryRunner.query(\`ALTER TABLE leads ALTER COLUMN stage DROP DEFAULT\`);
  }
}`,
  },
  'drop-column-in-use': {
    title: 'A dropped column that the application still reads',
    danger: `TypeORM names every column of an entity in its queries, so that each query of the entity fails. ${BOTH_RELEASES}`,
    safeWhen: [NEW_TABLE, 'No entity and no backfill of the application reads the column.'],
    steps: [
      'Remove the column from the entity, and deploy.',
      'Drop the column in a migration of the next release.',
    ],
    refused: `@Entity('leads')
class Lead {
  @PrimaryGeneratedColumn() id: number;
  @Column() mail: string;
}

${inMigration('ALTER TABLE leads DROP COLUMN mail')}`,
    instead: `@Entity('leads')
export class Lead {
  // without the column mail, one release before the migration that drops it
}`,
  },
  'drop-column': {
    title: 'A dropped column',
    danger: `TypeORM names every column of an entity in its queries. \`typeorm migration:generate\` drops the column in the release that removes the property, while the release before still names it. ${BOTH_RELEASES}`,
    safeWhen: [
      NEW_TABLE,
      'A migration of the same run added the column.',
      'The migration has `requires`: it is a contract migration of a later release.',
      'dropColumn() of nestjs-backfill/steps, which says that the release before does not read it.',
    ],
    steps: [
      'Remove the property from the entity. If the column is NOT NULL without a default, call retireColumn() in a migration. Deploy.',
      'Drop the column with dropColumn() in a migration of the next release.',
      'If the drop and a later ADD COLUMN change the type of a column, see type-rewrite.',
    ],
    refused: inMigration('ALTER TABLE leads DROP COLUMN mail'),
    instead: `class DropMail extends SchemaMigration {
  async up(queryRunner: QueryRunner) {
    await dropColumn(queryRunner, { table: 'leads', column: 'mail' });
  }
}`,
  },
  'drop-table': {
    title: 'A dropped table',
    danger: `Its rows are lost, and each query of it fails. ${BOTH_RELEASES} DROP TABLE also locks each table that its foreign keys reference.`,
    safeWhen: [NEW_TABLE],
    steps: ['Remove its entity and every query of it, and deploy.', UNUSED],
    refused: inMigration('DROP TABLE old_leads'),
    instead: `class DropOldLeads extends SchemaMigration {
  static readonly allowsLocks = { reason: 'no release reads old_leads since May', rules: ['drop-table'] };
  async up(queryRunner: QueryRunner) {
    await queryRunner.query(\`DROP TABLE old_leads\`);
  }
}`,
  },
  'drop-view': {
    title: 'A dropped view',
    danger: `Each query of it fails. ${BOTH_RELEASES}`,
    safeWhen: [NEW_TABLE, 'The migration creates the view again, in the same transaction.'],
    steps: [
      'To change the view, use CREATE OR REPLACE VIEW, or drop and create it in one transaction.',
      'To remove it, remove every query of it, and deploy.',
      UNUSED,
    ],
    refused: inMigration('DROP VIEW open_leads'),
    instead: inMigration('CREATE OR REPLACE VIEW open_leads AS SELECT id, name FROM leads'),
  },
  'drop-function': {
    title: 'A function that is dropped with CASCADE',
    danger: `Every trigger, view, default, generated column, constraint and index that uses the function disappears without a word. Without CASCADE, PostgreSQL refuses the statement and names them. It does not know which queries of the application, and which bodies of other functions, call the function: the guard cannot know it either. ${BOTH_RELEASES}`,
    safeWhen: ['The statement has no CASCADE.'],
    steps: [
      'To change the function, use CREATE OR REPLACE FUNCTION.',
      'To remove it, drop or change what uses it first, each by its name.',
      'Remove every call of it from the application, and deploy. Then drop it without CASCADE.',
    ],
    refused: inMigration('DROP FUNCTION touch() CASCADE'),
    instead: inMigration('DROP FUNCTION touch()'),
  },
  'enum-value-renamed': {
    title: 'An enum value that gets another name',
    danger: `${BOTH_RELEASES} It writes and compares the old value, and each of these queries fails.`,
    safeWhen: ['A migration of the same run created the type.'],
    steps: [
      'Add the new value, and let the application read both.',
      'Change the rows with a backfill.',
      'Let the application write the new value only. PostgreSQL cannot drop the old one; leave it.',
    ],
    refused: inMigration("ALTER TYPE stage RENAME VALUE 'new' TO 'open'"),
    instead: inMigration("ALTER TYPE stage ADD VALUE IF NOT EXISTS 'open'"),
  },
  'json-column': {
    title: 'A column of the type json',
    danger:
      'json has no operator for equality: SELECT DISTINCT, UNION and GROUP BY on the table fail as soon as they include the column, as TypeORM’s own pagination with joins does.',
    safeWhen: [NEW_TABLE],
    steps: ['Use jsonb.'],
    refused: inMigration('ALTER TABLE leads ADD COLUMN extra json'),
    instead: inMigration('ALTER TABLE leads ADD COLUMN extra jsonb'),
  },
  'integer-key': {
    title: 'A counted primary key of 4 or 2 bytes',
    danger:
      'After 2,147,483,647 numbers (32,767 for smallint) every insert fails. A change to bigint then writes the table and all tables that reference it again.',
    safeWhen: ['The key is a bigint, a uuid, or not counted up by PostgreSQL.'],
    steps: [
      'Use bigint: `@PrimaryGeneratedColumn("identity", { type: "bigint" })`.',
      'If the table stays small, exempt the migration: `static readonly allowsLocks = { reason, rules }`.',
    ],
    refused: inMigration('CREATE TABLE events (id serial PRIMARY KEY)'),
    instead: inMigration('CREATE TABLE events (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY)'),
  },
} as const satisfies Record<string, LockRemedy>;
