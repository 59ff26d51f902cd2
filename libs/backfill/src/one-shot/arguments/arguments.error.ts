import { BackfillError } from '../../errors/backfill.error.js';
import { ARGUMENT_NAMES, ARGUMENTS, type ArgumentName, type ArgumentDefinition } from './arguments.table.js';
import { nearest } from '../../text/nearest.js';

/** Without the `--`, the Nest command line would print its own help. */
const HELP = '`nest start -- --backfill --help` lists all arguments.';

/**
 * The arguments of a one-shot run are not what it takes: exit code 2, and nothing was run.
 *
 * @publicApi
 */
export abstract class ArgumentError extends BackfillError {}

/**
 * An argument that the one-shot mode does not know. Nothing is ignored: it could have been meant to hold something back.
 *
 * @publicApi
 */
export class UnknownArgumentError extends ArgumentError {
  constructor(flag: string) {
    const meant = nearest(flag.replace(/^-+/, ''), ARGUMENT_NAMES);
    super(`Unknown argument ${flag}: a one-shot run takes no argument that it does not know.`, {
      subject: flag,
      remedy: meant
        ? `Did you mean --${meant}? ${HELP}`
        : `It takes ${ARGUMENT_NAMES.map((name) => `--${name}`).join(', ')}. ${HELP}`,
    });
  }
}

/** @publicApi */
export class ArgumentWithoutPhaseError extends ArgumentError {
  constructor(flag: string, meant: string) {
    super(`${flag} names no phase to run, so the application would start as a server.`, {
      subject: flag,
      remedy: `Did you mean ${meant}? ${HELP}`,
    });
  }
}

/** @publicApi */
export class MissingPhaseError extends ArgumentError {
  constructor(name: ArgumentName, phase: string) {
    super(`--${name} belongs to --${phase}, which is not asked for.`, {
      subject: `--${name}`,
      remedy: `Leave it out, or add --${phase}.`,
    });
  }
}

/** @publicApi */
export class NamesWithoutBackfillError extends ArgumentError {
  constructor(name: string) {
    super(`"${name}" names a backfill, and phases that are run whole are asked for.`, {
      subject: name,
      remedy: `To run that backfill alone, write \`--backfill ${name}\`; to run everything, leave the name out.`,
    });
  }
}

/** @publicApi */
export class ArgumentValueError extends ArgumentError {
  constructor(name: ArgumentName, why: string) {
    const definition: ArgumentDefinition = ARGUMENTS[name];
    const takes = definition.value ?? definition.usage;
    const usage = takes ? `--${name} ${takes}` : `--${name}`;
    super(`--${name} ${why}.`, {
      subject: `--${name}`,
      remedy: `Write \`${usage}\`: ${definition.describe}.`,
    });
  }
}

/** @publicApi */
export class SettingArgumentError extends ArgumentError {
  constructor(setting: string, cause: unknown) {
    const [what, remedy] = (cause instanceof Error ? cause.message : String(cause)).split('\n  → ');
    super(what ?? '', { subject: setting, remedy: remedy ?? HELP, cause });
  }
}

/** @publicApi */
export class ContradictoryArgumentsError extends ArgumentError {
  constructor(one: string, other: string, why: string) {
    super(`${one} and ${other} contradict each other: ${why}.`, {
      subject: `${one} ${other}`,
      remedy: 'Leave one of them out.',
    });
  }
}
