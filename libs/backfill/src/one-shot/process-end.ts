import type { INestApplicationContext } from '@nestjs/common';
import { renderDuration } from '../text/format.js';

/** The application has this long to close, and the process to end by itself after that. */
export const END_GRACE_MS = 5_000;

/**
 * Closes the application; an error or a hook that hangs is told, and keeps nobody.
 *
 * @param impatient settles when there is no more time
 */
export async function closeApplication(
  app: INestApplicationContext,
  impatient: Promise<unknown>,
  warn: (message: string) => void,
): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'late'>((resolve) => (timer = setTimeout(() => resolve('late'), END_GRACE_MS)));
  try {
    const closed = await Promise.race([app.close(), impatient, late]);
    if (closed === 'late') warn(`The application did not close within ${renderDuration(END_GRACE_MS)}.`);
  } catch (error) {
    warn(`The application did not close: ${error instanceof Error ? error.message : String(error)}`);
  } finally {
    clearTimeout(timer);
  }
}

/** Ends the process if it does not end by itself: a timer or connection that the application left open keeps it alive. */
export function endWhenOverdue(exitCode: number, stderr: NodeJS.WriteStream): void {
  const overdue = setTimeout(() => {
    const resources = [...new Set(process.getActiveResourcesInfo())].join(', ');
    stderr.write(
      `The run has ended, but the application keeps the process alive (${resources || 'unknown'}). Ending it. ` +
        `Close what is open in onModuleDestroy or onApplicationShutdown.\n`,
      () => process.exit(exitCode),
    );
  }, END_GRACE_MS);
  overdue.unref();
}

/** A reader that goes away, as in `… | head`, is no reason to stop in the middle of a run. */
export function surviveClosedPipes(streams: readonly NodeJS.WriteStream[]): void {
  for (const stream of streams) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
    });
  }
}
