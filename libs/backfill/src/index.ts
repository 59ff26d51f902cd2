export { BackfillError, type BackfillErrorDetails } from './backfill.error.js';
export { ArgumentError, UnknownArgumentError } from './deploy/arguments.error.js';
export { isOneShot } from './deploy/invocation.js';
export { runOneShot, type RunOneShotOptions } from './deploy/run-one-shot.js';
export { DatabaseRefusedError, DatabaseUnreachableError } from './deploy/start-up.error.js';
