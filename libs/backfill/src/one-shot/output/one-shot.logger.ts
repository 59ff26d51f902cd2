import { ConsoleLogger } from '@nestjs/common';

/** Nest's account of its own start: some lines per module, which would bury what the run says. */
const START_UP_CONTEXTS = new Set(['NestFactory', 'InstanceLoader']);

/** Prints an error at start-up with its stack; the run prints it in its own words. */
const EXCEPTION_CONTEXT = 'ExceptionHandler';

/** Nest's own logger, without its account of a start that the run tells better. */
export class OneShotLogger extends ConsoleLogger {
  override log(message: unknown, ...rest: unknown[]): void {
    if (!START_UP_CONTEXTS.has(String(rest.at(-1)))) super.log(message, ...rest);
  }

  override error(message: unknown, ...rest: unknown[]): void {
    if (rest.at(-1) !== EXCEPTION_CONTEXT) super.error(message, ...rest);
  }
}
