import { join } from 'node:path';
import { Application } from 'typedoc';

/** The entry points of each package, by the name of their part of the API pages. */
const PACKAGES = {
  backfill: [
    'index',
    'entry-points/errors',
    'entry-points/operate',
    'entry-points/reports',
    'entry-points/steps',
    'testing/index',
  ],
  dashboard: ['index'],
  guard: ['index', 'testing/index'],
  sql: ['index'],
};

/**
 * Writes a page for each public class, function, interface and type, from the comments of the code.
 *
 * @param {string} project @param {string} folder
 */
export async function writeApiPages(project, folder) {
  for (const [name, entries] of Object.entries(PACKAGES)) {
    const library = join(project, 'libs', name);
    const app = await Application.bootstrapWithPlugins({
      plugin: ['typedoc-plugin-markdown'],
      tsconfig: join(library, 'tsconfig.lib.json'),
      entryPoints: entries.map((entry) => join(library, 'src', `${entry}.ts`)),
      basePath: join(library, 'src'),
      readme: 'none',
      disableSources: true,
      excludeInternal: true,
      excludePrivate: true,
      skipErrorChecking: true,
      logLevel: 'Error',
      blockTags: ['@param', '@returns', '@throws', '@default', '@example', '@see', '@deprecated'],
      modifierTags: ['@publicApi', '@internal', '@packageDocumentation'],
    });
    const reflection = await app.convert();
    if (reflection === undefined) throw new Error(`TypeDoc cannot read the package ${name}.`);
    /** @type {object} the options of the plug-in are not part of TypeDoc's type */
    const options = { entryFileName: 'index.md', hidePageHeader: true, hideBreadcrumbs: true };
    await app.outputs.writeOutput({ name: 'markdown', path: join(folder, name), options }, reflection);
  }
}
