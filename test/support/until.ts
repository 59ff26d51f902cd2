import { setTimeout } from 'node:timers/promises';

/** Looks again and again until the condition holds; a test that it never holds for ends at jest's own time limit. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await setTimeout(10);
}
