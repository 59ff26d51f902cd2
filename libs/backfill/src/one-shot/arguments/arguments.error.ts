import { BackfillError } from '../../errors/backfill.error.js';
import { nearest } from '../../text/nearest.js';
import { ARGUMENT_NAMES, ARGUMENTS, type ArgumentDefinition, type ArgumentName } from './arguments.table.js';

/** Without the `--`, the Nest command line would print its own help. */
const HELP = '`nest start -- --backfill --help` lists all arguments.';

/**
 * The base of all errors about the arguments of a one-shot run. The process exits with code 2 and has run
 * nothing.
 *
 * @publicApi
 */
export abstract class ArgumentError extends BackfillError {}

/**
 * One-shot mode does not know this argument. It never ignores an unknown argument, because a misspelt
 * argument may be one that limits the run.
 *
 * @publicApi
 */
export class UnknownArgumentError extends ArgumentError {
  constructor(flag: string) {
    const suggestion = nearest(flag.replace(/^-+/, ''), ARGUMENT_NAMES);
    super(`Unknown argument ${flag}: one-shot mode refuses arguments that it does not know.`, {
      subject: flag,
      remedy: suggestion
        ? `Did you mean --${suggestion}? ${HELP}`
        : `It takes ${ARGUMENT_NAMES.map((name) => `--${name}`).join(', ')}. ${HELP}`,
    });
  }
}

/**
 * The process, or `nest start`, got an argument of one-shot mode, perhaps misspelt, but no argument that starts a
 * one-shot run. Without this error it would start the server.
 *
 * @publicApi
 */
export class ArgumentWithoutPhaseError extends ArgumentError {
  constructor(flag: string, suggestion: string) {
    super(`${flag} selects no phase to run, so the application would start as a server.`, {
      subject: flag,
      remedy: `Did you mean ${suggestion}? ${HELP} If it is an argument of the application, write it after \`--\`.`,
    });
  }
}

/**
 * An argument applies to one phase only, and this phase is not part of the run.
 *
 * @publicApi
 */
export class MissingPhaseError extends ArgumentError {
  constructor(name: ArgumentName, phase: string) {
    super(`--${name} applies only to --${phase}, which is missing.`, {
      subject: `--${name}`,
      remedy: `Remove it, or add --${phase}.`,
    });
  }
}

/**
 * The names of backfills were given together with a phase that always runs as a whole.
 *
 * @publicApi
 */
export class NamesWithoutBackfillError extends ArgumentError {
  constructor(name: string) {
    super(`"${name}" selects a backfill, but the run has other phases, which always run as a whole.`, {
      subject: name,
      remedy: `To run only this backfill, write \`--backfill ${name}\`. To run everything, remove the name.`,
    });
  }
}

/**
 * An argument has no value, a wrong value, or a value that it does not take.
 *
 * @publicApi
 */
export class ArgumentValueError extends ArgumentError {
  constructor(name: ArgumentName, problem: string) {
    const definition: ArgumentDefinition = ARGUMENTS[name];
    const value = definition.valueExample ?? definition.usage;
    const usage = value ? `--${name} ${value}` : `--${name}`;
    super(`--${name} ${problem}.`, {
      subject: `--${name}`,
      remedy: `Write \`${usage}\`: ${definition.description}.`,
    });
  }
}

/**
 * `--set` got an unknown setting or a wrong value.
 *
 * @publicApi
 */
export class SettingArgumentError extends ArgumentError {
  constructor(setting: string, cause: unknown) {
    const [problem, remedy] = (cause instanceof Error ? cause.message : String(cause)).split('\n  → ');
    super(problem ?? '', { subject: setting, remedy: remedy ?? HELP, cause });
  }
}

/**
 * Two arguments exclude each other, or the same argument was given twice with different values.
 *
 * @publicApi
 */
export class ContradictoryArgumentsError extends ArgumentError {
  constructor(first: string, second: string, reason: string) {
    super(`${first} and ${second} contradict each other: ${reason}.`, {
      subject: `${first} ${second}`,
      remedy: 'Leave one of them out.',
    });
  }
}
