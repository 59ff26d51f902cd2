import { opensOneShot } from './arguments/arguments.table.js';
import { takeHandover, type TakenHandover } from './nest-cli/handover.js';

/** Read once: reading removes it from the environment. */
let handover: { readonly taken: TakenHandover | undefined } | undefined;

function handedOver(): TakenHandover | undefined {
  handover ??= { taken: takeHandover(process.env) };
  return handover.taken;
}

let entered = false;

/** From now on this process is a one-shot run, whatever its arguments. */
export function enterOneShot(): void {
  entered = true;
}

/** Whether this process is a one-shot run, or was asked for one. */
export function inOneShot(): boolean {
  return entered || isOneShot();
}

/** What was handed over and what was passed; the parser takes an argument that came both ways once. */
export function oneShotArgv(): readonly string[] {
  return [...(handedOver()?.arguments ?? []), ...process.argv.slice(2)];
}

/** The state of the `nest start` that started this process as a one-shot run; undefined when none did. */
export function commandLineState(): 'alive' | 'ended' | undefined {
  const taken = handedOver();
  return taken && (taken.wanted ? 'alive' : 'ended');
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
