import { BackfillError } from '../../../errors/backfill.error.js';
import { quotedList } from '../../../text/quoted-list.js';

/** `dependsOn` names a backfill that is not declared. @publicApi */
export class UnknownDependencyError extends BackfillError {
  constructor(name: string, dependency: string, declared: readonly string[]) {
    super(`Backfill "${name}" depends on "${dependency}", which is not declared.`, {
      subject: name,
      remedy: `The declared backfills are ${quotedList(declared)}. Correct the name in \`dependsOn\`, or provide the class.`,
    });
  }
}

/** Backfills depend on each other in a cycle. @publicApi */
export class DependencyCycleError extends BackfillError {
  /** Names; the first is also the last. */
  readonly cycle: readonly string[];

  constructor(cycle: readonly string[]) {
    super(`Backfills depend on each other: ${cycle.join(' → ')}.`, {
      subject: cycle[0] ?? '',
      remedy:
        'Remove one of these `dependsOn`. If several need the same change, move it to a separate backfill.',
    });
    this.cycle = cycle;
  }
}
