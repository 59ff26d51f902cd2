import { quoteIdentifier } from '../../postgres/identifiers.js';
import { COPY_TARGET_RIGHTS, LEDGER_RIGHTS } from '../../backfills/definition/table-rights.js';
import type { DatabaseFacts, OwnedTable } from './grants.catalog.js';

/** The rights of backfills on a table. */
export interface BackfillTable extends OwnedTable {
  readonly rights: readonly string[];
  /** The backfills that need them. */
  readonly backfills: readonly string[];
}

export interface GrantFacts extends DatabaseFacts {
  /** The schema of the ledger, not quoted. */
  readonly ledgerSchema: string;
  /** Every table of the application, if migrations or indexes change tables; otherwise empty. */
  readonly owned: readonly OwnedTable[];
  /** The tables of backfills. */
  readonly backfills: readonly BackfillTable[];
  /** The tables in which TypeORM records migrations. */
  readonly migrationTables: readonly OwnedTable[];
  /** The backfills with SQL or code of the application, which may use other tables. */
  readonly withOwnCode: readonly string[];
}

export interface Roles {
  readonly deploying: string;
  /** Null: the application has the same role. */
  readonly application: string | null;
}

/** In the order of PostgreSQL's manual. */
const RIGHTS_ORDER = ['SELECT', 'INSERT', 'UPDATE', 'DELETE'];

/** The statements for the roles of one database. */
export function writeGrants(facts: GrantFacts, roles: Roles): string[] {
  return [
    ...deployingSection(facts, roles),
    ...(roles.application === null
      ? []
      : ['', ...applicationSection(facts, roles.deploying, roles.application)]),
  ];
}

function deployingSection(facts: GrantFacts, { deploying, application }: Roles): string[] {
  const role = quoteIdentifier(deploying);
  const title =
    application === null
      ? `-- ${role} runs migrations, indexes and backfills, and the application.`
      : `-- ${role} runs deployments: migrations, indexes and backfills.`;
  const mustOwn = facts.owned.length > 0;
  const granted = facts.backfills.filter(({ name }) => !facts.owned.some((table) => table.name === name));
  return [
    title,
    `GRANT CONNECT, TEMPORARY ON DATABASE ${quoteIdentifier(facts.database)} TO ${role};`,
    ...ledgerOwnership(facts, deploying),
    ...(mustOwn
      ? [
          '-- Only the owner of a table may change it and build its indexes.',
          ...schemasOf(facts.owned).map((schema) => `GRANT USAGE, CREATE ON SCHEMA ${schema} TO ${role};`),
          ...[...facts.owned, ...facts.migrationTables].flatMap((table) => ownership(table, deploying)),
          ...partitionsNote(facts.owned, `must be owned by ${role}`),
        ]
      : schemasOf(facts.backfills).map((schema) => `GRANT USAGE ON SCHEMA ${schema} TO ${role};`)),
    ...tableGrants(granted, role),
    ...ownCodeNote(facts),
    ...statisticsNote(role),
  ];
}

/** The owner of a partitioned table may change and index it only as the owner of each partition. */
function ownership({ name, owner, partitions }: OwnedTable, deploying: string): string[] {
  const tables = [{ name, owner, isForeign: false }, ...partitions];
  return tables
    .filter((each) => each.owner !== null && each.owner !== deploying)
    .map((each) => {
      const kind = each.isForeign ? 'FOREIGN TABLE' : 'TABLE';
      return `ALTER ${kind} ${each.name} OWNER TO ${quoteIdentifier(deploying)};`;
    });
}

/** @param need what a partition needs that is created later, e.g. by another role */
function partitionsNote(tables: readonly OwnedTable[], need: string): string[] {
  const partitioned = tables.filter(({ partitions }) => partitions.length > 0).map(({ name }) => name);
  return partitioned.length === 0
    ? []
    : [
        `-- A partition of ${partitioned.join(', ')} that another role creates later ${need}: run --grants again.`,
      ];
}

