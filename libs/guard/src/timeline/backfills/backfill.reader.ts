import type { SqlParser } from 'nestjs-backfill-sql/tree';
import type * as ast from 'oxc-parser';
import { findMethod, methodValue } from '../../evaluate/classes/classes.js';
import type { Evaluator } from '../../evaluate/evaluator.js';
import type { CallSite, Context } from '../../evaluate/machine/machine.types.js';
import { impliedCall, siteOf } from '../../evaluate/machine/source-code.js';
import { topLevelClasses } from '../../evaluate/migrations/top-level-classes.js';
import { knownText, text } from '../../evaluate/values/text-value.js';
import { object } from '../../evaluate/values/value.js';
import type { ClassValue, ObjectValue, Site, Value } from '../../evaluate/values/value.types.js';
import type { ParsedModule } from '../../source/parsed-module.js';
import type { EntityReader } from '../entities/entity.reader.js';
import type { Entity } from '../entities/entity.types.js';
import { classValue } from '../entities/top-level-values.js';
import type { DeclaredBackfill, UsedColumn } from './backfill.types.js';
import { columnsOfSql, THIS_ROW } from './sql-columns.js';

export interface BackfillReaderOptions {
  readonly evaluator: Evaluator;
  readonly entities: EntityReader;
  readonly parser: SqlParser;
}

/** Reads the classes with `@Backfill` and the columns that they declare. */
export class BackfillReader {
  readonly #options: BackfillReaderOptions;

  constructor(options: BackfillReaderOptions) {
    this.#options = options;
  }

  backfillsIn(module: ParsedModule): readonly DeclaredBackfill[] {
    const decorator = importedName(module);
    if (decorator === undefined) return [];
    const { evaluator } = this.#options;
    const context = evaluator.moduleContext(module);
    return topLevelClasses(module).flatMap((node) => {
      const call = decoratorCall(node, decorator);
      const [argument] = call?.arguments ?? [];
      if (!argument || argument.type === 'SpreadElement') return [];
      const options = evaluator.evaluate(argument, context);
      const owner = classValue(evaluator, node, context);
      if (options.kind !== 'object' || owner.kind !== 'class') return [];
      return [this.#read({ options, owner, argument, module })];
    });
  }

  #read(declaration: Declaration): DeclaredBackfill {
    const { options, owner, module } = declaration;
    return {
      name: knownText(options.properties.get('name')) ?? owner.name,
      className: owner.name,
      site: siteOf(owner.node.id ?? owner.node, module),
      columns: this.#columns(declaration),
    };
  }

  #columns(declaration: Declaration): readonly UsedColumn[] {
    const { properties } = declaration.options;
    const source = this.#options.entities.entityOf(properties.get('entity'));
    if (!source) return [];
    const target = this.#options.entities.entityOf(properties.get('into'));
    const use = new ColumnUse(declaration, this.#options.parser);
    const found = [
      ...use.ofPredicate(source, this.#predicate(declaration, source)),
      ...use.ofNames(source, 'tenant', [properties.get('tenant')]),
      ...use.ofNames(source, 'reads', itemsOf(properties.get('reads'))),
      ...use.ofNames(source, 'writes', itemsOf(properties.get('writes'))),
      ...(target ? use.ofNames(target, 'conflict', itemsOf(properties.get('conflict'))) : []),
      ...use.ofExpressions({ source, target: source }, 'set', this.#call(declaration, 'set', source)),
      ...(target
        ? use.ofExpressions({ source, target }, 'copy', this.#call(declaration, 'copy', source))
        : []),
    ];
    return [
      ...new Map(found.map((column) => [`${column.table.name}.${column.names.join()}`, column])).values(),
    ];
  }

  #predicate({ options, module, argument }: Declaration, source: Entity): Value | undefined {
    const where = options.properties.get('where');
    if (where?.kind !== 'function') return where;
    return this.#options.evaluator.invoke(where, [rowOf(source)], siteAt(argument, this.#context(module)));
  }

  /** What `set` or `copy` returns. */
  #call({ owner, module, argument }: Declaration, name: string, source: Entity): Value | undefined {
    const { evaluator } = this.#options;
    const method = findMethod(evaluator, owner, { name });
    if (!method) return undefined;
    const site = siteAt(argument, this.#context(module));
    return evaluator.invoke(methodValue(method, object([], { isOpen: true })), [rowOf(source)], site);
  }

  #context(module: ParsedModule): Context {
    return this.#options.evaluator.moduleContext(module);
  }
}

interface Declaration {
  readonly options: ObjectValue;
  readonly owner: ClassValue;
  readonly argument: ast.Expression;
  readonly module: ParsedModule;
}

/** The uses of columns in one declaration. */
class ColumnUse {
  readonly #declaration: Declaration;
  readonly #parser: SqlParser;

