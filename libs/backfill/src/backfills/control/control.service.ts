import type { BackfillLedger } from '../../ledger/backfill.ledger.js';
import { EVERY_TARGET } from '../../ledger/ledger.context.js';
import type { Ledger } from '../../ledger/ledger.js';
import { installLedger } from '../../ledger/ledger.installer.js';
import { EventLedger } from '../../ledger/records/event.ledger.js';
import { isHeld } from '../../ledger/status.js';
import { Session } from '../../postgres/session.js';
import type { BackfillDefinition } from '../definition/definition.js';
import type {
  CommandOptions,
  ControlledBackfill,
  ControlOptions,
  TableList,
} from '../../report/control-report.js';
import { actor } from './actor.js';
import { watchCommand } from './command.watch.js';
import { chooseTargets, isNamedBy } from './target.chooser.js';
import type { SettingChange } from './setting.parser.js';

type Verb = 'pause' | 'resume' | 'cancel';

/** The reason of an event may not be null. */
const NO_REASON = 'No reason was given.';

/** A backfill whose record a person changes, and the targets that the change is for. */
interface Controlled {
  readonly session: Session;
  readonly ledger: BackfillLedger;
  readonly targets: readonly string[] | 'every';
  /** These, or all targets in the ledger. */
  readonly known: readonly string[];
}

/** What a change did. */
type Change = Pick<ControlledBackfill, 'changed' | 'changedTargets' | 'unchangedTargets'>;

const MAX_LISTED_TABLES = 10;

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
  readonly #command: CommandOptions;

  constructor(ledger: Ledger, schema: string, options: ControlOptions) {
    const { by = actor(), why, targets = [] } = options;
    this.#command = options;
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
      const { hasChanged, changed, unchanged } = await this.#ledger.targets
        .statusOf(definition)
        .change(session, change);
      if (!hasChanged && verb !== 'resume') {
        const to = verb === 'pause' ? 'paused' : 'cancelled';
        // Throws the reason for which no status was changed.
        await ledger.status.transition(session, { to, reason, person: this.#by });
      }
      const statuses = [...new Set(unchanged.map(({ status }) => status))];
      return {
        changed: hasChanged,
        changedTargets: listOf(changed),
        unchangedTargets: statuses.map((status) => ({
          status,
          ...listOf(unchanged.filter((each) => each.status === status).map(({ target }) => target)),
        })),
      };
    });
  }

  /** @throws UnknownTargetError */
  async set(definition: BackfillDefinition, changes: readonly SettingChange[]): Promise<ControlledBackfill> {
    return this.#change(definition, async ({ session, ledger: { control }, targets, known }) => {
      const inForce = new Map((await control.inForce(session)).map(({ setting, value }) => [setting, value]));
      // Later targets begin with the settings for every target.
      const before = targets === 'every' ? [inForce, await control.forEveryTarget(session)] : [inForce];
      const changed = changes
        .map(({ setting, value }) => ({ setting, value: value === null ? null : String(value) }))
        // Several targets may have different settings.
        .filter(
          ({ setting, value }) =>
            known.length > 1 || before.some((settings) => (settings.get(setting) ?? null) !== value),
        );
      if (changed.length === 0) return NOTHING;
      const setFor = targets === 'every' ? [EVERY_TARGET] : targets;
      await session.transaction(
        changed.flatMap((change) =>
          setFor.map((target) => control.set(target, { ...change, by: this.#by, why: this.#why })),
        ),
      );
      return { changed: true, changedTargets: listOf(known), unchangedTargets: [] };
    });
  }

  /** Records that a person starts a run. A run that nobody may start is not recorded: `changed` is false. */
  async recordStart(definition: BackfillDefinition, action: 'run' | 'retry'): Promise<ControlledBackfill> {
    const { name, version } = definition;
    return this.#change(definition, async ({ session, ledger }) => {
      const { status } = await ledger.status.open(session, definition.kind);
      if (isHeld(status)) return NOTHING;
      const subject = { name, version, target: ledger.target.name };
      const event = { type: action, ...subject, reason: this.#why ?? NO_REASON, actor: this.#by };
      await session.transaction([new EventLedger(ledger).add(event)]);
      return { ...NOTHING, changed: true };
    });
  }

  #reason(verb: Verb): string {
    const why = this.#why === null ? '' : `: ${this.#why}`;
    return `${PAST_TENSE[verb]} by ${this.#by}${why}${/[.!?]$/.test(why) ? '' : '.'}`;
  }

  async #change(
    definition: BackfillDefinition,
    change: (controlled: Controlled) => Promise<Change>,
  ): Promise<ControlledBackfill> {
    const ledger = this.#ledger.of(definition);
    const session = await Session.open(definition.dataSource);
    try {
      const done = await watchCommand(session, this.#command, async () => {
        await installLedger(session, this.#schema);
        const { targets, known } = await this.#select(session, ledger, definition);
        return { targets: known.length, ...(await change({ session, ledger, targets, known })) };
      });
      // The change is committed: a signal must not make it look refused.
      const { status, reason } = await ledger.status.open(session, definition.kind);
      const settings = await ledger.control.inForce(session);
      return { ...ledger.reported, ...done, status, reason, settings };
    } finally {
      await session.close();
    }
  }

  /** Lets the ledger of the backfill use the application's own table, or the first of the wanted targets. */
  async #select(
    session: Session,
    ledger: BackfillLedger,
    definition: BackfillDefinition,
  ): Promise<Pick<Controlled, 'targets' | 'known'>> {
    await ledger.locate(session);
    await ledger.status.takeFormerName(session);
    // Before the first run, the application's own table has no record yet.
    const isOwnWanted = this.#wanted.some((name) => isNamedBy(ledger.target.name, name));
    if (this.#wanted.length === 0 || isOwnWanted) await ledger.status.open(session, definition.kind);
    const known = await this.#ledger.targets.list(session, definition);
    if (this.#wanted.length === 0) return { targets: 'every', known: known.map(({ name }) => name) };
    const chosen = chooseTargets(definition.name, known, this.#wanted);
    const own = chosen.find(({ name }) => name === ledger.target.name);
    const { name } = own ?? chosen[0] ?? ledger.target;
    // A record that is only controlled is not compared with its table.
    ledger.locateAs({ name, tableId: null });
    const targets = chosen.map(({ name }) => name);
    return { targets, known: targets };
  }
}

const NOTHING: Change = { changed: false, changedTargets: { total: 0, first: [] }, unchangedTargets: [] };

function listOf(names: readonly string[]): TableList {
  return { total: names.length, first: names.slice(0, MAX_LISTED_TABLES) };
}

const PAST_TENSE = { pause: 'Paused', resume: 'Resumed', cancel: 'Cancelled' } as const satisfies Record<
  Verb,
  string
>;
