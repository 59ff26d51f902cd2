import { json, nullable, number, oneOf, text } from '../../postgres/decoders.js';
import { Parameters } from '../../postgres/parameters.js';
import type { Session } from '../../postgres/session.js';
import { isoTime } from '../../postgres/text-format.js';
import { EVERY_TARGET, type SubjectContext } from '../ledger.context.js';
import { requiredKey, type Key } from '../range.js';

/** A part of a list. */
export interface ListWindow {
  readonly limit: number;
  readonly offset: number;
}

/** A window of tenants. */
export interface TenantWindow extends ListWindow {
  /** Null: all tenants. */
  readonly search: string | null;
  readonly column: 'tenant' | 'updated' | 'skipped' | 'quarantined' | 'last_touched_at';
  readonly direction: 'ASC' | 'DESC';
}

const MAX_KEYS = 20;
const MAX_GROUPS = 100;
const MAX_RANGES = 100;
/** Numbers and quoted values differ from row to row. */
const WITHOUT_VALUES = `pg_catalog.regexp_replace(pg_catalog.regexp_replace(q.error, '"[^"]*"|''[^'']*''|=\\([^)]*\\)', '…', 'g'), '\\d+', '#', 'g')`;

/** Lists of one backfill's records, for people. */
export class RecordListLedger {
  readonly #context: SubjectContext;

  constructor(context: SubjectContext) {
    this.#context = context;
  }

  /** Changes of the status and of settings, and events: the newest first. */
  async history(session: Session, { limit, offset }: ListWindow) {
    const { schema, values } = this.#context;
    const from = `FROM ${schema}.v_history WHERE name = $1 AND version = $2::int AND (target IN ($3::text, '${EVERY_TARGET}'))`;
    const result = await session.send([
      { text: `SELECT pg_catalog.count(*)::text ${from}`, values },
      {
        text: `SELECT ${isoTime('at')}, what, before, after, reason, actor ${from}
          ORDER BY at DESC, what LIMIT $4::int OFFSET $5::int`,
        values: [...values, String(limit), String(offset)],
      },
    ]);
    const items = result.last.all({
      at: text,
      what: text,
      before: nullable(text),
      after: nullable(text),
      reason: nullable(text),
      actor: text,
    });
    return { total: result.at(0).value(number), items };
  }

  async tenants(session: Session, { search, column, direction, limit, offset }: TenantWindow) {
    const { schema, values } = this.#context;
    const parameters = new Parameters(values);
    const pattern = parameters.add(search === null ? null : `%${escapeLike(search)}%`, 'text');
    const from = `FROM ${schema}.v_tenants WHERE ${this.#context.is()} AND (${pattern} IS NULL OR tenant ILIKE ${pattern})`;
    const counted = [...parameters.values];
    const window = `LIMIT ${parameters.add(limit, 'int')} OFFSET ${parameters.add(offset, 'int')}`;
    const result = await session.send([
      { text: `SELECT pg_catalog.count(*)::text ${from}`, values: counted },
      {
        text: `SELECT tenant, updated::text, skipped::text, quarantined::text, ${isoTime('last_touched_at')} ${from}
          ORDER BY ${column} ${direction} NULLS LAST, tenant ${window}`,
        values: parameters.values,
      },
    ]);
    const items = result.last.all({
      tenant: nullable(text),
      updated: number,
      skipped: number,
      quarantined: number,
      lastTouchedAt: text,
    });
    return { total: result.at(0).value(number), items };
  }

