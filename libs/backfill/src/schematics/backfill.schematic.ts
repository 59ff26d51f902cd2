import { posix } from 'node:path';
import type { Application } from './application/application.js';
import { chooseEntity } from './application/entity.choice.js';
import { readEntities } from './application/entity.reader.js';
import type { EntityClass } from './application/entity.types.js';
import { importPath } from './application/module-path.js';
import { findNamingStrategy } from './application/naming-strategy.finder.js';
import {
  folderFor,
  readApplication,
  requiredName,
  type GeneratorOptions,
} from './application/project.reader.js';
import type { Rule } from './devkit.types.js';
import { pascalCase } from './names.js';
import { provideClass } from './provide-class.js';
import { SchematicError } from './schematic.error.js';
import { GENERATED_KINDS, type BackfillPlan, type GeneratedKind } from './templates/backfill.plan.js';
import { backfillSource } from './templates/backfill.template.js';
import { specSource } from './templates/spec.template.js';

export interface BackfillGeneratorOptions extends GeneratorOptions {
  readonly kind?: string;
  /** The command line of Nest knows this option only, so it is another name of `kind`. */
  readonly type?: string;
  readonly entity?: string;
}

/** Writes the class of a backfill and its spec, and adds the class to the providers of a module. */
export function backfill(options: BackfillGeneratorOptions): Rule {
  return (tree, context) => {
    const app = readApplication(tree, options);
    const entities = readEntities(app);
    const plan = planOf(options, entities);
    // The third argument of `nest g` is an entity, or a folder.
    const isEntity = entities.some(({ name }) => name === options.path);
    const folder = folderFor(app, isEntity ? { ...options, path: '' } : options, {
      ending: /\.backfill\.ts$/,
      usual: 'backfills',
    });
    const file = posix.join(folder, `${plan.name}.backfill.ts`);
    const spec = posix.join(folder, `${plan.name}.backfill.${options.specFileSuffix ?? 'spec'}.ts`);
    refuseExisting(app, file);
    tree.create(
      file,
      backfillSource(plan, (to) => importPath(app, file, to)),
    );
    if (options.spec !== false) tree.create(spec, specOf(app, { plan, entities, file, spec }));
    if (options.skipImport !== true)
      provideClass({ tree, app, context }, { className: plan.className, file });
    context.logger.info(
      `Next: write what is marked TODO in ${file}${options.spec === false ? '' : `, and run its test ${spec}`}`,
    );
  };
}

function planOf(options: BackfillGeneratorOptions, entities: readonly EntityClass[]): BackfillPlan {
  const name = requiredName(options, 'npx nest g -c nestjs-backfill backfill leads-search-name');
  const kind = kindOf(options);
  const given = options.entity ?? entities.find((each) => each.name === options.path)?.name;
  const [from = name, to] = kind === 'copy' ? name.split(/-(?:in)?to-/) : [name];
  const { entity, property } = chooseEntity(entities, from, given);
  if (kind === 'copy' && to === undefined)
    throw new SchematicError(
      name,
      'the name of a copy does not say into which entity',
      'Name both tables, e.g. leads-to-archived-leads.',
    );
  return {
    name,
    className: pascalCase(name),
    kind,
    entity,
    property:
      property ?? (kind === 'purge' ? entity.properties.find(({ role }) => role === 'deleted') : undefined),
    into: to === undefined ? undefined : chooseEntity(entities, to, undefined).entity,
  };
}

function kindOf({ kind, type }: BackfillGeneratorOptions): GeneratedKind {
  const given = kind ?? type ?? 'set';
  const known = GENERATED_KINDS.find((each) => each === given);
  if (known) return known;
  throw new SchematicError(
    '--kind',
    `\`${given}\` is not a kind of backfills`,
    `Give one of ${GENERATED_KINDS.join(', ')}.`,
  );
}

function specOf(
  app: Application,
  {
    plan,
    entities,
    file,
    spec,
  }: { plan: BackfillPlan; entities: readonly EntityClass[]; file: string; spec: string },
): string {
  return specSource(plan, {
    entities: new Map(entities.map((each) => [each.name, each])),
    importOf: (to) => importPath(app, spec, to),
    backfillFile: file,
    runner: 'vitest' in app.packages ? 'vitest' : 'jest',
    namingStrategy: findNamingStrategy(app, spec),
  });
}

/** @throws SchematicError */
export function refuseExisting(app: Application, file: string): void {
  if (app.exists(file))
    throw new SchematicError(file, 'the file exists already', 'Give another name, or remove the file.');
}
