import type { Application } from './application/application.js';
import { importPath } from './application/module-path.js';
import { nearestModule } from './application/naming-strategy.finder.js';
import { findRootModule } from './application/root-module.finder.js';
import type { SchematicContext, Tree } from './devkit.types.js';
import { withModuleEntry } from './edit/module.edit.js';

/** What a generator works with. */
export interface Workplace {
  readonly tree: Tree;
  readonly app: Application;
  readonly context: SchematicContext;
}

/** Adds a generated class to the providers of the nearest module, or says how to do it by hand. */
export function provideClass(
  { tree, app, context }: Workplace,
  { className, file }: { readonly className: string; readonly file: string },
): void {
  const module = nearestModule(app, file, findRootModule(app)?.file);
  const byHand = `By hand: add ${className} to the \`providers\` of a module.`;
  if (module === undefined) {
    context.logger.warn(`No module was found. ${byHand}`);
    return;
  }
  const edit = withModuleEntry(app, module, {
    list: 'providers',
    expression: className,
    name: className,
    from: importPath(app, module, file),
  });
  if (edit.outcome === 'changed') tree.overwrite(module, edit.text);
  if (edit.outcome === 'not understood') context.logger.warn(`${edit.why}. ${byHand}`);
}
