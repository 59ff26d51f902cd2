import type { Occurrence } from '../evaluate/machine/event.types.js';

/** Conditions that ask for the schema: `if (await queryRunner.hasColumn('leads', 'status'))`. */
const ASKS_FOR_SCHEMA =
  /\bhas[A-Z_]\w*|exist|find\w*By|information_schema|\bpg_\w+|columns?\b|tables?\b|length/i;

/**
 * Does it run only under a condition of the code? A condition that asks whether the table or column exists is
 * none: afterwards the schema is as the statement says.
 */
export function isConditional({ underConditions = [] }: Pick<Occurrence, 'underConditions'>): boolean {
  return underConditions.some((condition) => !ASKS_FOR_SCHEMA.test(condition));
}
