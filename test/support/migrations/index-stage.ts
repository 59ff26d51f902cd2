import { Column, type DataSource, Entity, PrimaryColumn } from 'typeorm';
import { buildIndexes } from '../../../libs/backfill/src/indexes/build/build-indexes.ts';
import type { BuildIndexesOptions } from '../../../libs/backfill/src/indexes/build/build-indexes.options.ts';
import type {
  DeclaredIndex,
  OnlineIndexOptions,
} from '../../../libs/backfill/src/indexes/declare/index.options.ts';
import { TestDatabase } from '../server/database.ts';
import { postgresDataSource } from './migrations.ts';

@Entity('leads')
export class Lead {
  @PrimaryColumn()
  id!: number;

  @Column({ name: 'tenant_id' })
  tenantId!: number;

  @Column()
  email!: string;
}

@Entity('calls')
export class Call {
  @PrimaryColumn()
  id!: number;

  @PrimaryColumn()
  at!: Date;
}

/** A fresh database with 300 leads for each test of a file, and a data source on it. */
export class IndexStage {
  database!: TestDatabase;
  dataSource!: DataSource;
  /** The log lines of all builds of the test. */
  readonly lines: string[] = [];
  readonly log = {
    log: (line: string) => void this.lines.push(line),
    warn: (line: string) => void this.lines.push(line),
  };

  static forEachTest(): IndexStage {
    const stage = new IndexStage();
    beforeEach(async () => {
      stage.database = await TestDatabase.create();
      await stage.database.query('CREATE TABLE leads (id int PRIMARY KEY, tenant_id int, email text)');
      await stage.database.query(
        `INSERT INTO leads SELECT n, n % 3, 'lead' || n || '@x' FROM generate_series(1, 300) n`,
      );
      stage.dataSource = await stage.connect();
      stage.lines.length = 0;
    });
    afterEach(async () => {
      await stage.dataSource.destroy();
      await stage.database.drop();
    });
    return stage;
  }

  /** A further data source on the same database. */
  connect(options: Parameters<typeof postgresDataSource>[2] = {}): Promise<DataSource> {
    return postgresDataSource(this.database, [], { entities: [Lead, Call], ...options }).initialize();
  }

  build(indexes: readonly DeclaredIndex[], options: BuildIndexesOptions = {}) {
    return buildIndexes(this.dataSource, indexes, { log: this.log, ...options });
  }

  /** Whether each index is valid, except the indexes of primary keys. */
  async validity(): Promise<Record<string, boolean>> {
    const rows = await this.database.query<{ name: string; valid: boolean }>(
      `SELECT indexrelid::regclass::text AS name, indisvalid AS valid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
        WHERE c.relnamespace = 'public'::regnamespace AND NOT indisprimary ORDER BY 1`,
    );
    return Object.fromEntries(rows.map(({ name, valid }) => [name, valid]));
  }
}

/** A declared index on `leads (tenant_id)`, with some options replaced. */
export function declaredIndex(options: Partial<OnlineIndexOptions<Lead>> = {}): DeclaredIndex {
  const all = {
    name: 'leads_tenant',
    entity: Lead,
    columns: ['tenantId'],
    ...options,
  } as unknown as OnlineIndexOptions;
  return { className: 'LeadsTenantIndex', options: all };
}
