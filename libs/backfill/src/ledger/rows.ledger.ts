import type { Session } from '../postgres/session.js';
import type { Statement, TextRow } from '../postgres/pipeline.js';
import { Parameters } from '../postgres/parameters.js';
import { isoTime, type Ledger, type Subject } from './ledger.js';
import { keyFromJson, keyToJson, type Key, type LeasedRange, type TenantScope } from './range.js';

export interface QuarantineEntry {
  readonly key: Key;
  readonly tenant: string | null;
  readonly error: string;
  readonly code: string | null;
}

/** What a report counts. */
export interface RowCounts {
  readonly skipped: number;
  readonly quarantined: number;
}

/** The single rows that the ledger remembers: those skipped, and those in quarantine. */
export class RowsLedger {
  readonly #ledger: Ledger;
  readonly #subject: Subject;

  constructor(ledger: Ledger, subject: Subject) {
    this.#ledger = ledger;
    this.#subject = subject;
  }

  /** Skipped rows of the range after `after`, in the order of their keys' JSON. */
  async skipped(session: Session, range: LeasedRange, after: Key | null, limit: number): Promise<Key[]> {
    const { rows } = await session.send([
      {
        text: `SELECT key::text FROM ${this.#ledger.schema}.skipped_row
               WHERE range_id = $1::bigint AND ($2::jsonb IS NULL OR key > $2::jsonb) ORDER BY key LIMIT $3::int`,
        values: [range.id, keyToJson(after), String(limit)],
      },
    ]);
    return (rows[0] ?? []).map((row) => keyFromJson(row[0]) ?? []);
  }

