import type { BackfillLedger } from '../../ledger/backfill.ledger.js';
import { EVERY_TARGET } from '../../ledger/ledger.context.js';
import type { Ledger } from '../../ledger/ledger.js';
import { installLedger } from '../../ledger/ledger.installer.js';
import { EventLedger } from '../../ledger/records/event.ledger.js';
import { isHeld } from '../../ledger/status.js';
import { Session } from '../../postgres/session.js';
import type { BackfillDefinition } from '../definition/definition.js';
import type { ControlledBackfill, ControlOptions } from '../../report/control-report.js';
import { actor } from './actor.js';
import { chooseTargets } from './target.chooser.js';
import type { SettingChange } from './setting.parser.js';

type Verb = 'pause' | 'resume' | 'cancel';

/** The reason of an event may not be null. */
const NO_REASON = 'No reason was given.';

/** A backfill whose record a person changes, and the targets that the change is for. */
interface Controlled {
  readonly session: Session;
  readonly ledger: BackfillLedger;
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
    return this.#change(definition, async ({ session, ledger, targets }) => {
      const reason = this.#reason(verb);
      const change = { verb, reason, person: this.#by, targets };
      if (await this.#ledger.targets.statusOf(definition).change(session, change)) return true;
      if (verb === 'resume') return false;
      const to = verb === 'pause' ? 'paused' : 'cancelled';
      // Throws the reason for which no status was changed.
      return ledger.status.transition(session, { to, reason, person: this.#by });
    });
  }

  /** @throws UnknownTargetError */
  async set(definition: BackfillDefinition, changes: readonly SettingChange[]): Promise<ControlledBackfill> {
    return this.#change(definition, async ({ session, ledger: { control }, targets, count }) => {
      const inForce = new Map((await control.inForce(session)).map(({ setting, value }) => [setting, value]));
      // Later targets begin with the settings for every target.
      const before = targets === 'every' ? [inForce, await control.forEveryTarget(session)] : [inForce];
      const changed = changes
        .map(({ setting, value }) => ({ setting, value: value === null ? null : String(value) }))
        // Several targets may have different settings.
        .filter(
          ({ setting, value }) =>
            count > 1 || before.some((settings) => (settings.get(setting) ?? null) !== value),
        );
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

  /** Records that a person starts a run. A run that nobody may start is not recorded: `changed` is false. */
  async recordStart(definition: BackfillDefinition, action: 'run' | 'retry'): Promise<ControlledBackfill> {
    const { name, version } = definition;
    return this.#change(definition, async ({ session, ledger }) => {
      const { status } = await ledger.status.open(session, definition.kind);
      if (isHeld(status)) return false;
      const subject = { name, version, target: ledger.target.name };
      const event = { type: action, ...subject, reason: this.#why ?? NO_REASON, actor: this.#by };
      await session.transaction([new EventLedger(ledger).add(event)]);
      return true;
    });
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
      const changed = await change({ session, ledger, targets, count });
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
    await ledger.status.takeFormerName(session);
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
