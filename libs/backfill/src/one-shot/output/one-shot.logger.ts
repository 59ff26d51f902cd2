import { ConsoleLogger } from '@nestjs/common';

/** Nest logs several lines per module at start-up, which would hide the run's own lines. */
const START_UP_CONTEXTS = new Set(['NestFactory', 'InstanceLoader']);

/** Nest logs start-up errors with their stack; the run reports them itself. */
const EXCEPTION_CONTEXT = 'ExceptionHandler';

/** Nest's console logger without the lines about the start of the application. */
export class OneShotLogger extends ConsoleLogger {
  override log(message: unknown, ...rest: unknown[]): void {
    if (!START_UP_CONTEXTS.has(String(rest.at(-1)))) super.log(message, ...rest);
  }

  override error(message: unknown, ...rest: unknown[]): void {
    if (rest.at(-1) !== EXCEPTION_CONTEXT) super.error(message, ...rest);
  }
}
