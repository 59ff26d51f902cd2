import type { BackfillLedger } from '../../ledger/backfill.ledger.js';
import type { Ledger } from '../../ledger/ledger.js';
import { installLedger } from '../../ledger/ledger.installer.js';
import type { LedgerRecord } from '../../ledger/status.ledger.js';
import { isHeld, type BackfillStatus } from '../../ledger/status.js';
import { Session } from '../../postgres/session.js';
import type { BackfillDefinition } from '../definition/definition.js';
import type { ControlledBackfill, ControlOptions } from '../../report/control-report.js';
import { actor } from './actor.js';
import type { SettingChange } from './setting.parser.js';

type Verb = 'pause' | 'resume' | 'cancel';

/**
 * Records a person's decision about a backfill in the ledger. Running workers in any process read it within a
 * second.
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

  /** @throws IllegalTransitionError if the status of the backfill does not allow it */
  async changeStatus(definition: BackfillDefinition, verb: Verb): Promise<ControlledBackfill> {
    return this.#change(definition, async (session, ledger, record) => {
      const to = await this.#target(verb, session, ledger, record);
      if (to === null) return false;
      return ledger.status.transition(session, { to, reason: this.#reason(verb), person: this.#by });
    });
  }

  async set(definition: BackfillDefinition, changes: readonly SettingChange[]): Promise<ControlledBackfill> {
    return this.#change(definition, async (session, { control }) => {
      const before = new Map((await control.inForce(session)).map(({ setting, value }) => [setting, value]));
      const changed = changes
        .map(({ setting, value }) => ({ setting, value: value === null ? null : String(value) }))
        .filter(({ setting, value }) => (before.get(setting) ?? null) !== value);
      if (changed.length === 0) return false;
      await session.transaction(
        changed.map((change) => control.set({ ...change, by: this.#by, why: this.#why })),
      );
      return true;
    });
  }

  /** The status after the action; null if there is nothing to resume. */
  async #target(
    verb: Verb,
    session: Session,
    ledger: BackfillLedger,
    { status }: LedgerRecord,
  ): Promise<BackfillStatus | null> {
    if (verb === 'pause') return 'paused';
    if (verb === 'cancel') return 'cancelled';
    if (!isHeld(status)) return null;
    if (status === 'cancelled') return 'pending';
    // A run that has not noticed the pause yet still holds its ranges.
    return (await ledger.leases.isHeld(session)) ? 'running' : 'incomplete';
  }

  #reason(verb: Verb): string {
    const why = this.#why === null ? '' : `: ${this.#why}`;
    return `${PAST_TENSE[verb]} by ${this.#by}${why}${/[.!?]$/.test(why) ? '' : '.'}`;
  }

  async #change(
    definition: BackfillDefinition,
    change: (session: Session, ledger: BackfillLedger, record: LedgerRecord) => Promise<boolean>,
  ): Promise<ControlledBackfill> {
    const { kind } = definition;
    const ledger = this.#ledger.of(definition);
    const session = await Session.open(definition.dataSource);
    try {
      await installLedger(session, this.#schema);
      const changed = await change(session, ledger, await ledger.status.open(session, kind));
      const { status, reason } = await ledger.status.open(session, kind);
      const settings = await ledger.control.inForce(session);
      return { ...ledger.subject, changed, status, reason, settings };
    } finally {
      await session.close();
    }
  }
}

const PAST_TENSE = { pause: 'Paused', resume: 'Resumed', cancel: 'Cancelled' } as const satisfies Record<
  Verb,
  string
>;
