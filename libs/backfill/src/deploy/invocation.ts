import { opensOneShot } from './arguments.table.js';
import { takeHandover } from './handover.js';

let handedOver: readonly string[] | undefined;

/** What was handed over and what was passed; the parser takes an argument that came both ways once. */
export function oneShotArgv(): readonly string[] {
  handedOver ??= takeHandover(process.env);
  return [...handedOver, ...process.argv.slice(2)];
}

/**
 * Whether this process was asked for a one-shot run, as with `nest start --backfill` or `node dist/main.js --backfill`.
 * Call it before anything else: an application that is no one-shot run keeps its arguments to itself.
 *
 * @publicApi
 * @example
 * if (isOneShot()) {
 *   process.exitCode = await runOneShot(AppModule);
 * } else {
 *   const app = await NestFactory.create(AppModule);
 *   await app.listen(3000);
 * }
 */
export function isOneShot(): boolean {
  return opensOneShot(oneShotArgv());
}
