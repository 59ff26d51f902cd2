import { contextOf, rawMessageOf, redactUnlessOwn, sqlState, TRANSACTION_TIMEOUT } from '../error-classes.js';

/** The part of an error that tells its condition. */
interface ConditionFacts {
  /** SQLSTATE, or a code of Node.js; empty if the error has none. */
  readonly code: string;
  readonly message: string;
}

/** A condition of the server or of the connection, and what a user does about it. */
export interface Condition {
  readonly name: string;
  /** What has happened, as a sentence for the page of errors. */
  readonly meaning: string;
  readonly remedy: string;
  /** SQLSTATEs and codes of Node.js. */
  readonly codes?: readonly string[];
  /** With `codes`, both must apply. */
  readonly message?: RegExp;
}

/** The conditions that users meet, each with its remedy. The first one that applies counts. */
export const CONDITIONS: readonly Condition[] = [
  {
    name: 'A column or table is missing',
    codes: ['42703', '42P01'],
    meaning: 'The statement names a column or a table that the database does not have.',
    remedy:
      'Run the schema migrations first: nest start -- --migrate. If the name is wrong, correct the SQL in `where` or in the class.',
  },
  {
    name: 'A right is missing',
    codes: ['42501'],
    meaning: 'The role of the data source may not do what the statement does.',
    remedy: 'Grant the role of the data source the right on the object that the message names.',
  },
  {
    name: 'A rule rewrites the table',
    codes: ['0A000'],
    message:
      /RETURNING on relation|rules? .*(?:WITH|RETURNING)|WITH cannot be used in a query that is rewritten/i,
    meaning:
      'A rule (CREATE RULE) on the table replaces the statement of the batch, which PostgreSQL refuses.',
    remedy: 'Replace the rule with a trigger, or drop it while the backfill runs: DROP RULE … ON … .',
  },
  {
    name: 'Too many parameters',
    codes: ['08P01'],
    meaning: 'The statement has more than 65,535 parameters.',
    remedy: 'Pass the values as one array: `column = ANY($1)` with an array as the parameter.',
  },
  {
    name: 'The standby or an operator allows no changes',
    codes: ['25006'],
    meaning:
      'The server is a standby, e.g. for some seconds during a failover, or default_transaction_read_only is on.',
    remedy:
      'A run waits and continues by itself. If the server stays a standby, connect to the primary. If an operator has made the database read-only: ALTER DATABASE … SET default_transaction_read_only = off.',
  },
  {
    name: 'The disk is full',
    codes: ['53100'],
    meaning: 'The server has no space for a table, an index or a temporary file.',
    remedy: 'Free space on the server. A run waits for a while, and the next run continues.',
  },
  {
    name: 'A statement exceeded its timeout',
    codes: ['57014'],
    meaning: 'The statement ran longer than its statement timeout, or a person cancelled it.',
    remedy:
      'Raise the option `statementTimeout`. If it is the predicate that takes long, build an index for it; `--plan` names one.',
  },
  {
    name: 'A transaction exceeded its timeout',
    codes: [TRANSACTION_TIMEOUT],
    meaning:
      'The server has ended the session, because its transaction took longer than transaction_timeout (PostgreSQL 17 and later) of the role or the database allows.',
    remedy:
      'Raise or remove it for the role of the data source: ALTER ROLE … SET transaction_timeout = 0. Or do it for one migration, as its first statement: SET LOCAL transaction_timeout = 0.',
  },
  {
    name: 'A session was idle for too long',
    codes: ['25P03', '57P05'],
    meaning:
      'The server has ended the session, because it was idle for longer than idle_in_transaction_session_timeout or idle_session_timeout allows: this process was busy or stopped meanwhile.',
    remedy:
      'A run continues on a new connection. If it happens again and again, raise the timeout for the role of the data source (ALTER ROLE … SET …), or give the process more CPU.',
  },
  {
    name: 'A function or operator is missing',
    codes: ['42883'],
    meaning: 'No function or operator of this name takes these types.',
    remedy:
      'Correct the call or cast its values. If an extension provides the function, install the extension, and write its schema before the name.',
  },
  {
    name: 'A type is missing',
    codes: ['42704'],
    meaning: 'The statement names a type or another object that the database does not have.',
    remedy: 'Run the schema migrations first, or write the schema before the name.',
  },
  {
    name: 'A type does not match',
    codes: ['42804', '42846', '42P08', '42P18'],
    meaning: 'The value of a column or a parameter has another type than the statement needs.',
    remedy: 'Cast the value in the SQL of the class, e.g. `${row.total}::bigint`.',
  },
  {
    name: 'The SQL has a syntax error',
    codes: ['42601'],
    meaning: 'PostgreSQL cannot parse the SQL that the class or `where` returns.',
    remedy: 'Correct the SQL in `where` or in the class. `--plan --verbose` prints the whole statement.',
  },
  {
    name: 'An object was replaced',
    codes: ['XX000'],
    message: /cache lookup failed for|could not open relation with OID|tuple concurrently/,
    meaning: 'A type or a table was dropped and made again while a statement used it.',
    remedy: 'The batch is retried by itself. If it keeps failing, start the run again.',
  },
  {
    name: 'Data on the server is damaged',
    codes: ['XX001', 'XX002'],
    meaning: 'The server has found a damaged page, row or index. A backfill stops and skips nothing.',
    remedy:
      'Stop, and look at the log of the server and at its disks before anything else. A damaged index can be built again (REINDEX), a damaged table only restored; the extension amcheck (pg_amcheck) finds what is damaged.',
  },
  {
    name: 'The server offers no SSL',
    message: /server does not support SSL/,
    meaning: 'The data source requires SSL, and the server has it switched off.',
    remedy:
      'Switch SSL on at the server, or set `ssl: false` in the TypeORM data source (and remove `sslmode` from its URL).',
  },
  {
    name: 'The certificate is not trusted',
    codes: [
      'SELF_SIGNED_CERT_IN_CHAIN',
      'DEPTH_ZERO_SELF_SIGNED_CERT',
      'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
      'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
      'CERT_HAS_EXPIRED',
      'ERR_TLS_CERT_ALTNAME_INVALID',
    ],
    meaning: 'The certificate of the server is unknown, expired or of another host.',
    remedy:
      "Give the data source the server's certificate authority: `ssl: { ca: readFileSync('ca.pem', 'utf8') }`.",
  },
  {
    name: 'The URL is not valid',
    codes: ['ERR_INVALID_URL'],
    meaning: 'The `url` of the data source cannot be parsed.',
    remedy:
      'Write postgres://user:password@host:5432/database, and encode special characters of the password with encodeURIComponent().',
  },
  {
    name: 'The password is wrong',
    codes: ['28P01'],
    meaning: 'The server refuses the password of the role. In a running backfill, it may have been rotated.',
    remedy: 'Check user and password of the TypeORM data source.',
  },
  {
    name: 'The role may not connect',
    codes: ['28000'],
    meaning: 'The role does not exist, may not log in, or pg_hba.conf refuses its connection.',
    remedy:
      'Check the user of the TypeORM data source, whether it may log in, and pg_hba.conf of the server.',
  },
  {
    name: 'The database does not exist',
    codes: ['3D000'],
    meaning: 'The server has no database of this name.',
    remedy: 'Check the database name of the TypeORM data source, or create the database.',
  },
];

