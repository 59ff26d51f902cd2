import type { Routine, RoutineCall } from './statement.types.js';

/** The routines whose bodies are known: from the options, and created earlier in the same text. */
export class RoutineRegistry {
  #routines: readonly Routine[];

  constructor(routines: readonly Routine[]) {
    this.#routines = routines;
  }

  /** A routine replaces an earlier one with the same name and the same number of parameters. */
  add(routine: Routine): void {
    this.#routines = [...this.#routines.filter((other) => !isSameRoutine(other, routine)), routine];
  }

  /** @returns the routines that the call may run */
  find(call: RoutineCall): readonly Routine[] {
    return this.#routines.filter((routine) => mayRun(call, routine));
  }
}

/**
 * Whether the call may run the routine. Overloads are not distinguished: every routine with this name may
 * run.
 */
export function mayRun(call: RoutineCall, routine: Routine): boolean {
  const schemasAgree =
    call.schema === undefined || routine.schema === undefined || call.schema === routine.schema;
  return call.name === routine.name && schemasAgree;
}

/** The name for messages, such as `app.fill`. */
export function routineName(routine: { readonly schema?: string; readonly name: string }): string {
  return routine.schema === undefined ? routine.name : `${routine.schema}.${routine.name}`;
}

function isSameRoutine(a: Routine, b: Routine): boolean {
  return a.name === b.name && a.schema === b.schema && a.parameters === b.parameters;
}
