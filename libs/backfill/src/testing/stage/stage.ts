import type { DataSource } from 'typeorm';
import type { EntityMetadata } from 'typeorm/metadata/EntityMetadata.js';
import type { BackfillDefinition } from '../../backfills/definition/definition.js';
import { runPhase } from '../../backfills/phase.runner.js';
import { readStatus } from '../../backfills/status/status.reader.js';
import { resolveThrottles } from '../../backfills/throttle/throttle.limits.js';
import { Ledger } from '../../ledger/ledger.js';
import { dropLedger, expireLeases } from '../../ledger/rehearsal.ledger.js';
import type { RunRequest } from '../../report/request.js';
import type { BackfillStatusReport } from '../../report/status-report.js';
import { RehearsalError } from '../rehearsal.error.js';
import type {
  RehearsalOptions,
  RehearsalStage,
  RehearsedRun,
  RehearsedRunOptions,
} from '../rehearsal.options.js';
import { readEntities } from './row-changes.js';
import { TableFixture } from './table.fixture.js';
import { changesBetween, readRows, tableOf, type StoredRows } from './table.state.js';

/** Not the ledger of the application, which a rehearsal does not touch. */
const LEDGER_SCHEMA = 'nestjs_backfill_rehearsal';
/** In milliseconds. Nothing waits for it: what a killed run holds is released at once. */
const LEASE_MS = 30_000;
const BATCH_SIZE = 200;

/** The application of a rehearsal, and its tables. */
export class Stage implements RehearsalStage {
  readonly subject: string;
  readonly dataSource: DataSource;
  readonly table: string;
  readonly #definition: BackfillDefinition;
  readonly #fixture: TableFixture;
  readonly #ignored: readonly string[];
  readonly #ledger = new Ledger({ schema: LEDGER_SCHEMA, owner: 'rehearsal', leaseMs: LEASE_MS });
  #restored: StoredRows = new Map();

  constructor(definition: BackfillDefinition, options: RehearsalOptions) {
    this.subject = definition.className;
    this.dataSource = definition.dataSource;
    this.table = tableOf(definition.metadata);
    this.#definition = definition;
    this.#fixture = new TableFixture(this.subject, definition, options);
    this.#ignored = (options.alsoChanges ?? []).map((name) => databaseName(definition.metadata, name));
  }

  get writes(): readonly string[] | null {
    const definition = this.#definition;
    if (definition.kind === 'transform') return definition.writes.map(({ databaseName: name }) => name);
    if (definition.kind === 'set')
      return definition.assignments.map(({ column }) => column.slice(1, -1).replaceAll('""', '"'));
    return null;
  }

  get tables(): readonly string[] | null {
    if (this.#definition.kind === 'process') return null;
    return [this.#definition.kind === 'copy' ? this.#definition.target : this.table];
  }

  /** The entity whose rows `changes` of a rehearsal lists. */
  get changed(): EntityMetadata {
    const { metadata, dataSource } = this.#definition;
    const [table = ''] = this.tables ?? [];
    return dataSource.entityMetadatas.find((each) => tableOf(each) === table) ?? metadata;
  }

  entities(): ReturnType<typeof readEntities> {
    return readEntities(this.dataSource, this.changed);
  }

  /** @throws RehearsalError if the tables are missing or not empty */
  async open(): Promise<void> {
    await this.#fixture.assertEmpty();
    await this.restore();
  }

  /** Leaves the tables as they were before. */
  async close(): Promise<void> {
    await this.#fixture.empty();
    await this.forgetRuns();
  }

  async restore(): Promise<void> {
    await this.#fixture.restore();
    await this.forgetRuns();
    this.#restored = await readRows(this.dataSource);
  }

  async forgetRuns(): Promise<void> {
    await dropLedger(this.dataSource, LEDGER_SCHEMA);
  }

  async run({
    batchSize = BATCH_SIZE,
    kill,
    observer = {},
  }: RehearsedRunOptions = {}): Promise<RehearsedRun> {
    const request: RunRequest = {
      observer,
      ...(kill ? { signal: kill, cancelAfterMs: 0, abandonAfterMs: 0 } : {}),
    };
    const { backfills } = await runPhase([this.#paced(batchSize)], request, {
      tenants: null,
      ledger: this.#ledger,
      schema: LEDGER_SCHEMA,
      checks: [],
      notRequested: [],
      dependenciesOf: () => [],
    });
    const [report] = backfills;
    if (!report) throw new RehearsalError(this.subject, 'the run has no report.', 'Report this as a bug.');
    if (kill?.aborted) await expireLeases(this.dataSource, LEDGER_SCHEMA);
    const changes = changesBetween(this.#restored, await readRows(this.dataSource), this.#ignored);
    return { report, changes };
  }

  async quarantine(): Promise<BackfillStatusReport['quarantine']> {
    const definitions = [this.#paced(BATCH_SIZE)];
    const [status] = await readStatus(definitions, this.#ledger, LEDGER_SCHEMA, {
      includeUndeclared: false,
      targets: [],
    });
    return status?.quarantine ?? [];
  }

  async pendingKeys(): Promise<readonly string[]> {
    const { key, pending } = this.#definition;
    const columns = key.map(({ databaseName: name }) => `'${name.replaceAll("'", "''")}'`);
    const values = columns.map((name) => `${name}, pg_catalog.to_jsonb("this_row") ->> ${name}`).join(', ');
    const rows = await this.dataSource.query<{ key: object }[]>(
      `SELECT pg_catalog.json_build_object(${values}) AS key FROM ${this.table} AS "this_row" WHERE ${pending.sql}`,
      [...pending.parameters],
    );
    return rows.map((row) => JSON.stringify(row.key));
  }

  /** Without pauses, throttles and dependencies, which a rehearsal does not try. */
  #paced(batchSize: number): BackfillDefinition {
    const { pace, className } = this.#definition;
    return {
      ...this.#definition,
      dependsOn: [],
      throttles: resolveThrottles(className, false),
      pace: { ...pace, batchSize, maxBatchSize: batchSize, pause: 0, workers: 1, maxWorkers: 1 },
    };
  }
}

function databaseName({ columns }: EntityMetadata, name: string): string {
  return columns.find(({ propertyPath }) => propertyPath === name)?.databaseName ?? name;
}