/** The condition of an error, also of one that is the cause of another; undefined if it is none of the table. */
export function conditionOf(error: unknown): Condition | undefined {
  const facts = chainOf(error).map(factsOf);
  return CONDITIONS.find((condition) => facts.some((each) => applies(condition, each)));
}

/** @param fallback the remedy of an error that has none of the conditions */
export function remedyFor(error: unknown, fallback: string): string {
  return conditionOf(error)?.remedy ?? fallback;
}

/**
 * The message, and the place in the database where the error was raised, e.g. `PL/pgSQL function no_change() line 1 at
 * RAISE` in a trigger.
 */
export function messageWithContext(error: unknown): string {
  const context = sqlState(error) === undefined ? undefined : contextOf(error);
  const text = context?.includes('()') ? `${rawMessageOf(error)} (in ${context})` : rawMessageOf(error);
  return redactUnlessOwn(text, error);
}

function applies({ codes, message }: Condition, facts: ConditionFacts): boolean {
  return (codes?.includes(facts.code) ?? true) && (message?.test(facts.message) ?? true);
}

function factsOf(error: unknown): ConditionFacts {
  const { code } = error as { code?: unknown };
  return { code: sqlState(error) ?? (typeof code === 'string' ? code : ''), message: rawMessageOf(error) };
}

function chainOf(error: unknown): unknown[] {
  const chain: unknown[] = [];
  let each = error;
  while (typeof each === 'object' && each !== null && !chain.includes(each)) {
    chain.push(each);
    each = (each as { cause?: unknown }).cause;
  }
  return chain;
}
