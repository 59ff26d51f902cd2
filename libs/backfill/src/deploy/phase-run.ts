import type { INestApplicationContext } from '@nestjs/common';
import type { Phase } from './phases.js';

/** How a phase ends that does not come to its own end. */
export type ShortEnd = 'incomplete' | 'failed';

/** One phase of one run. */
export interface PhaseRun<Report extends { readonly phase: Phase }> {
  readonly phase: Report['phase'];
  /**
   * Finds what it needs in the application, while nothing has been changed.
   * @param module the root module's name, for messages
   * @returns what runs it
   * @throws BackfillError
   */
  prepare(app: INestApplicationContext, module: string): () => Promise<Report>;
  /** What can be told of it when it could not run or end, with what it has done so far. */
  cutShort(end: ShortEnd, reason: string): Report;
}
