import { nearest } from '../text/nearest.js';
import { InvalidBackfillOptionError } from './option.error.js';

/** The class that errors name when the options of `BackfillModule.forRoot` are invalid. */
export const MODULE_NAME = 'BackfillModule';

/** The options of one object, and where the object is. */
export interface KnownOptions {
  readonly names: readonly string[];
  /** Of the object that holds the options, e.g. `defaults`. @default the outermost object */
  readonly path?: string;
}

/**
 * Refuses misspelt options. The TypeScript compiler finds them only in object literals: not in JavaScript,
 * and not in what a factory returns. Without this check a misspelt `workers` would silently leave the run at
 * its default.
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

/** `defaults.pause`; `pause` in the outermost object. */
export function optionPath(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}

/** A value as an error message shows it: text in quotes. */
export function showOption(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
}
