import { boolean, number } from '../postgres/decoders.js';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { quoteIdentifier } from '../postgres/identifiers.js';
import type { Statement } from '../postgres/pipeline.js';
import { applyPolicy } from '../postgres/timeout-policy.js';
import type { Session } from '../postgres/session.js';
import { classifyDatabaseError } from '../postgres/error-classes.js';
import { LedgerInstallError, LedgerTooNewError } from './ledger.error.js';

/** A change of the ledger's own tables. */
export interface SchemaStep {
  readonly number: number;
  readonly sql: string;
}

/** The numbered files beside this one, in order. They are never edited once released: a change is a new file. */
export function schemaSteps(): readonly SchemaStep[] {
  const folder = join(dirname(fileURLToPath(import.meta.url)), 'schema');
  return readdirSync(folder)
    .filter((file) => /^\d{3}-.+\.sql$/.test(file))
    .sort()
    .map((file) => ({ number: Number(file.slice(0, 3)), sql: readFileSync(join(folder, file), 'utf8') }));
}

/**
 * Installs and upgrades the ledger's tables. Several processes may call it at once: a lock that the transaction itself holds
 * lets one go first, and the others then find nothing to do.
 *
 * @throws LedgerInstallError when the role may not, LedgerTooNewError when a newer version of the library has upgraded the ledger in a way that this one does not know
 */
export async function installLedger(
  session: Session,
  schema: string,
  steps: readonly SchemaStep[] = schemaSteps(),
): Promise<void> {
  if ((await missingSteps(session, schema, steps)).length === 0) return;
  try {
    await session.begin([
      applyPolicy({ lockTimeout: 60_000, statementTimeout: 120_000, idleInTransactionTimeout: 60_000 }),
      // A lock of the transaction, not of the session: it cannot outlive a dead client and holds through poolers.
      { text: `SELECT pg_advisory_xact_lock(hashtext($1))`, values: [`nestjs-backfill ledger ${schema}`] },
    ]);
    await session.commit(await installStatements(session, schema, steps));
  } catch (error) {
    await session.rollback();
    throw classifyDatabaseError(error) === 'programming' ? new LedgerInstallError(schema, error) : error;
  }
}

/** What is left to do to bring a ledger up to date, for a transaction that the caller has open. */
export async function installStatements(
  session: Session,
  schema: string,
  steps: readonly SchemaStep[] = schemaSteps(),
): Promise<Statement[]> {
  const missing = await missingSteps(session, schema, steps);
  const quoted = quoteIdentifier(schema);
  const result = await session.send([
    { text: 'SELECT EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = $1)', values: [schema] },
  ]);
  // CREATE SCHEMA IF NOT EXISTS needs the right to create schemas even where a person has made this one already.
  const createSchema = result.last.value(boolean) ? [] : [{ text: `CREATE SCHEMA ${quoted}` }];
  return [
    ...createSchema,
    {
      text: `CREATE TABLE IF NOT EXISTS ${quoted}.installed_step
        (number integer PRIMARY KEY, installed_at timestamptz NOT NULL DEFAULT clock_timestamp())`,
    },
    ...missing.flatMap(({ number, sql }) => [
      // Named after splitting, and by a function: a schema's name may hold anything.
      ...splitStatements(sql).map((text) => ({ text: text.replaceAll('{{schema}}', () => quoted) })),
      { text: `INSERT INTO ${quoted}.installed_step (number) VALUES ($1::int)`, values: [String(number)] },
    ]),
  ];
}

/** @throws LedgerTooNewError */
async function missingSteps(
  session: Session,
  schema: string,
  steps: readonly SchemaStep[],
): Promise<readonly SchemaStep[]> {
  const newest = steps.at(-1)?.number ?? 0;
  const installed = await installedStep(session, schema);
  if (installed > newest) throw new LedgerTooNewError(schema, installed, newest);
  return steps.filter(({ number }) => number > installed);
}

/** 0 when nothing is installed. */
export async function installedStep(session: Session, schema: string): Promise<number> {
  const table = `${quoteIdentifier(schema)}.installed_step`;
  // Not by to_regclass(), which may answer from the session's cache: after a wait for another installer, that is as old as
  // the transaction. A query reads the catalogue itself.
  const result = await session.send([
    {
      text: `SELECT EXISTS (SELECT FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
        WHERE n.nspname = $1 AND c.relname = 'installed_step')`,
      values: [schema],
    },
  ]);
  if (!result.last.value(boolean)) return 0;
  const steps = await session.send([{ text: `SELECT coalesce(max(number), 0)::text FROM ${table}` }]);
  return steps.last.value(number);
}

/** Splits our own files, in which a statement ends with a semicolon at a line's end, outside of a $$ body. */
function splitStatements(sql: string): string[] {
  const statements: string[] = [];
  let current = '';
  let inBody = false;
  for (const line of sql.split('\n')) {
    current += `${line}\n`;
    if ((line.match(/\$\$/g)?.length ?? 0) % 2 === 1) inBody = !inBody;
    if (!inBody && line.replace(/--.*$/, '').trimEnd().endsWith(';')) {
      statements.push(current.trim());
      current = '';
    }
  }
  return statements;
}
