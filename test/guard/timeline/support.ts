import { Project } from '../support.ts';

export interface TimelineResult {
  readonly code: number;
  /** `rule: message` of each finding of the timeline, without paths. */
  readonly findings: readonly string[];
}

/** A project with one migration for each list of statements, and files of the application. */
export class TimelineProject extends Project {
  #time = 1_757_000_000_000;

  /** A migration that sends SQL statements. @returns its path */
  sql(...statements: readonly string[]): string {
    return this.up(statements.map((sql) => `    await queryRunner.query(\`${sql}\`);`).join('\n'));
  }

  /** A migration with this body of `up`. */
  up(body: string, members = ''): string {
    const time = String(this.#time++);
    return this.write(
      `src/migrations/${time}-step.ts`,
      `import { Table, TableColumn, type QueryRunner } from 'typeorm';\nexport class Step${time} extends SchemaMigration {\n${members}  async up(queryRunner: QueryRunner) {\n${body}\n  }\n  async down() {}\n}\n`,
    );
  }

  /** An entity class; `members` are its properties. */
  entity(members: string, head = `@Entity('leads')\nexport class Lead`, path = 'src/lead.entity.ts'): string {
    return this.write(path, `import { ${TYPEORM} } from 'typeorm';\n${head} {\n${members}\n}\n`);
  }

  /** The lock rules have their own tests. */
  override guard(...args: readonly string[]): ReturnType<Project['guard']> {
    return super.guard('--locks', 'off', ...args);
  }

  async timeline(...args: readonly string[]): Promise<TimelineResult> {
    const { code, out, error } = await this.guard('--timeline', '--format', 'json', ...args);
    if (out === '') throw new Error(error);
    const report = JSON.parse(out) as {
      findings: { rule: string; message: string; status: string; reason: string }[];
    };
    return {
      code,
      findings: report.findings
        .filter(({ rule, status }) => rule.startsWith('column-') && status !== 'suppressed')
        .map(({ rule, message, reason }) =>
          rule === 'column-undecided' ? `${rule}: ${reason}` : `${rule}: ${message}`,
        ),
    };
  }
}

const TYPEORM =
  'Column, CreateDateColumn, Entity, EntitySchema, IsNull, JoinColumn, ManyToOne, OneToOne, PrimaryColumn, PrimaryGeneratedColumn, TableInheritance, ChildEntity';
