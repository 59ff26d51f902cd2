import { boolean, number } from '../postgres/decoders.js';
import { classifyDatabaseError } from '../postgres/error-classes.js';
import { quoteIdentifier } from '../postgres/identifiers.js';
import type { Statement } from '../postgres/pipeline.js';
import type { Session } from '../postgres/session.js';
import { applyPolicy, type TimeoutPolicy } from '../postgres/timeout-policy.js';
import { LedgerInstallError, LedgerTooNewError } from './ledger.error.js';
import { SCHEMA_STEPS, type SchemaStep } from './schema/steps.js';

/** In milliseconds. */
const INSTALL_TIMEOUTS = { lockTimeout: 60_000, statementTimeout: 120_000, idleInTransactionTimeout: 60_000 };

/**
 * Installs or upgrades the ledger's tables. Several processes may call this at the same time: a
 * transaction-level advisory lock admits one process at a time, and the others then find an installed ledger.
 *
 * @throws LedgerInstallError if the role lacks a privilege; LedgerTooNewError if a newer version of the
 * library has upgraded the ledger
 */
export async function installLedger(
  session: Session,
  schema: string,
  steps: readonly SchemaStep[] = SCHEMA_STEPS,
): Promise<void> {
  if ((await missingSteps(session, schema, steps)).length === 0) return;
  try {
    await session.begin([applyPolicy(INSTALL_TIMEOUTS), installLock(schema)]);
    await session.commit(await installStatements(session, schema, steps));
  } catch (error) {
    await session.rollback();
    throw classifyDatabaseError(error) === 'programming' ? new LedgerInstallError(schema, error) : error;
  }
}

/**
 * Installs the ledger in a transaction that the caller has opened, and which it rolls back. It waits for other
 * transactions that install it, and has the caller's timeouts afterwards.
 */
export async function installInTransaction(
  session: Session,
  schema: string,
  timeouts: TimeoutPolicy,
): Promise<void> {
  if ((await missingSteps(session, schema, SCHEMA_STEPS)).length === 0) return;
  await session.send([applyPolicy(INSTALL_TIMEOUTS), installLock(schema), applyPolicy(timeouts)]);
  const statements = await installStatements(session, schema, SCHEMA_STEPS);
  if (statements.length > 0) await session.send(statements);
}

/** A transaction-level lock, not a session-level lock: it ends with the transaction and works with poolers. */
function installLock(schema: string): Statement {
  return {
    text: `SELECT pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtext($1))`,
    values: [`nestjs-backfill ledger ${schema}`],
  };
}

/** The statements that install or upgrade the ledger; none if it is up to date, because each needs a privilege. */
async function installStatements(
  session: Session,
  schema: string,
  steps: readonly SchemaStep[],
): Promise<Statement[]> {
  const missing = await missingSteps(session, schema, steps);
  if (missing.length === 0) return [];
  const quoted = quoteIdentifier(schema);
  const { last } = await session.send([
    { text: 'SELECT EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = $1)', values: [schema] },
  ]);
  // CREATE SCHEMA IF NOT EXISTS needs the privilege to create schemas even if the schema exists.
  const createSchema = last.value(boolean) ? [] : [{ text: `CREATE SCHEMA ${quoted}` }];
  return [
    ...createSchema,
    {
      text: `CREATE TABLE IF NOT EXISTS ${quoted}.installed_step
        (number integer PRIMARY KEY, installed_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp())`,
    },
    ...missing.flatMap(({ number, sql, additive = false }) => [
      // The replacement follows the split and is a function, because the name may contain `;`, `$$` or `$&`.
      ...splitStatements(sql).map((text) => ({ text: text.replaceAll('{{schema}}', () => quoted) })),
      { text: `INSERT INTO ${quoted}.installed_step (number) VALUES ($1::int)`, values: [String(number)] },
      ...(additive
        ? [
            {
              text: `UPDATE ${quoted}.installed_step SET additive = true WHERE number = $1::int`,
              values: [String(number)],
            },
          ]
        : []),
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
  if (installed > newest) await assertUsable(session, schema, { installed, newest });
  return steps.filter(({ number }) => number > installed);
}

/** @throws LedgerTooNewError if a step that this release does not know is not additive */
async function assertUsable(
  session: Session,
  schema: string,
  { installed, newest }: { readonly installed: number; readonly newest: number },
): Promise<void> {
  const { last } = await session.send([
    {
      text: `SELECT EXISTS (SELECT FROM ${quoteIdentifier(schema)}.installed_step WHERE number > $1::int AND NOT additive)`,
      values: [String(newest)],
    },
  ]);
  if (last.value(boolean)) throw new LedgerTooNewError(schema, installed, newest);
}

/** The number of the newest installed step; 0 if the ledger is not installed. */
export async function installedStep(session: Session, schema: string): Promise<number> {
  const table = `${quoteIdentifier(schema)}.installed_step`;
  // A query of the catalogue, not to_regclass(): that function may use the session's cache, which is outdated
  // after this transaction has waited for another installer.
  const found = await session.send([
    {
      text: `SELECT EXISTS (SELECT FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
        WHERE n.nspname = $1 AND c.relname = 'installed_step')`,
      values: [schema],
    },
  ]);
  if (!found.last.value(boolean)) return 0;
  const steps = await session.send([
    { text: `SELECT coalesce(pg_catalog.max(number), 0)::text FROM ${table}` },
  ]);
  return steps.last.value(number);
}

/**
 * Splits a step of `schema/` into statements. A statement ends with a semicolon at the end of a line, outside
 * of a function body in $$.
 */
function splitStatements(sql: string): string[] {
  const statements: string[] = [];
  let current = '';
  let isInBody = false;
  for (const line of sql.split('\n')) {
    current += `${line}\n`;
    if ((line.match(/\$\$/g)?.length ?? 0) % 2 === 1) isInBody = !isInBody;
    if (!isInBody && line.replace(/--.*$/, '').trimEnd().endsWith(';')) {
      statements.push(current.trim());
      current = '';
    }
  }
  return statements;
}
