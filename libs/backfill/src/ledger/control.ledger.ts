import { nullable, text } from '../postgres/decoders.js';
import { isoTime } from '../postgres/text-format.js';
import type { Parameters } from '../postgres/parameters.js';
import type { Statement } from '../postgres/pipeline.js';
import type { Session } from '../postgres/session.js';
import type { LeaseLedger } from './lease/lease.ledger.js';
import type { SubjectContext } from './ledger.context.js';
import type { LeaseScope, LeaseSnapshot, TenantScope } from './range.js';
import type { BackfillStatus } from './status.js';

/** A setting that a person has made. @publicApi */
export interface SettingInForce {
  readonly setting: string;
  /** As text: `500`; milliseconds for a time; `auto`. */
  readonly value: string;
  /** `user@host` */
  readonly by: string;
  readonly why: string | null;
  /** ISO 8601, by the database's clock. */
  readonly at: string;
}

/** A change of a setting by a person. */
export interface NewSetting {
  readonly setting: string;
  /** Null returns to the declared value. */
  readonly value: string | null;
  readonly by: string;
  readonly why: string | null;
}

/** The status and the settings of a backfill, and its leases, at one moment. */
export interface ControlState {
  readonly status: BackfillStatus;
  readonly reason: string;
  /** The values that people have set, by the name of the setting. */
  readonly settings: Readonly<Record<string, string>>;
  readonly leases: LeaseSnapshot;
}

/** The step of the ledger's schema that created the table. */
export const CONTROL_STEP = 3;

/** The settings of one backfill that people have made while it runs. */
export class ControlLedger {
  readonly #context: SubjectContext;
  readonly #leases: LeaseLedger;

  constructor(context: SubjectContext, leases: LeaseLedger) {
    this.#context = context;
    this.#leases = leases;
  }

  /** A query of one value for `toControlState`; NULL if the ledger has no record of the backfill. */
  state(parameters: Parameters, tenants: TenantScope, leaseScope: LeaseScope): string {
    const { name, version } = this.#context.parameters(parameters);
    return `SELECT json_build_object('status', b.status, 'reason', b.reason, 'settings', (
        SELECT coalesce(json_object_agg(s.setting, s.value), '{}') FROM (${this.#newest(name, version)}) AS s WHERE s.value IS NOT NULL),
        'leases', (${this.#leases.snapshot(parameters, tenants, leaseScope)}))
      FROM ${this.#context.schema}.backfill AS b WHERE b.name = ${name} AND b.version = ${version}`;
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
          FROM (${this.#newest('$1', '$2::int')}) AS s
          WHERE s.value IS NOT NULL ORDER BY s.setting`,
        values: this.#context.values,
      },
    ]);
    return last.all({ setting: text, value: text, by: text, why: nullable(text), at: text });
  }

  /** The newest row of each setting. */
  #newest(name: string, version: string): string {
    return `SELECT DISTINCT ON (c.setting) c.* FROM ${this.#context.schema}.control AS c
      WHERE c.name = ${name} AND c.version = ${version} ORDER BY c.setting, c.id DESC`;
  }
}

export function toControlState(json: string): ControlState {
  return JSON.parse(json) as ControlState;
}
