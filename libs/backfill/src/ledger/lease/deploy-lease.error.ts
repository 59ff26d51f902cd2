import { BackfillError } from '../../errors/backfill.error.js';

/**
 * Another process has taken over the lease on a phase of the deployment, because this process did not renew
 * the lease in time.
 *
 * @publicApi
 */
export class DeployLeaseLostError extends BackfillError {
  constructor(phase: string) {
    super(
      `Another process has taken over "${phase}", because this process did not renew its lease in time.`,
      {
        subject: phase,
        remedy:
          'This process has committed nothing since then. Wait until the other process has finished, then start again.',
      },
    );
  }
}