  constructor(declaration: Declaration, parser: SqlParser) {
    this.#declaration = declaration;
    this.#parser = parser;
  }

  /** Conditions of TypeORM, or SQL. */
  ofPredicate(entity: Entity, where: Value | undefined): readonly UsedColumn[] {
    if (where?.kind === 'array') return where.items.flatMap((item) => this.ofPredicate(entity, item));
    if (where?.kind !== 'object') return this.#ofSql(entity, 'where', where);
    return pathsOf(where).flatMap((property) => this.#ofProperty(entity, 'where', property));
  }

  ofNames(entity: Entity, option: string, values: readonly (Value | undefined)[]): readonly UsedColumn[] {
    return values.flatMap((value) => this.#ofProperty(entity, option, knownText(value)));
  }

  /** SQL expressions by property. */
  ofExpressions(
    { source, target }: { readonly source: Entity; readonly target: Entity },
    method: string,
    value: Value | undefined,
  ): readonly UsedColumn[] {
    if (value?.kind !== 'object') return [];
    return [...value.properties].flatMap(([property, expression]) => [
      ...this.#ofProperty(target, method, property),
      ...this.#ofSql(source, method, expression),
    ]);
  }

  #ofProperty(entity: Entity, option: string, property: string | undefined): readonly UsedColumn[] {
    return entity.columns
      .filter((column) => column.property === property)
      .map(({ names, isDoubtful }) => ({
        table: entity.table,
        property: property ?? '',
        names,
        isDoubtful: isDoubtful || entity.isDoubtful,
        option,
        site: this.#siteOf(option),
      }));
  }

  #ofSql(entity: Entity, option: string, value: Value | undefined): readonly UsedColumn[] {
    return columnsOfSql(this.#parser, value, entity.table).map(({ table, column }) => {
      const isOwn = table === entity.table;
      // The row's references have the first of the names that the property may have.
      const known = isOwn ? entity.columns.find(({ names }) => names[0] === column) : undefined;
      return {
        table,
        property: column,
        names: known?.names ?? [column],
        isDoubtful: (known?.isDoubtful ?? false) || (isOwn && entity.isDoubtful),
        option,
        site: this.#siteOf(option),
      };
    });
  }

  /** The option or method in the code, else the class. */
  #siteOf(option: string): Site {
    const { owner, argument, module } = this.#declaration;
    const inOptions = argument.type === 'ObjectExpression' ? argument.properties : [];
    const node = [...inOptions, ...owner.node.body.body].find(
      (member) => 'key' in member && member.key.type === 'Identifier' && member.key.name === option,
    );
    return siteOf(node && 'key' in node ? node.key : (owner.node.id ?? owner.node), module);
  }
}

/** The properties of a condition; those of embedded objects by their path. */
function pathsOf(where: ObjectValue): readonly string[] {
  return [...where.properties].flatMap(([name, value]) =>
    value.kind === 'object' && !value.class && value.properties.size > 0
      ? [name, ...pathsOf(value).map((inner) => `${name}.${inner}`)]
      : [name],
  );
}

function itemsOf(value: Value | undefined): readonly Value[] {
  return value?.kind === 'array' ? value.items : [];
}

/** The row that `set` and `copy` get: its properties are references to columns. */
function rowOf({ columns }: Entity): Value {
  return object(
    columns.map(({ property, names: [name = ''] }) => [property, text(`${THIS_ROW}."${name}"`)] as const),
    { isOpen: true },
  );
}

function siteAt({ start, end }: ast.Expression, context: Context): CallSite {
  return { node: impliedCall({ start, end }), context, callee: 'Backfill' };
}

/** What the module calls the decorator: `import { Backfill } from 'nestjs-backfill'`. */
function importedName({ program }: ParsedModule): string | undefined {
  for (const statement of program.body)
    if (statement.type === 'ImportDeclaration' && statement.source.value === 'nestjs-backfill')
      for (const specifier of statement.specifiers)
        if (
          specifier.type === 'ImportSpecifier' &&
          specifier.imported.type === 'Identifier' &&
          specifier.imported.name === 'Backfill'
        )
          return specifier.local.name;
  return undefined;
}

function decoratorCall(node: ast.Class, name: string): ast.CallExpression | undefined {
  return node.decorators
    .map(({ expression }) => expression)
    .find(
      (expression): expression is ast.CallExpression =>
        expression.type === 'CallExpression' &&
        expression.callee.type === 'Identifier' &&
        expression.callee.name === name,
    );
}
