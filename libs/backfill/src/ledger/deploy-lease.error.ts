import { BackfillError } from '../errors/backfill.error.js';

/** Somebody else has taken over the deployment's lease, because this process did not renew it in time. */
export class DeployLeaseLostError extends BackfillError {
  constructor(phase: string) {
    super(
      `Another process has taken over "${phase}" while this one was not heard of for longer than its lease.`,
      {
        subject: phase,
        remedy:
          'Nothing of this process was committed since. Look at the other process; start again when it is done.',
      },
    );
  }
}
