import type * as ast from 'oxc-parser';
import type { CallSite, Context, Machine } from '../../evaluate/machine/machine.types.js';
import { impliedCall } from '../../evaluate/machine/source-code.js';
import { knownText } from '../../evaluate/values/text-value.js';
import { isUndefined, optionsOf } from '../../evaluate/values/value.js';
import type { ClassValue, ObjectValue, Value } from '../../evaluate/values/value.types.js';

/** One decorator of TypeORM on a class or property. */
export interface Decoration {
  /** TypeORM's name of it, e.g. `Column`. */
  readonly name: string;
  readonly args: readonly Value[];
}

/** The decorators that come from TypeORM, whatever the code calls them. */
export function decorationsOf(
  machine: Machine,
  decorators: readonly ast.Decorator[],
  context: Context,
): readonly Decoration[] {
  return decorators.flatMap(({ expression }): Decoration[] => {
    if (expression.type !== 'CallExpression') return [];
    const callee = machine.evaluate(expression.callee, context);
    if (callee.kind !== 'native' || !callee.name.startsWith('typeorm.')) return [];
    return [
      {
        name: callee.name.slice('typeorm.'.length),
        args: expression.arguments.map((argument) =>
          argument.type === 'SpreadElement' ? SPREAD : machine.evaluate(argument, context),
        ),
      },
    ];
  });
}

const SPREAD: Value = { kind: 'unknown', expression: '…', facts: { opaque: true } };

export function contextOf({ scope, module }: ClassValue): Context {
  return { scope, module };
}

/** A text option, e.g. `name`. */
export interface TextOption {
  readonly text: string | undefined;
  /** It, or the object that holds it, could not be read. */
  readonly isDoubtful: boolean;
}

/** A text among the properties of the first object of some arguments. */
export function textOption(args: readonly Value[], name: string): TextOption {
  const object = objectIn(args);
  const isUnread = args.some(({ kind }) => kind === 'unknown' || kind === 'choice');
  const value = object?.properties.get(name);
  if (!value || isUndefined(value))
    return { text: undefined, isDoubtful: isUnread || object?.isOpen === true };
  const texts = optionsOf(value).flatMap((option) => knownText(option) ?? []);
  return { text: texts[0], isDoubtful: texts.length !== 1 };
}

export function objectIn(args: readonly Value[]): ObjectValue | undefined {
  return args.find((arg): arg is ObjectValue => arg.kind === 'object');
}

/** Is it `false` in the options? */
export function isFalse(args: readonly Value[], name: string): boolean {
  const value = objectIn(args)?.properties.get(name);
  return value?.kind === 'constant' && value.value === false;
}

/** The class or EntitySchema that `() => Lead` returns. */
export function targetOf(
  machine: Machine,
  value: Value | undefined,
  place: { readonly context: Context; readonly start: number },
): ClassValue | ObjectValue | undefined {
  const site: CallSite = {
    node: impliedCall({ start: place.start, end: place.start }),
    context: place.context,
    callee: '',
  };
  const target = value?.kind === 'function' ? machine.invoke(value, [], site) : value;
  return target?.kind === 'class' || target?.kind === 'object' ? target : undefined;
}
