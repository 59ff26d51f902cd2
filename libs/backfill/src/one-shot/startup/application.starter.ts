import { NestFactory } from '@nestjs/core';
import type { INestApplicationContext, LoggerService } from '@nestjs/common';
import { setTimeout as delay } from 'node:timers/promises';
import { backOff } from '../../text/back-off.js';
import { isDatabaseUnreachable, reachabilityMessage, refusalState } from './database-reachability.js';
import { Patience, RETRY_BACK_OFF } from './patience.js';
import { PatientConnections } from './patient-connections.js';
import { DatabaseRefusedError, StoppedAtStartError } from './start-up.error.js';

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
export async function startApplication(
  module: RootModule,
  { logger, connectTimeoutMs, signal, waiting }: StartOptions,
): Promise<INestApplicationContext> {
  let settle: (outcome: StartOutcome) => void = () => undefined;
  const settled = new Promise<StartOutcome>((resolve) => (settle = resolve));
  const patience = new Patience(connectTimeoutMs, waiting);
  const connections = new PatientConnections({
    timeoutMs: connectTimeoutMs,
    failed: (error) => patience.failed(error),
    refused: (error) => settle({ error: explained(error) }),
    late: () => settle({ error: patience.exhausted() }),
  });
  const stopped = (): void => settle({ error: new StoppedAtStartError(String(signal.reason)) });
  signal.addEventListener('abort', stopped);
  try {
    if (signal.aborted) stopped();
    else createPatiently(module, logger, patience).then(settle, (error: unknown) => settle({ error }));
    const outcome = await settled;
    if ('error' in outcome) throw outcome.error;
    return outcome.app;
  } finally {
    signal.removeEventListener('abort', stopped);
    connections.restore();
  }
}

type StartOutcome = { readonly app: INestApplicationContext } | { readonly error: unknown };

/** A connection that is not TypeORM's, or one lost after it had been made: the application is created anew. */
async function createPatiently(
  module: RootModule,
  logger: LoggerService,
  patience: Patience,
): Promise<StartOutcome> {
  for (let tries = 1; ; tries++) {
    try {
      return { app: await NestFactory.createApplicationContext(module, { logger, abortOnError: false }) };
    } catch (error) {
      if (!isDatabaseUnreachable(error)) return { error: explained(error) };
      patience.failed(error);
      if (patience.isExhausted) return { error: patience.exhausted() };
      await delay(backOff(tries, RETRY_BACK_OFF));
    }
  }
}

/** In words of its own where the error is the database's, and its stack would tell nobody anything. */
function explained(error: unknown): unknown {
  const state = refusalState(error);
  return state ? new DatabaseRefusedError(reachabilityMessage(error), state, error) : error;
}
