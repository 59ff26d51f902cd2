import { RowSelection } from '../../batch/row-selection.js';
import { inspectTable } from '../../batch/table.inspector.js';
import type { BackfillReport } from '../../../report/report.js';
import { noRowOf } from '../outcome/proof-outcome.js';
import { readRunNumbers, type RunNumbers } from '../outcome/run-numbers.reader.js';
import { canaryPart } from './tenant-parts.js';
import type { TenantSequenceOptions } from './tenant-sequence.options.js';

/**
 * The tenants that a run changes first. The run continues with the other tenants at once, or after a person
 * has checked the canary's rows and resumed the backfill.
 */
export class Canary {
  readonly #options: TenantSequenceOptions;
  readonly #parts: BackfillReport[];

  constructor(options: TenantSequenceOptions, parts: BackfillReport[]) {
    this.#options = options;
    this.#parts = parts;
  }

  /** @returns the report if the run ends with the canary; null to continue with the other tenants */
  async run(): Promise<BackfillReport | null> {
    const { definition, connection, ledger, note, runPart, stop } = this.#options;
    const { canary, name } = definition;
    if (canary === null) return null;
    const { report, endsRun } = await runPart(canaryPart(canary.tenants, stop));
    if (endsRun) return report;
    const texts = new CanaryTexts(name, canary.tenants);
    const isApproved = () => connection.use((session) => ledger.status.wasResumed(session, texts.pauses));
    if (canary.then === 'continue' || (await isApproved())) {
      this.#parts.push(report);
      if (!report.nothingToDo) note(texts.continuing);
      return null;
    }
    return report.status === 'failed' ? this.#stayFailed(report, texts) : this.#pause(report, texts);
  }

  /**
   * No row of the canary was pending, so the run changed nothing, and the cause of the earlier failure may
   * remain. The status `paused` would hide that failure.
   */
  async #stayFailed(report: BackfillReport, texts: CanaryTexts): Promise<BackfillReport> {
    const { definition, connection, ledger } = this.#options;
    const { reason } = await connection.use((session) => ledger.status.open(session, definition.kind));
    return {
      ...report,
      ...(await this.#numbers()),
      proved: false,
      reason: texts.stillFailed(reason),
      waitingFor: 'a person to fix the cause of the failure',
    };
  }

  async #pause(report: BackfillReport, texts: CanaryTexts): Promise<BackfillReport> {
    const { connection, ledger } = this.#options;
    const reason = texts.pauseReason(report.withoutRows ?? []);
    await connection.use((session) => ledger.status.transition(session, { to: 'paused', reason }));
    return {
      ...report,
      ...(await this.#numbers()),
      status: 'paused',
      proved: false,
      reason,
      waitingFor: 'a person to resume it',
    };
  }

  /** The report of a run that ends with the canary covers all tenants. */
  async #numbers(): Promise<RunNumbers> {
    const { definition, ledger, connection } = this.#options;
    const facts = await connection.ask((session) => inspectTable(session, definition));
    const selection = facts && new RowSelection(definition, ledger, facts, null);
    return readRunNumbers(connection, { definition, ledger, selection, tenants: null, proved: false });
  }
}

/** The messages about one canary. */
class CanaryTexts {
  readonly #name: string;
  readonly #tenants: readonly string[];

  constructor(name: string, tenants: readonly string[]) {
    this.#name = name;
    this.#tenants = tenants;
  }

  get #canary(): string {
    return `the canary's tenants (${this.#tenants.join(', ')})`;
  }

  get #noRowPending(): string {
    return `The probe proved that no row of ${this.#canary} is pending.`;
  }

  get #noRows(): string {
    return `${noRowOf(this.#tenants)} of the canary`;
  }

  get #proved(): string {
    return `${this.#noRowPending} Check these rows, then let the other tenants follow with --resume ${this.#name}.`;
  }

  get #withoutRows(): string {
    return `${this.#noRows}, so it tested nothing. Correct the declaration, or let all tenants follow with --resume ${this.#name}.`;
  }

  /**
   * The beginnings of the reasons for which this release and earlier releases pause after the canary. The
   * ledger keeps the reasons of earlier releases. When one of these sentences changes, its old form stays in
   * this list.
   */
  get pauses(): readonly string[] {
    return [
      this.#noRowPending,
      this.#noRows,
      `The probe proved that every row of ${this.#canary} is done.`,
      `Every row of ${this.#canary} is done, which the probe proved.`,
    ];
  }

  get continuing(): string {
    return `Continuing with all tenants: the probe proved that no row of ${this.#canary} is pending.`;
  }

  /** @param withoutRows tenants of the canary that have no row in the table */
  pauseReason(withoutRows: readonly string[]): string {
    if (withoutRows.length === this.#tenants.length) return this.#withoutRows;
    return withoutRows.length === 0 ? this.#proved : `${this.#proved} ${noRowOf(withoutRows)}.`;
  }

  /** @param reason the reason of the failure, as a sentence */
  stillFailed(reason: string): string {
    const remedy = `Fix the cause, then reset the status with --cancel ${this.#name} and --resume ${this.#name}. The next run then pauses after the canary.`;
    return `The backfill has failed: ${reason} No row of ${this.#canary} is pending, and the other tenants have not started. ${remedy}`;
  }
}
