import { nearest } from '../text/nearest.js';
import { InvalidBackfillOptionError } from './option.error.js';

/** The class that errors name when the options of `BackfillModule.forRoot` are invalid. */
export const MODULE_NAME = 'BackfillModule';

/** The known option names of one object, and the path of the object. */
export interface KnownOptions {
  readonly names: readonly string[];
  /** The path of the object, e.g. `defaults`. @default the top level */
  readonly path?: string;
}

/**
 * Refuses misspelt options. The TypeScript compiler finds them only in object literals, not in JavaScript and
 * not in the result of a factory. Without this check, the run would ignore a misspelt `workers` and use the
 * default.
 *
 * @throws InvalidBackfillOptionError naming the option
 */
export function refuseUnknownOptions(
  className: string,
  given: unknown,
  { names, path = '' }: KnownOptions,
): void {
  if (typeof given !== 'object' || given === null) return;
  const unknown = Object.keys(given).find((name) => !names.includes(name));
  if (unknown === undefined) return;
  const meant = nearest(unknown, names);
  throw new InvalidBackfillOptionError(
    className,
    optionPath(path, unknown),
    'does not exist',
    `${meant === undefined ? '' : `Did you mean \`${meant}\`? `}The options are ${names.join(', ')}.`,
  );
}

/** `defaults.pause`; at the top level `pause`. */
export function optionPath(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}

/** A value as an error message shows it: text in quotes. */
export function showOption(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
}
