import { lineage } from '../../evaluate/classes/classes.js';
import type { Evaluator } from '../../evaluate/evaluator.js';
import { siteOf } from '../../evaluate/machine/source-code.js';
import { topLevelClasses } from '../../evaluate/migrations/top-level-classes.js';
import type { ClassValue, ObjectValue, Value } from '../../evaluate/values/value.types.js';
import type { ParsedModule } from '../../source/parsed-module.js';
import { columnsOfClass } from './class-columns.js';
import type { ColumnsContext } from './column-reading.types.js';
import { discriminator, tableNameOf } from './class-options.js';
import { contextOf, decorationsOf, isFalse, textOption, type Decoration } from './decorations.js';
import { entityOfSchema } from './entity-schema.reader.js';
import type { Entity } from './entity.types.js';
import { namingStrategies, snakeCase, type NamingKind } from './naming.js';
import { classValue, schemaExpressions } from './top-level-values.js';

/** Reads the entities of an application from its sources. */
export class EntityReader {
  readonly #evaluator: Evaluator;
  readonly #context: ColumnsContext;
  readonly #known = new Map<ClassValue | ObjectValue, Entity | undefined>();

  constructor(evaluator: Evaluator, naming: NamingKind) {
    this.#evaluator = evaluator;
    this.#context = { machine: evaluator, strategies: namingStrategies(naming) };
  }

  /** The entities that a module declares at its top level. */
  entitiesIn(module: ParsedModule): readonly Entity[] {
    const context = this.#evaluator.moduleContext(module);
    const values: Value[] = topLevelClasses(module).map((node) => classValue(this.#evaluator, node, context));
    for (const { node, value: expression } of schemaExpressions(module)) {
      const value = this.#evaluator.evaluate(expression, context);
      if (value.kind !== 'object') continue;
      this.#known.set(value, entityOfSchema(value, this.#context, { node, module }));
      values.push(value);
    }
    return values.flatMap((value) => this.entityOf(value) ?? []);
  }

  /** The entity of a class, or of an EntitySchema in a module that was read. */
  entityOf(value: Value | undefined): Entity | undefined {
    if (value?.kind === 'class' && !this.#known.has(value)) this.#known.set(value, this.#ofClass(value));
    return value?.kind === 'class' || value?.kind === 'object' ? this.#known.get(value) : undefined;
  }

  #ofClass(value: ClassValue): Entity | undefined {
    const isChild = this.#decorations(value).some(({ name }) => name === 'ChildEntity');
    const home = isChild
      ? lineage(this.#evaluator, value).find((parent) => this.#inheritance(parent) !== undefined)
      : value;
    const entity = home && this.#decorations(home).find(({ name }) => name === 'Entity');
    if (!entity) return undefined;
    const inheritance = this.#inheritance(home);
    const [name, schema] = [tableNameOf(entity.args), textOption(entity.args, 'schema')];
    return {
      name: value.name,
      table: {
        name: name.text ?? snakeCase(home.name),
        ...(schema.text === undefined ? {} : { schema: schema.text }),
      },
      isDoubtful: name.isDoubtful || schema.isDoubtful,
      columns: [
        ...columnsOfClass(value, this.#context),
        ...(inheritance ? [discriminator(inheritance, value)] : []),
      ],
      site: siteOf(value.node.id ?? value.node, value.module),
      isForeign: isFalse(entity.args, 'synchronize'),
      bases: lineage(this.#evaluator, value)
        .slice(1)
        .map(({ name: base }) => base),
      value,
    };
  }

  #decorations(value: ClassValue): readonly Decoration[] {
    return decorationsOf(this.#evaluator, value.node.decorators, contextOf(value));
  }

  #inheritance(value: ClassValue): Decoration | undefined {
    return this.#decorations(value).find(({ name }) => name === 'TableInheritance');
  }
}
