import type { BackfillLedger } from '../../ledger/backfill.ledger.js';
import { EVERY_TARGET } from '../../ledger/ledger.context.js';
import type { Ledger } from '../../ledger/ledger.js';
import { installLedger } from '../../ledger/ledger.installer.js';
import type { LedgerRecord } from '../../ledger/target/record.opener.js';
import { isHeld, type BackfillStatus } from '../../ledger/status.js';
import { Session } from '../../postgres/session.js';
import type { BackfillDefinition } from '../definition/definition.js';
import type { ControlledBackfill, ControlOptions } from '../../report/control-report.js';
import { actor } from './actor.js';
import { chooseTargets } from './target.chooser.js';
import type { SettingChange } from './setting.parser.js';

type Verb = 'pause' | 'resume' | 'cancel';

/** A backfill whose record a person changes, and the targets that the change is for. */
interface Controlled {
  readonly session: Session;
  readonly ledger: BackfillLedger;
  readonly record: LedgerRecord;
  readonly targets: readonly string[] | 'every';
  /** The number of targets in the ledger. */
  readonly count: number;
}

/**
 * Records a person's decision about a backfill in the ledger. Running workers in any process read it within a
 * second.
 */
export class ControlService {
  readonly #ledger: Ledger;
  readonly #schema: string;
  readonly #by: string;
  readonly #why: string | null;
  readonly #wanted: readonly string[];

  constructor(ledger: Ledger, schema: string, { by = actor(), why, targets = [] }: ControlOptions) {
    this.#ledger = ledger;
    this.#schema = schema;
    this.#by = by;
    this.#why = why?.trim() || null;
    this.#wanted = targets;
  }

  /**
   * @throws IllegalTransitionError if the status of no target allows it
   * @throws UnknownTargetError
   */
  async changeStatus(definition: BackfillDefinition, verb: Verb): Promise<ControlledBackfill> {
    return this.#change(definition, async ({ session, ledger, record, targets }) => {
      const reason = this.#reason(verb);
      const change = { verb, reason, person: this.#by, targets };
      if ((await this.#ledger.targets.changeStatus(session, definition, change)) > 0) return true;
      const to = await this.#target(verb, session, ledger, record);
      if (to === null) return false;
      // Throws the reason for which no status was changed.
      return ledger.status.transition(session, { to, reason, person: this.#by });
    });
  }

  /** @throws UnknownTargetError */
  async set(definition: BackfillDefinition, changes: readonly SettingChange[]): Promise<ControlledBackfill> {
    return this.#change(definition, async ({ session, ledger: { control }, targets, count }) => {
      const before = new Map((await control.inForce(session)).map(({ setting, value }) => [setting, value]));
      const forEvery = targets === 'every' ? await control.forEveryTarget(session) : null;
      const isSet = (setting: string, value: string | null) =>
        (before.get(setting) ?? null) === value &&
        (forEvery?.get(setting) || null) === (forEvery ? value : null);
      const changed = changes
        .map(({ setting, value }) => ({ setting, value: value === null ? null : String(value) }))
        // Other targets may have other settings.
        .filter(({ setting, value }) => count > 1 || !isSet(setting, value));
      if (changed.length === 0) return false;
      const setFor = targets === 'every' ? [EVERY_TARGET] : targets;
      await session.transaction(
        changed.flatMap((change) =>
          setFor.map((target) => control.set(target, { ...change, by: this.#by, why: this.#why })),
        ),
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
    change: (controlled: Controlled) => Promise<boolean>,
  ): Promise<ControlledBackfill> {
    const { kind } = definition;
    const ledger = this.#ledger.of(definition);
    const session = await Session.open(definition.dataSource);
    try {
      await installLedger(session, this.#schema);
      const { targets, count } = await this.#select(session, ledger, definition);
      const record = await ledger.status.open(session, kind);
      const changed = await change({ session, ledger, record, targets, count });
      const { status, reason } = await ledger.status.open(session, kind);
      const settings = await ledger.control.inForce(session);
      return { ...ledger.reported, targets: count, changed, status, reason, settings };
    } finally {
      await session.close();
    }
  }

  /** Lets the ledger of the backfill use the application's own table, or the first of the wanted targets. */
  async #select(
    session: Session,
    ledger: BackfillLedger,
    definition: BackfillDefinition,
  ): Promise<Pick<Controlled, 'targets' | 'count'>> {
    await ledger.locate(session);
    if (this.#wanted.length === 0) {
      await ledger.status.open(session, definition.kind);
      const known = await this.#ledger.targets.list(session, definition);
      return { targets: 'every', count: known.length };
    }
    const known = await this.#ledger.targets.list(session, definition);
    const chosen = chooseTargets(definition.name, known, this.#wanted);
    const own = chosen.find(({ name }) => name === ledger.target.name);
    const { name } = own ?? chosen[0] ?? ledger.target;
    // A record that is only controlled is not compared with its table.
    ledger.locateAs({ name, tableId: null });
    return { targets: chosen.map(({ name }) => name), count: chosen.length };
  }
}

const PAST_TENSE = { pause: 'Paused', resume: 'Resumed', cancel: 'Cancelled' } as const satisfies Record<
  Verb,
  string
>;
