import type { ClassValue, ObjectValue, Site, Value } from '../../evaluate/values/value.types.js';
import type { ColumnsContext, Embedding } from './column-reading.types.js';
import { keyOf } from './decorated-properties.js';
import { textOption } from './decorations.js';
import type { EntityColumn } from './entity.types.js';

/** A relation whose column is in the entity's own table. */
export interface Relation {
  readonly property: string;
  /** The options of each `@JoinColumn`; empty if there is none. */
  readonly joins: readonly Value[];
  readonly target: ClassValue | ObjectValue | undefined;
  readonly site: Site;
}

/** The columns of a relation: one for each column of the target's key. */
export function joinColumns(
  relation: Relation,
  context: ColumnsContext,
  { path, isDoubtful }: Embedding,
): readonly EntityColumn[] {
  const key = relation.target ? keyOf(context.machine, relation.target) : [];
  const joins: readonly (Value | undefined)[] =
    relation.joins.length > 0 ? relation.joins : (key.length > 0 ? key : ['id']).map(() => undefined);
  return joins.map((join, at) => {
    const args = join ? [join] : [];
    const [name, referenced] = [textOption(args, 'name'), textOption(args, 'referencedColumnName')];
    const target = referenced.text ?? key[at] ?? 'id';
    const isKnown = name.text !== undefined || referenced.text !== undefined || key.length === joins.length;
    return {
      property: [...path, relation.property].join('.'),
      names: context.strategies.map(
        (strategy) => name.text ?? strategy.joinColumn(relation.property, target),
      ),
      isDoubtful: isDoubtful || path.length > 0 || name.isDoubtful || referenced.isDoubtful || !isKnown,
      site: relation.site,
    };
  });
}
