import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import type * as ast from 'oxc-parser';
import { attempt } from '../evaluate/attempt.js';
import { keyName } from '../evaluate/classes/classes.js';
import type { Evaluator } from '../evaluate/evaluator.js';
import { type ExportedValue, itemsOf } from '../evaluate/migrations/exported-values.js';
import {
  type MigrationCandidate,
  migrationsOf,
  unreadCandidate,
} from '../evaluate/migrations/migration-classes.js';
import { knownText } from '../evaluate/values/text-value.js';
import { walkNodes } from '../extract/code/syntax.js';
import { configurations, sourceFiles, sourceRoot } from '../source/application-sources.js';
import type { ModuleLoader } from '../source/module-loader.js';
import type { ParsedModule } from '../source/parsed-module.js';

const DATA_SOURCE = /\b(?:DataSource|Connection|TypeOrm|typeorm)/;
const HAS_LIST = /\bmigrations['"]?\s*:/;

/** The migrations that a data source lists by class. */
export interface DataSourceList {
  readonly module: ParsedModule;
  readonly migrations: readonly MigrationCandidate[];
  /** It also has globs or folders, which may be the checked ones. */
  readonly hasPaths: boolean;
}

export interface DataSourceSearch {
  readonly evaluator: Evaluator;
  readonly loader: ModuleLoader;
  /** What is checked. Of a single file, the data sources do not matter. */
  readonly paths: readonly string[];
  readonly isChecked: (path: string) => boolean;
}

/**
 * Finds `migrations: [AddStatus, …]` of the data sources of the checked folders. A list of which no class is
 * checked belongs to another database, unless it is the only one.
 */
export function dataSourceLists(search: DataSourceSearch): readonly DataSourceList[] {
  const folders = search.paths.map((path) => resolve(path)).filter((path) => statSync(path).isDirectory());
  const roots = [...new Set(folders.map((folder) => sourceRoot(folder)))];
  const files = new Set([...sourceFiles(roots, search.loader.files), ...configurations(roots)]);
  const lists = [...files]
    .flatMap((path) => listsOf(path, search))
    .filter(({ migrations }) => migrations.length > 0);
  const isOwn = ({ migrations, hasPaths }: DataSourceList): boolean =>
    hasPaths || lists.length === 1 || migrations.some(({ module }) => search.isChecked(module.source.path));
  return lists.filter(isOwn);
}

function listsOf(path: string, { evaluator, loader }: DataSourceSearch): readonly DataSourceList[] {
  if (!/\.[cm]?[jt]s$/.test(path)) return [];
  const text = loader.files.read(path);
  if (text === undefined || !HAS_LIST.test(text) || !DATA_SOURCE.test(text)) return [];
  const parsed = loader.load(path, text);
  if (!parsed?.ok) return [];
  const { module } = parsed;
  return lists(module).map((node) => {
    const values = attempt(evaluator, () => {
      const value = evaluator.evaluate(node, evaluator.moduleContext(module));
      return itemsOf(evaluator, { name: '', value }).map(named);
    });
    if (!values) return unreadList(module);
    return {
      module,
      migrations: migrationsOf(evaluator, values, module),
      hasPaths: values.some((each) => knownText(each.value) !== undefined),
    };
  });
}

/** Nothing is known of its migrations, so they count as those of the checked database. */
function unreadList(module: ParsedModule): DataSourceList {
  const reason = 'the list of migrations takes too many steps to follow';
  return { module, migrations: [unreadCandidate('', module, reason)], hasPaths: true };
}

/** An item that was not read has the name that stands in the list. */
function named({ name, value }: ExportedValue): ExportedValue {
  return value.kind === 'unknown' && name === '' ? { name: value.expression, value } : { name, value };
}

/** The values of `migrations:` in the options of a data source. */
function lists({ program }: ParsedModule): readonly ast.Expression[] {
  const found: ast.Expression[] = [];
  walkNodes(program, (node) => {
    if (node.type === 'Property' && node.kind === 'init' && keyName(node.key) === 'migrations')
      if (node.value.type !== 'ObjectExpression' && !/Function|Pattern/.test(node.value.type))
        found.push(node.value as ast.Expression);
    return true;
  });
  return found;
}
