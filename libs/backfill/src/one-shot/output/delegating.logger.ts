import type { LoggerService } from '@nestjs/common';

/** A logger whose lines go to another one from the moment on at which the application has created it. */
export class DelegatingLogger implements LoggerService {
  #target: LoggerService;

  constructor(first: LoggerService) {
    this.#target = first;
  }

  use(target: LoggerService): void {
    this.#target = target;
  }

  log(message: unknown, ...rest: unknown[]): void {
    this.#target.log(message, ...rest);
  }

  error(message: unknown, ...rest: unknown[]): void {
    this.#target.error(message, ...rest);
  }

  warn(message: unknown, ...rest: unknown[]): void {
    this.#target.warn(message, ...rest);
  }

  debug(message: unknown, ...rest: unknown[]): void {
    this.#target.debug?.(message, ...rest);
  }

  verbose(message: unknown, ...rest: unknown[]): void {
    this.#target.verbose?.(message, ...rest);
  }

  fatal(message: unknown, ...rest: unknown[]): void {
    (this.#target.fatal ?? this.#target.error).call(this.#target, message, ...rest);
  }
}
