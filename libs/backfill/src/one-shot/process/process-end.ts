import type { INestApplicationContext } from '@nestjs/common';
import { messageOf } from '../../postgres/error-classes.js';
import { formatDuration } from '../../text/duration.format.js';

/** How long the application may take to close, and then how long the process may take to end by itself. */
export const END_GRACE_MS = 5_000;

export interface CloseOptions {
  /** Ends the wait when it settles. */
  readonly forceStop: Promise<unknown>;
  readonly warn: (message: string) => void;
}

/** Closes the application. Warns about an error, and about hooks that do not return in time. */
export async function closeApplication(
  app: INestApplicationContext,
  { forceStop, warn }: CloseOptions,
): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<'timeout'>((resolve) => {
    timer = setTimeout(() => resolve('timeout'), END_GRACE_MS);
  });
  try {
    const closed = await Promise.race([app.close(), forceStop, timeout]);
    if (closed === 'timeout') warn(`The application did not close within ${formatDuration(END_GRACE_MS)}.`);
  } catch (error) {
    warn(`The application could not be closed: ${messageOf(error)}`);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Ends the process if it does not end by itself, because the application left a timer or a connection open.
 */
export function exitWhenOverdue(exitCode: number, stderr: NodeJS.WriteStream): void {
  const timer = setTimeout(() => {
    const resources = [...new Set(process.getActiveResourcesInfo())].join(', ');
    stderr.write(
      `The run has ended, but the application keeps the process alive (${resources || 'unknown'}). ` +
        `The process is ended now. Close open resources in onModuleDestroy or onApplicationShutdown.\n`,
      () => process.exit(exitCode),
    );
  }, END_GRACE_MS);
  timer.unref();
}

/** Ignores the error of a closed pipe, e.g. of `… | head`, because it must not stop the run. */
export function ignoreClosedPipes(streams: readonly NodeJS.WriteStream[]): void {
  for (const stream of streams) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
    });
  }
}