  /** Puts a row in quarantine and takes it off the list of skipped ones; moves the cursor past it, if asked. */
  quarantine(range: LeasedRange, entry: QuarantineEntry, moveCursor: boolean): Statement[] {
    const schema = this.#ledger.schema;
    const parameters = new Parameters();
    const name = parameters.add(this.#subject.name, 'text');
    const version = parameters.add(this.#subject.version, 'int');
    const key = parameters.add(keyToJson(entry.key), 'jsonb');
    return [
      {
        text: `WITH released AS (
            DELETE FROM ${schema}.skipped_row WHERE name = ${name} AND version = ${version} AND key = ${key}
          )
          INSERT INTO ${schema}.quarantined_row AS q (name, version, key, tenant, error, error_code)
          VALUES (${name}, ${version}, ${key}, ${parameters.add(entry.tenant, 'text')},
            ${parameters.add(entry.error, 'text')}, ${parameters.add(entry.code, 'text')})
          ON CONFLICT (name, version, key) DO UPDATE SET attempts = q.attempts + 1, error = excluded.error,
            error_code = excluded.error_code, last_tried_at = clock_timestamp()`,
        values: parameters.values,
      },
      this.moveCursor(range, moveCursor ? entry.key : null),
    ];
  }

  /** Under the range's lease. @param to null: it stays, and only the lease is demanded */
  moveCursor(range: LeasedRange, to: Key | null): Statement {
    const parameters = new Parameters();
    const cursor = parameters.add(keyToJson(to), 'jsonb');
    return {
      text: `WITH moved AS (
          UPDATE ${this.#ledger.schema}.range SET cursor_key = coalesce(${cursor}, cursor_key), ${this.#ledger.renewal(parameters)}
          WHERE ${this.#ledger.fence(parameters, range)} RETURNING lease_expires_at
        ) SELECT ${this.#ledger.assertLease('moved')}`,
      values: parameters.values,
    };
  }

  async counts(session: Session, tenants: TenantScope): Promise<RowCounts> {
    const count = (table: string, scope: string) =>
      `(SELECT count(DISTINCT key) FROM ${this.#ledger.schema}.${table}
        WHERE name = $1 AND version = $2::int AND (${scope} IS NULL OR tenant = ANY(${scope})))::text`;
    const parameters = new Parameters([this.#subject.name, String(this.#subject.version)]);
    const scope = parameters.addArray(tenants);
    const { rows } = await session.send([
      {
        text: `SELECT ${count('skipped_row', scope)}, ${count('quarantined_row', scope)}`,
        values: parameters.values,
      },
    ]);
    const [skipped, quarantined] = rows[0]?.[0] ?? [];
    return { skipped: Number(skipped), quarantined: Number(quarantined) };
  }

  /** The errors of the quarantine, the most frequent first. */
  async commonErrors(
    session: Session,
    limit: number,
  ): Promise<{ readonly error: string; readonly rows: number }[]> {
    const { rows } = await session.send([
      {
        text: `SELECT error, count(*)::text FROM ${this.#ledger.schema}.quarantined_row
               WHERE name = $1 AND version = $2::int GROUP BY error ORDER BY count(*) DESC, error LIMIT $3::int`,
        values: [this.#subject.name, String(this.#subject.version), String(limit)],
      },
    ]);
    return (rows[0] ?? []).map(([error, count]) => ({ error: error ?? '', rows: Number(count) }));
  }

  /** Keys in quarantine after `after`, in the order of their JSON. */
  async quarantinedKeys(
    session: Session,
    tenants: TenantScope,
    after: Key | null,
    limit: number,
  ): Promise<Key[]> {
    const parameters = new Parameters([
      this.#subject.name,
      String(this.#subject.version),
      keyToJson(after),
      String(limit),
    ]);
    const scope = parameters.addArray(tenants);
    const { rows } = await session.send([
      {
        text: `SELECT key::text FROM ${this.#ledger.schema}.quarantined_row
               WHERE name = $1 AND version = $2::int AND ($3::jsonb IS NULL OR key > $3::jsonb)
                 AND (${scope} IS NULL OR tenant = ANY(${scope})) ORDER BY key LIMIT $4::int`,
        values: parameters.values,
      },
    ]);
    return (rows[0] ?? []).map((row) => keyFromJson(row[0]) ?? []);
  }

  /** The first rows of the quarantine. */
  async quarantined(
    session: Session,
    limit: number,
  ): Promise<{ readonly key: Key; readonly error: string; readonly attempts: number }[]> {
    const { rows } = await session.send([
      {
        text: `SELECT key::text, error, attempts::text FROM ${this.#ledger.schema}.quarantined_row
               WHERE name = $1 AND version = $2::int ORDER BY first_tried_at, key LIMIT $3::int`,
        values: [this.#subject.name, String(this.#subject.version), String(limit)],
      },
    ]);
    return (rows[0] ?? []).map(([key, error, attempts]) => ({
      key: keyFromJson(key) ?? [],
      error: error ?? '',
      attempts: Number(attempts),
    }));
  }

  /** What each tenant has had done to it. */
  async tenants(session: Session, scope: TenantScope): Promise<TextRow[]> {
    const schema = this.#ledger.schema;
    const parameters = new Parameters([this.#subject.name, String(this.#subject.version)]);
    const only = parameters.addArray(scope);
    const { rows } = await session.send([
      {
        text: `SELECT tenant, sum(updated)::text, sum(skipped)::text, sum(quarantined)::text, ${isoTime('max(touched_at)')}
          FROM (
            SELECT tenant, updated, 0 AS skipped, 0 AS quarantined, last_touched_at AS touched_at
              FROM ${schema}.tenant_progress WHERE name = $1 AND version = $2::int
            UNION ALL SELECT max(tenant), 0, 1, 0, max(skipped_at) FROM ${schema}.skipped_row WHERE name = $1 AND version = $2::int GROUP BY key
            UNION ALL SELECT tenant, 0, 0, 1, last_tried_at FROM ${schema}.quarantined_row WHERE name = $1 AND version = $2::int
          ) AS touched
          WHERE ${only} IS NULL OR tenant = ANY(${only})
          GROUP BY tenant ORDER BY sum(updated) DESC, tenant`,
        values: parameters.values,
      },
    ]);
    return [...(rows[0] ?? [])];
  }
}
