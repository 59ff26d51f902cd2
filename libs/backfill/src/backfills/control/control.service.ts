import { ControlLedger } from '../../ledger/control.ledger.js';
import { installLedger } from '../../ledger/ledger.installer.js';
import type { Ledger, LedgerRecord } from '../../ledger/ledger.js';
import { isHeld, type BackfillStatus } from '../../ledger/status.js';
import { Session } from '../../postgres/session.js';
import type { BackfillDefinition } from '../definition/definition.js';
import type { ControlledBackfill, ControlOptions } from '../report/control-report.js';
import { actor } from './actor.js';
import type { SettingChange } from './setting.parser.js';

/** What the ledger says of an order: where the backfill goes, and why. */
interface Order {
  readonly to: BackfillStatus;
  readonly reason: string;
}

type Verb = 'pause' | 'resume' | 'cancel';

/**
 * Takes the orders of people and writes them into the ledger, where running workers, in whatever process, read them within
 * a second.
 */
export class ControlService {
  readonly #ledger: Ledger;
  readonly #schema: string;
  readonly #by: string;
  readonly #why: string | null;

  constructor(ledger: Ledger, schema: string, { by = actor(), why }: ControlOptions) {
    this.#ledger = ledger;
    this.#schema = schema;
    this.#by = by;
    this.#why = why?.trim() || null;
  }

  /** @throws IllegalTransitionError where the state machine has no such edge */
  async move(definition: BackfillDefinition, verb: Verb): Promise<ControlledBackfill> {
    return this.#with(definition, async (session, record) => {
      const order = this.#order(
        verb,
        record,
        verb === 'resume' && (await this.#isLeased(session, definition)),
      );
      if (order === null) return false;
      return this.#ledger.transition(session, definition, order.to, order.reason, null, this.#by);
    });
  }

  async set(definition: BackfillDefinition, changes: readonly SettingChange[]): Promise<ControlledBackfill> {
    return this.#with(definition, async (session) => {
      const ledger = new ControlLedger(this.#ledger, definition);
      const before = await ledger.inForce(session);
      const news = changes.filter(
        ({ setting, value }) =>
          (before.find((each) => each.setting === setting)?.value ?? null) !== textOf(value),
      );
      if (news.length === 0) return false;
      await session.transaction(
        news.map(({ setting, value }) => ledger.set(setting, textOf(value), this.#by, this.#why)),
      );
      return true;
    });
  }

  /** @returns null when there is nothing to resume */
  #order(verb: Verb, { status }: LedgerRecord, atWork: boolean): Order | null {
    switch (verb) {
      case 'pause':
        return { to: 'paused', reason: this.#sentence('Paused') };
      case 'cancel':
        return { to: 'cancelled', reason: this.#sentence('Cancelled') };
      case 'resume':
        if (!isHeld(status)) return null;
        return {
          to: status === 'cancelled' ? 'pending' : atWork ? 'running' : 'incomplete',
          reason: this.#sentence('Resumed'),
        };
    }
  }

  #sentence(did: string): string {
    const why = this.#why === null ? '' : `: ${this.#why}`;
    return `${did} by ${this.#by}${why}${/[.!?]$/.test(why) ? '' : '.'}`;
  }

  /** A run that has not noticed the pause yet still holds its ranges. */
  async #isLeased(session: Session, { name, version }: BackfillDefinition): Promise<boolean> {
    const { rows } = await session.send([
      {
        text: `SELECT EXISTS (SELECT FROM ${this.#ledger.schema}.range WHERE name = $1 AND version = $2::int
          AND state <> 'done' AND lease_expires_at > clock_timestamp())`,
        values: [name, String(version)],
      },
    ]);
    return rows[0]?.[0]?.[0] === 't';
  }

  async #with(
    definition: BackfillDefinition,
    work: (session: Session, record: LedgerRecord) => Promise<boolean>,
  ): Promise<ControlledBackfill> {
    const { name, version, kind } = definition;
    const session = await Session.open(definition.dataSource);
    try {
      await installLedger(session, this.#schema);
      const changed = await work(session, await this.#ledger.open(session, definition, kind));
      const { status, reason } = await this.#ledger.open(session, definition, kind);
      const settings = await new ControlLedger(this.#ledger, definition).inForce(session);
      return { name, version, changed, status, reason, settings };
    } finally {
      await session.close();
    }
  }
}

function textOf(value: SettingChange['value']): string | null {
  return value === null ? null : String(value);
}