/** The role that upgrades the ledger owns what is in it. */
function ledgerOwnership(
  { ledgerSchema, hasLedger, ledgerOwner, ledgerObjects }: GrantFacts,
  deploying: string,
): string[] {
  const [schema, role] = [quoteIdentifier(ledgerSchema), quoteIdentifier(deploying)];
  if (!hasLedger) return [`CREATE SCHEMA ${schema} AUTHORIZATION ${role};`];
  return [
    ...(ledgerOwner === deploying ? [] : [`ALTER SCHEMA ${schema} OWNER TO ${role};`]),
    ...ledgerObjects
      .filter(({ owner }) => owner !== deploying)
      .map(({ kind, name }) => `ALTER ${kind} ${name} OWNER TO ${role};`),
  ];
}

function applicationSection(facts: GrantFacts, deploying: string, application: string): string[] {
  const [schema, role] = [quoteIdentifier(facts.ledgerSchema), quoteIdentifier(application)];
  const rights = LEDGER_RIGHTS.join(', ');
  const forDeploying = `ALTER DEFAULT PRIVILEGES FOR ROLE ${quoteIdentifier(deploying)} IN SCHEMA`;
  const migrationTables = facts.migrationTables.filter(({ owner }) => owner !== null);
  return [
    `-- ${role} is the running application: catch-up, control, status and the dashboard.`,
    `GRANT CONNECT ON DATABASE ${quoteIdentifier(facts.database)} TO ${role};`,
    `GRANT USAGE ON SCHEMA ${schema} TO ${role};`,
    `GRANT ${rights} ON ALL TABLES IN SCHEMA ${schema} TO ${role};`,
    `${forDeploying} ${schema} GRANT ${rights} ON TABLES TO ${role};`,
    `GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA ${schema} TO ${role};`,
    `${forDeploying} ${schema} GRANT EXECUTE ON FUNCTIONS TO ${role};`,
    ...schemasOf([...facts.backfills, ...migrationTables]).map(
      (name) => `GRANT USAGE ON SCHEMA ${name} TO ${role};`,
    ),
    ...tableGrants(facts.backfills, role),
    ...migrationTables.map(({ name }) => `GRANT SELECT ON ${name} TO ${role};`),
    ...ownCodeNote(facts),
    ...statisticsNote(role),
  ];
}

function tableGrants(tables: readonly BackfillTable[], role: string): string[] {
  const grants = tables.flatMap(({ name, rights, backfills, owner, sequences, partitions }) => {
    const ordered = RIGHTS_ORDER.filter((right) => rights.includes(right)).join(', ');
    const inserts = rights.includes(COPY_TARGET_RIGHTS[1]);
    const missing = owner === null ? ' The table does not exist yet: repeat this after the migrations.' : '';
    return [
      `-- For ${backfills.join(', ')}.${missing}`,
      `${owner === null ? '-- ' : ''}GRANT ${ordered} ON ${name} TO ${role};`,
      // A sweep in page order names the partitions themselves.
      ...partitions.map((partition) => `GRANT ${ordered} ON ${partition.name} TO ${role};`),
      ...(inserts ? sequences.map((sequence) => `GRANT USAGE ON SEQUENCE ${sequence} TO ${role};`) : []),
    ];
  });
  return [...grants, ...partitionsNote(tables, `needs the same rights for ${role}`)];
}

function ownCodeNote({ withOwnCode }: GrantFacts): string[] {
  return withOwnCode.length === 0
    ? []
    : [`-- SQL and code of your own may use other tables, which need rights too: ${withOwnCode.join(', ')}.`];
}

function statisticsNote(role: string): string[] {
  return [
    '-- Optional: without it, the lag of replicas and the transactions of other roles are hidden from the throttles.',
    `-- GRANT pg_read_all_stats TO ${role};`,
  ];
}

function schemasOf(tables: readonly OwnedTable[]): string[] {
  return [
    ...new Set(
      tables.flatMap(({ schema, partitions }) => [schema, ...partitions.map((each) => each.schema)]),
    ),
  ].sort();
}
