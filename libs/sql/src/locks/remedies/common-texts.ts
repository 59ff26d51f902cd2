/** A migration with these statements in `up`. */
export function inMigration(...statements: readonly string[]): string {
  return migration('', statements);
}

/** A migration whose statements each commit by themselves. */
export function withoutTransaction(...statements: readonly string[]): string {
  return migration('  readonly transaction = false;\n', statements);
}

function migration(fields: string, statements: readonly string[]): string {
  return [
    'class Example extends SchemaMigration {',
    `${fields}  async up(queryRunner: QueryRunner) {`,
    ...statements.map((statement) => `    await queryRunner.query(\`${statement}\`);`),
    '  }',
    '}',
  ].join('\n');
}

export const NEW_TABLE = 'A migration of the same run created the table: no release uses it yet.';
export const SMALL_TABLE = 'The table is small: at most 10,000 rows and 8 MB.';
export const QUEUE =
  'Every query that arrives later waits behind it, so that after seconds the application has no free connection left.';
export const BOTH_RELEASES =
  'During a rolling deployment the old release still runs, and after a rollback it runs again.';
export const COMMITS = 'Declare `transaction = false`, so that each statement commits by itself.';
