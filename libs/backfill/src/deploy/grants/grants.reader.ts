import { Inject, Injectable } from '@nestjs/common';
import type { DataSource, EntityMetadata } from 'typeorm';
import { BackfillRegistry } from '../../backfills/definition/backfill.registry.js';
import type { BackfillDefinition } from '../../backfills/definition/definition.js';
import { COPY_TARGET_RIGHTS, TABLE_RIGHTS } from '../../backfills/definition/table-rights.js';
import { watchCommand } from '../../backfills/control/command.watch.js';
import type { CommandOptions } from '../../report/control-report.js';
import { DataSourceRegistry } from '../../data-sources/data-source.registry.js';
import { schemaOption } from '../../data-sources/data-source.schema.js';
import { IndexesService } from '../../indexes/indexes.service.js';
import { LEDGER_OPTIONS, type LedgerModuleOptions } from '../../ledger/ledger.options.js';
import { quotePath } from '../../postgres/identifiers.js';
import { Session } from '../../postgres/session.js';
import { readDatabaseFacts, readTable, type OwnedTable } from './grants.catalog.js';
import type { DatabaseGrants, GrantsReport } from './grants.report.js';
import { writeGrants, type BackfillTable, type GrantFacts, type Roles } from './grants.writer.js';

const DEFAULT_MIGRATIONS_TABLE = 'migrations';

/** Finds the rights that the library uses in the databases of the application. Changes nothing. */
@Injectable()
export class GrantsReader {
  readonly #dataSources: DataSourceRegistry;
  readonly #registry: BackfillRegistry;
  readonly #indexes: IndexesService;
  readonly #ledger: LedgerModuleOptions;

  constructor(
    @Inject(DataSourceRegistry) dataSources: DataSourceRegistry,
    @Inject(BackfillRegistry) registry: BackfillRegistry,
    @Inject(IndexesService) indexes: IndexesService,
    @Inject(LEDGER_OPTIONS) ledger: LedgerModuleOptions,
  ) {
    this.#dataSources = dataSources;
    this.#registry = registry;
    this.#indexes = indexes;
    this.#ledger = ledger;
  }

  /**
   * @param roles the role that deploys, and the role of the application if it is another one. None: the role of the
   *   connection
   * @throws CommandStoppedError if the signal stopped it; CommandBlockedError after the lock timeout
   */
  async read([deployingRole, other]: readonly string[], command: CommandOptions = {}): Promise<GrantsReport> {
    const applicationRole = other ?? null;
    const grants: DatabaseGrants[] = [];
    let currentUser = '';
    for (const { name, dataSource } of this.#dataSources.postgres) {
      const session = await Session.open(dataSource);
      try {
        const facts = await watchCommand(session, command, () => this.#facts(session, dataSource));
        currentUser = facts.currentUser;
        const roles: Roles = { deploying: deployingRole ?? currentUser, application: applicationRole };
        grants.push({ dataSource: name, database: facts.database, sql: writeGrants(facts, roles) });
      } finally {
        await session.close();
      }
    }
    return { phase: 'backfill', deployingRole: deployingRole ?? currentUser, applicationRole, grants };
  }

  async #facts(session: Session, dataSource: DataSource): Promise<GrantFacts> {
    const { schema } = this.#ledger;
    const definitions = this.#registry.definitions.filter((each) => each.dataSource === dataSource);
    const changesTables = dataSource.migrations.length > 0 || this.#hasIndexes(dataSource);
    const owned: OwnedTable[] = [];
    for (const table of changesTables ? tablesOf(dataSource) : [])
      owned.push(await readTable(session, table));
    const migrations = dataSource.migrations.length > 0 ? [migrationsTable(dataSource)] : [];
    const migrationTables: OwnedTable[] = [];
    for (const table of migrations) migrationTables.push(await readTable(session, table));
    return {
      ...(await readDatabaseFacts(session, schema)),
      ledgerSchema: schema,
      owned,
      backfills: await backfillTables(session, definitions),
      migrationTables,
      withOwnCode: definitions.filter(({ kind }) => kind !== 'purge').map(({ name }) => name),
    };
  }

  #hasIndexes(dataSource: DataSource): boolean {
    return this.#indexes.declare().some(({ options }) => dataSource.hasMetadata(options.entity));
  }
}

async function backfillTables(
  session: Session,
  definitions: readonly BackfillDefinition[],
): Promise<readonly BackfillTable[]> {
  const tables = new Map<string, BackfillTable>();
  const need = async (table: string, rights: readonly string[], backfill: string) => {
    const found = await readTable(session, table);
    const known = tables.get(found.name) ?? { ...found, rights: [], backfills: [] };
    tables.set(found.name, {
      ...known,
      rights: [...new Set([...known.rights, ...rights])],
      backfills: [...new Set([...known.backfills, backfill])],
    });
  };
  for (const definition of definitions) {
    await need(definition.table, TABLE_RIGHTS[definition.kind], definition.name);
    if (definition.kind === 'copy') await need(definition.target, COPY_TARGET_RIGHTS, definition.name);
  }
  return [...tables.values()];
}

/** Not the views of entities. */
function tablesOf(dataSource: DataSource): readonly string[] {
  const tables = dataSource.entityMetadatas.filter(({ tableType }) => tableType !== 'view');
  return [...new Set(tables.map(pathOf))];
}

function pathOf({ schema, tableName }: EntityMetadata): string {
  return schema === undefined ? quotePath(tableName) : quotePath(schema, tableName);
}

function migrationsTable(dataSource: DataSource): string {
  const name = dataSource.options.migrationsTableName ?? DEFAULT_MIGRATIONS_TABLE;
  const schema = schemaOption(dataSource);
  return schema === undefined ? quotePath(name) : quotePath(schema, name);
}
