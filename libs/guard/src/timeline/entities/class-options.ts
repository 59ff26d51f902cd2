import { siteOf } from '../../evaluate/machine/source-code.js';
import { knownText } from '../../evaluate/values/text-value.js';
import type { ClassValue, Value } from '../../evaluate/values/value.types.js';
import { objectIn, textOption, type Decoration, type TextOption } from './decorations.js';
import type { EntityColumn } from './entity.types.js';

/** `@Entity('leads')`, `@Entity({ name: 'leads' })` */
export function tableNameOf(args: readonly Value[]): TextOption {
  const text = knownText(args[0]);
  return text === undefined ? textOption(args, 'name') : { text, isDoubtful: false };
}

/** The column that tells the class of a row, of `@TableInheritance({ column: 'type' })`. */
export function discriminator({ args }: Decoration, value: ClassValue): EntityColumn {
  const column = objectIn(args)?.properties.get('column');
  const name = column && (knownText(column) ?? knownText(objectIn([column])?.properties.get('name')));
  return {
    property: name ?? 'type',
    names: [name ?? 'type'],
    isDoubtful: column !== undefined && name === undefined,
    site: siteOf(value.node.id ?? value.node, value.module),
  };
}
