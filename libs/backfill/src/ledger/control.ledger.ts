import { nullable, text } from '../postgres/decoders.js';
import { isoTime } from '../postgres/text-format.js';
import type { Parameters } from '../postgres/parameters.js';
import type { Statement } from '../postgres/pipeline.js';
import type { Session } from '../postgres/session.js';
import type { LeaseLedger } from './lease/lease.ledger.js';
import { EVERY_TARGET, type SubjectContext, type SubjectPlaceholders } from './ledger.context.js';
import type { LeaseScope, LeaseSnapshot, TenantScope } from './range.js';
import type { BackfillStatus } from './status.js';
import { HOLD_SETTING } from './target/hold.js';

/** A setting that a person has changed and that overrides the declaration. @publicApi */
export interface SettingInForce {
  /** The name of the setting, e.g. `batchSize`. */
  readonly setting: string;
  /** The value as text, e.g. `500` or `auto`. A time is in milliseconds. */
  readonly value: string;
  /** The person who changed the setting, as `user@host`. */
  readonly by: string;
  /** The reason that the person gave; null if none. */
  readonly why: string | null;
  /** Time of the change, ISO 8601, by the database's clock. */
  readonly at: string;
}

/** A change of a setting by a person. */
export interface NewSetting {
  readonly setting: string;
  /** The value as text; null: the declared value applies again. */
  readonly value: string | null;
  readonly by: string;
  readonly why: string | null;
}

/** The status, the settings and the leases of a backfill, read at the same time. */
export interface ControlState {
  readonly status: BackfillStatus;
  readonly reason: string;
  /** The values that override the declaration, by the name of the setting. */
  readonly settings: Readonly<Record<string, string>>;
  readonly leases: LeaseSnapshot;
}

/** The number of the schema step that creates the table of settings. */
export const CONTROL_SCHEMA_STEP = 3;

/** The settings of one backfill that a person has changed. They apply to current and later runs. */
export class ControlLedger {
  readonly #context: SubjectContext;
  readonly #leases: LeaseLedger;

  constructor(context: SubjectContext, leases: LeaseLedger) {
    this.#context = context;
    this.#leases = leases;
  }

  /** An SQL query that returns one JSON value for `toControlState`; NULL if the backfill has no record. */
  state(parameters: Parameters, tenants: TenantScope, leaseScope: LeaseScope): string {
    const subject = this.#context.parameters(parameters);
    return `SELECT pg_catalog.json_build_object('status', b.status, 'reason', b.reason, 'settings', (
        SELECT coalesce(pg_catalog.json_object_agg(s.setting, s.value), '{}') FROM (${this.#newest(subject)}) AS s WHERE s.value IS NOT NULL),
        'leases', (${this.#leases.snapshot(parameters, tenants, leaseScope)}))
      FROM ${this.#context.schema}.backfill AS b WHERE ${this.#context.isSubjectAt(subject, 'b')}`;
  }

  /** @param target the name of one target, or `EVERY_TARGET` */
  set(target: string, { setting, value, by, why }: NewSetting): Statement {
    const { name, version } = this.#context.subject;
    return {
      text: `INSERT INTO ${this.#context.schema}.control (name, version, target, setting, value, set_by, why)
        VALUES ($1, $2::int, $3, $4, $5, $6, $7)`,
      values: [name, String(version), target, setting, value, by, why],
    };
  }

  /** The settings for every target, by name. Those of single targets may override them. */
  async forEveryTarget(session: Session): Promise<ReadonlyMap<string, string>> {
    const { name, version } = this.#context.subject;
    const { last } = await session.send([
      {
        text: `SELECT newest.setting, newest.value FROM (
            SELECT DISTINCT ON (setting) setting, value FROM ${this.#context.schema}.control
            WHERE name = $1 AND version = $2::int AND target = '${EVERY_TARGET}' ORDER BY setting, id DESC) AS newest
          WHERE newest.value IS NOT NULL`,
        values: [name, String(version)],
      },
    ]);
    return new Map(last.all({ setting: text, value: text }).map(({ setting, value }) => [setting, value]));
  }

  async inForce(session: Session): Promise<SettingInForce[]> {
    const { last } = await session.send([
      {
        text: `SELECT s.setting, s.value, s.set_by, s.why, ${isoTime('s.set_at')}
          FROM (${this.#newest({ name: '$1', version: '$2::int', target: '$3::text' })}) AS s
          WHERE s.value IS NOT NULL ORDER BY s.setting`,
        values: this.#context.values,
      },
    ]);
    return last.all({ setting: text, value: text, by: text, why: nullable(text), at: text });
  }

  /** An SQL query of the newest row of each setting. */
  #newest(subject: SubjectPlaceholders): string {
    return `SELECT DISTINCT ON (c.setting) c.* FROM ${this.#context.schema}.control AS c
      WHERE ${this.#context.isControlled(subject, 'c')} AND c.setting <> '${HOLD_SETTING}' ORDER BY c.setting, c.id DESC`;
  }
}

export function toControlState(json: string): ControlState {
  return JSON.parse(json) as ControlState;
}
