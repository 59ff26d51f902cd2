import { checkFiles, type Finding } from '../../libs/guard/src/index.ts';
import { LOCK_SCHEMA } from '../sql/locks/lock-schema.ts';
import { Project } from './support.ts';

interface LockProjectOptions {
  /** From TypeORM. */
  readonly imports?: string;
  /** Of the migration's class. */
  readonly fields?: string;
}

/** A project with the tables of `LOCK_SCHEMA`, to which single statements are added as migrations. */
export class LockProject {
  readonly #project = new Project();

  constructor() {
    const tables = LOCK_SCHEMA.replace(/INSERT INTO[^;]*;/g, '');
    this.#project.write('src/migrations/1700000000000-schema.sql', tables);
  }

  remove(): void {
    this.#project.remove();
  }

  /** The findings for a migration with this statement. @param fields of its class */
  findingsOf(sql: string, fields = ''): Promise<readonly Finding[]> {
    return this.findingsOfCall(`query(${JSON.stringify(sql)})`, { fields });
  }

  /**
   * The findings for a migration that calls a method of the query runner.
   */
  findingsOfCall(call: string, options: LockProjectOptions): Promise<readonly Finding[]> {
    return this.findingsOfCode(`await queryRunner.${call};`, options);
  }

  /** The findings for a migration with this code in `up()`. */
  async findingsOfCode(
    code: string,
    { imports = '', fields = '' }: LockProjectOptions = {},
  ): Promise<readonly Finding[]> {
    const file = this.#project.write(
      'src/migrations/1757000000000-example.ts',
      `import { ${imports} } from 'typeorm';\nexport class Example extends SchemaMigration {\n  ${fields}\n  async up(queryRunner) {\n    ${code}\n  }\n  async down() {}\n}\n`,
    );
    const report = await checkFiles({
      paths: [this.#project.path('src/migrations')],
      tableSizes: new Map([['plans', 3]]),
    });
    expect(report.problems).toEqual([]);
    return report.migrations
      .filter((migration) => migration.file === file)
      .flatMap(({ directions }) => directions.flatMap(({ findings }) => findings));
  }
}
