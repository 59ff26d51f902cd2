import { NestFactory } from '@nestjs/core';
import type { INestApplicationContext, LoggerService } from '@nestjs/common';
import { setTimeout as delay } from 'node:timers/promises';
import { BackfillError } from '../../errors/backfill.error.js';
import { onAbort } from '../../text/abort.listener.js';
import { formatDuration } from '../../text/duration.format.js';
import { backOff } from '../../text/back-off.js';
import { CONNECTION_BACK_OFF, ConnectionRetry } from './connection-retry.js';
import { ConnectionWait } from './connection-wait.js';
import { isDatabaseUnreachable, reachabilityMessage, refusalState } from './database-reachability.js';
import { ApplicationStartError, DatabaseRefusedError, StoppedAtStartError } from './start-up.error.js';

/** Milliseconds after which a start that does not wait for a data source is reported, again and again. */
const SLOW_START_MS = 15_000;

/** What `NestFactory.createApplicationContext` takes as the root module. */
export type RootModule = Parameters<typeof NestFactory.createApplicationContext>[0];

export interface StartOptions {
  readonly logger: LoggerService;
  /** How long to wait for an unreachable database. */
  readonly connectTimeoutMs: number;
  /** Stops the start. */
  readonly signal: AbortSignal;
  /** Called with the reason of a wait, once per reason. */
  readonly onWaiting: (reason: string) => void;
  /** Called with a message while the start takes long for another reason. */
  readonly onSlowStart: (message: string) => void;
  /** Milliseconds between two of these messages. @default 15_000 */
  readonly slowStartMs?: number;
}

type StartOutcome = { readonly app: INestApplicationContext } | { readonly error: unknown };

/**
 * Creates the application without its HTTP server.
 *
 * @throws {DatabaseUnreachableError} after `connectTimeoutMs`
 * @throws {DatabaseRefusedError} when the database refuses the session
 * @throws {StoppedAtStartError} when `signal` is aborted
 * @throws what the application throws
 */
export async function startApplication(
  module: RootModule,
  { logger, connectTimeoutMs, signal, onWaiting, onSlowStart, slowStartMs = SLOW_START_MS }: StartOptions,
): Promise<INestApplicationContext> {
  // The first outcome counts. After a refusal or a time-out, a data source never settles, so the creation of
  // the application never settles either.
  let settle: (outcome: StartOutcome) => void = () => undefined;
  const settled = new Promise<StartOutcome>((resolve) => (settle = resolve));
  const wait = new ConnectionWait({ timeoutMs: connectTimeoutMs, onWaiting });
  const connections = new ConnectionRetry({
    timeoutMs: connectTimeoutMs,
    onFailure: (error) => wait.attemptFailed(error),
    onRefusal: (error) => settle({ error: explainRefusal(error) }),
    onTimeout: () => settle({ error: wait.timeoutError() }),
  });
  const removeListener = onAbort(signal, () =>
    settle({ error: new StoppedAtStartError(String(signal.reason)) }),
  );
  const startedAt = performance.now();
  const timer = setInterval(
    () => connections.areReady && onSlowStart(describeHang(performance.now() - startedAt)),
    slowStartMs,
  );
  try {
    if (!signal.aborted)
      createWithRetry(module, logger, wait).then(settle, (error: unknown) => settle({ error }));
    const outcome = await settled;
    if ('error' in outcome) throw outcome.error;
    return outcome.app;
  } finally {
    clearInterval(timer);
    removeListener();
    connections.restore();
  }
}

function describeHang(ms: number): string {
  return `The application has not started for ${formatDuration(ms)}, and no data source is connecting. A provider's factory, \`onModuleInit\` or \`onApplicationBootstrap\` has not returned.`;
}

/**
 * Creates the application again if a connection was lost meanwhile, or if a provider that connects without
 * TypeORM could not reach the database.
 */
async function createWithRetry(
  module: RootModule,
  logger: LoggerService,
  wait: ConnectionWait,
): Promise<StartOutcome> {
  for (let tries = 1; ; tries++) {
    try {
      return { app: await NestFactory.createApplicationContext(module, { logger, abortOnError: false }) };
    } catch (error) {
      if (!isDatabaseUnreachable(error)) return { error: explainRefusal(error) };
      wait.attemptFailed(error);
      if (wait.isOver) return { error: wait.timeoutError() };
      await delay(backOff(tries, CONNECTION_BACK_OFF));
    }
  }
}

/** Replaces an error at the start by one that names the cause and the remedy, because its stack does not help. */
function explainRefusal(error: unknown): unknown {
  if (error instanceof BackfillError) return error;
  const state = refusalState(error);
  if (state) return new DatabaseRefusedError(reachabilityMessage(error), state, error);
  return new ApplicationStartError(placeOf(error), error);
}

/** The first line of the stack outside of packages and of Node.js, e.g. `at UsersService.onModuleInit (…)`. */
function placeOf(error: unknown): string | undefined {
  const stack = error instanceof Error ? (error.stack ?? '') : '';
  const line = stack.split('\n').find((each) => /^\s+at /.test(each) && !/node_modules|node:/.test(each));
  return line?.trim();
}
