import type { Statement } from '../postgres/pipeline.js';
import type { Parameters } from '../postgres/parameters.js';
import type { Session } from '../postgres/session.js';
import { isoTime } from '../postgres/iso-time.js';
import { nullable, text } from '../postgres/decoders.js';
import type { SubjectContext } from './ledger.context.js';
import type { LeaseLedger } from './lease/lease.ledger.js';
import type { LeaseScope, LeaseSnapshot, TenantScope } from './range.js';
import type { BackfillStatus } from './status.js';

/** A setting that a person has made. */
export interface SettingInForce {
  readonly setting: string;
  /** As it is written: `500`, milliseconds for a time, `auto`. */
  readonly value: string;
  /** `user@host` */
  readonly by: string;
  readonly why: string | null;
  /** ISO 8601, the database's clock. */
  readonly at: string;
}

/** A change of a setting, and who makes it. */
export interface NewSetting {
  readonly setting: string;
  /** Null takes the setting back. */
  readonly value: string | null;
  readonly by: string;
  readonly why: string | null;
}

/** What people want of a backfill at this moment, and who is at it. */
export interface Orders {
  readonly status: BackfillStatus;
  readonly reason: string;
  readonly settings: Readonly<Record<string, string>>;
  readonly roster: LeaseSnapshot;
}

/** The step of the ledger's schema that brought the table. */
export const CONTROL_STEP = 3;

/** What people have set while a backfill runs. */
export class ControlLedger {
  readonly #context: SubjectContext;
  readonly #leases: LeaseLedger;

  constructor(context: SubjectContext, leases: LeaseLedger) {
    this.#context = context;
    this.#leases = leases;
  }

  /** A query of one value for `toOrders`; NULL where the ledger does not know the backfill. */
  orders(parameters: Parameters, tenants: TenantScope, among: LeaseScope): string {
    const whose = this.#whose(parameters);
    return `SELECT json_build_object('status', b.status, 'reason', b.reason, 'settings', (
        SELECT coalesce(json_object_agg(s.setting, s.value), '{}') FROM (${this.#newest(whose)}) AS s WHERE s.value IS NOT NULL),
        'roster', (${this.#leases.snapshot(parameters, tenants, among)}))
      FROM ${this.#context.schema}.backfill AS b WHERE ${whose('b')}`;
  }

  set({ setting, value, by, why }: NewSetting): Statement {
    return {
      text: `INSERT INTO ${this.#context.schema}.control (name, version, setting, value, set_by, why)
        VALUES ($1, $2::int, $3, $4, $5, $6)`,
      values: [...this.#context.values, setting, value, by, why],
    };
  }

  async inForce(session: Session): Promise<SettingInForce[]> {
    const { last } = await session.send([
      {
        text: `SELECT s.setting, s.value, s.set_by, s.why, ${isoTime('s.set_at')}
          FROM (${this.#newest((alias) => `${alias}.name = $1 AND ${alias}.version = $2::int`)}) AS s
          WHERE s.value IS NOT NULL ORDER BY s.setting`,
        values: this.#context.values,
      },
    ]);
    return last.all({ setting: text, value: text, by: text, why: nullable(text), at: text });
  }

  #newest(whose: (alias: string) => string): string {
    return `SELECT DISTINCT ON (c.setting) c.* FROM ${this.#context.schema}.control AS c
      WHERE ${whose('c')} ORDER BY c.setting, c.id DESC`;
  }

  #whose(parameters: Parameters): (alias: string) => string {
    const { name, version } = this.#context.parameters(parameters);
    return (alias) => `${alias}.name = ${name} AND ${alias}.version = ${version}`;
  }
}

export function toOrders(value: string): Orders {
  return JSON.parse(value) as Orders;
}
