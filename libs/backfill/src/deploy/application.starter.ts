import { NestFactory } from '@nestjs/core';
import type { INestApplicationContext, LoggerService } from '@nestjs/common';
import { setTimeout as delay } from 'node:timers/promises';
import { backOff } from './back-off.js';
import { isDatabaseUnreachable, reachabilityMessage } from './database-reachability.js';
import { PatientConnections } from './patient-connections.js';
import { DatabaseUnreachableError, StoppedAtStartError } from './start-up.error.js';

/** What `NestFactory.createApplicationContext` takes as the root module. */
export type RootModule = Parameters<typeof NestFactory.createApplicationContext>[0];

export interface StartOptions {
  readonly logger: LoggerService;
  /** Milliseconds for which a database that cannot be reached is waited for. */
  readonly connectTimeoutMs: number;
  readonly signal: AbortSignal;
  /** Told why nothing happens, each time the reason is a new one. */
  readonly waiting: (lastWords: string) => void;
}

/**
 * Creates the application without its HTTP server.
 *
 * @throws {DatabaseUnreachableError} after `connectTimeoutMs`
 * @throws {StoppedAtStartError} when `signal` was aborted
 * @throws what the application threw
 */
export function startApplication(
  module: RootModule,
  { logger, connectTimeoutMs, signal, waiting }: StartOptions,
): Promise<INestApplicationContext> {
  return new Promise((resolve, reject) => {
    let lastError: unknown;
    let lastWords: string | undefined;
    const failed = (error: unknown): void => {
      const words = reachabilityMessage(error);
      if (words !== lastWords) waiting(words);
      [lastError, lastWords] = [error, words];
    };
    const connections = new PatientConnections({
      failed,
      refused: (error) => finish(() => reject(error)),
    });
    const timer = setTimeout(
      () => finish(() => reject(new DatabaseUnreachableError(connectTimeoutMs, lastWords, lastError))),
      connectTimeoutMs,
    );
    const stopped = (): void => finish(() => reject(new StoppedAtStartError(String(signal.reason))));
    const finish = (settle: () => void): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', stopped);
      connections.restore();
      settle();
    };
    signal.addEventListener('abort', stopped);
    const create = async (): Promise<INestApplicationContext> => {
      for (let tries = 1; ; tries++) {
        try {
          return await NestFactory.createApplicationContext(module, { logger, abortOnError: false });
        } catch (error) {
          // A connection that is not TypeORM's, or that was lost after it had been made.
          if (!isDatabaseUnreachable(error)) throw error;
          failed(error);
          await delay(backOff(tries), undefined, { ref: false });
        }
      }
    };
    create().then(
      (app) => finish(() => resolve(app)),
      (error: unknown) => finish(() => reject(error)),
    );
  });
}