  /** The rows in quarantine by error, the most frequent error first. */
  async quarantineGroups(session: Session) {
    const { schema, values } = this.#context;
    const { last } = await session.send([
      {
        text: `SELECT kind, pg_catalog.min(error), error_code, pg_catalog.count(*)::text,
            pg_catalog.to_json((pg_catalog.array_agg(key ORDER BY first_tried_at, key))[1:${MAX_KEYS}])::text, ${isoTime('pg_catalog.max(last_tried_at)')}
          FROM (SELECT ${WITHOUT_VALUES} AS kind, q.* FROM ${schema}.quarantined_row AS q WHERE ${this.#context.is('q')}) AS q
          GROUP BY kind, error_code ORDER BY pg_catalog.count(*) DESC, kind LIMIT ${MAX_GROUPS}`,
        values,
      },
    ]);
    return last.all({
      error: text,
      example: text,
      code: nullable(text),
      rows: number,
      keys: json<readonly (readonly string[])[]>(),
      lastTriedAt: text,
    });
  }

  /**
   * The rows in quarantine: those that have been there for the longest time come first.
   *
   * @param filter `error`: only rows with this error, as `quarantineGroups` has it; null: all
   */
  async quarantinedRows(
    session: Session,
    filter: { readonly error: string | null; readonly keys: readonly Key[] | null },
    { limit, offset }: ListWindow,
  ) {
    const { schema, values } = this.#context;
    const parameters = new Parameters(values);
    const error = parameters.add(filter.error, 'text');
    const keys = parameters.addArray(filter.keys && filter.keys.map((key) => JSON.stringify(key)), 'jsonb');
    const from = `FROM ${schema}.quarantined_row AS q WHERE ${this.#context.is('q')}
      AND (${error} IS NULL OR ${WITHOUT_VALUES} = ${error}) AND (${keys} IS NULL OR q.key = ANY(${keys}))`;
    const counted = [...parameters.values];
    const window = `LIMIT ${parameters.add(limit, 'int')} OFFSET ${parameters.add(offset, 'int')}`;
    const result = await session.send([
      { text: `SELECT pg_catalog.count(*)::text ${from}`, values: counted },
      {
        text: `SELECT key::text, tenant, error, error_code, attempts::text, ${isoTime('first_tried_at')}, ${isoTime('last_tried_at')} ${from}
          ORDER BY first_tried_at, key ${window}`,
        values: parameters.values,
      },
    ]);
    const items = result.last.all({
      key: requiredKey,
      tenant: nullable(text),
      error: text,
      code: nullable(text),
      attempts: number,
      firstTriedAt: text,
      lastTriedAt: text,
    });
    return { total: result.at(0).value(number), items };
  }

  /** The ranges that are not done: those with a lease come first. */
  async openRanges(session: Session) {
    const { schema, values } = this.#context;
    const from = `FROM ${schema}.range WHERE ${this.#context.is()} AND state <> 'done'`;
    const isLeased = 'lease_expires_at > pg_catalog.clock_timestamp()';
    const result = await session.send([
      { text: `SELECT pg_catalog.count(*)::text ${from}`, values },
      {
        text: `SELECT id::text, purpose, state, pg_catalog.to_json(tenants)::text, lower_key::text, upper_key::text, cursor_key::text,
            CASE WHEN ${isLeased} THEN lease_owner END, CASE WHEN ${isLeased} THEN ${isoTime('lease_expires_at')} END,
            updated::text, batches::text
          ${from} ORDER BY ${isLeased} DESC NULLS LAST, id LIMIT ${MAX_RANGES}`,
        values,
      },
    ]);
    const items = result.last.all({
      id: text,
      purpose: oneOf<'sweep' | 'retry'>(),
      state: oneOf<'sweeping' | 'settling' | 'done'>(),
      tenants: nullable(json<readonly string[]>()),
      lower: nullable(text),
      upper: nullable(text),
      cursor: nullable(text),
      leasedBy: nullable(text),
      leaseExpiresAt: nullable(text),
      updated: number,
      batches: number,
    });
    return { total: result.at(0).value(number), items };
  }
}

/** The text of a pattern that matches just this text. */
function escapeLike(search: string): string {
  return search.replace(/[\\%_]/g, (character) => `\\${character}`);
}
