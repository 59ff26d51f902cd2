import { BackfillError } from '../../errors/backfill.error.js';
import { nearest } from '../../text/nearest.js';
import {
  ARGUMENT_NAMES,
  ARGUMENTS,
  definitionOf,
  type ArgumentDefinition,
  type ArgumentName,
} from './arguments.table.js';

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
  /** @param belongsTo the arguments that it belongs to; empty if it belongs to any phase, or starts one itself */
  constructor(flag: string, suggestion: string, belongsTo: readonly string[]) {
    const owners = belongsTo.length === 0 ? '' : `It belongs to ${listOf(belongsTo)}. `;
    super(`${flag} selects no phase to run, so the application would start as a server.`, {
      subject: flag,
      remedy: `${owners}Did you mean ${suggestion}? ${HELP} If it is an argument of the application, write it after \`--\`.`,
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
 * An argument was given without any of those that it belongs to, e.g. `--keep` without `--prune`.
 *
 * @publicApi
 */
export class MissingCompanionError extends ArgumentError {
  constructor(name: ArgumentName) {
    const {
      belongsTo = [],
      belongsToReason,
      valueExample,
      description,
    }: ArgumentDefinition = ARGUMENTS[name];
    const reason = belongsToReason === undefined ? '' : `: ${belongsToReason}`;
    const value = valueExample === undefined ? '' : ` ${valueExample}`;
    super(`--${name} needs ${listOf(belongsTo)}${reason}.`, {
      subject: `--${name}`,
      remedy: `Remove it, or write e.g. \`${startOf(belongsTo[0])} --${name}${value}\`: ${description}.`,
    });
  }
}

/** `--a, --b or --c` */
function listOf(names: readonly string[]): string {
  const flags = names.map((name) => `--${name}`);
  const [last] = flags.slice(-1);
  return flags.length < 2 ? (last ?? '') : `${flags.slice(0, -1).join(', ')} or ${last}`;
}

/**
 * An argument, after one that starts a run and before its own names.
 *
 * @returns e.g. `--backfill --plan`
 */
export function startOf(name: string | undefined): string {
  const { startsOneShot, phase, usage }: Partial<ArgumentDefinition> = definitionOf(name ?? '') ?? {};
  const flag = `--${name}${usage === undefined ? '' : ` ${usage}`}`;
  return startsOneShot ? flag : `--${phase ?? 'backfill'} ${flag}`;
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
