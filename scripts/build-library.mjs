// Builds the package in the current folder: ES modules and type declarations with tsc into dist, and the same
// as CommonJS into dist/cjs. `node ../../scripts/build-library.mjs [ES-MODULE-ONLY-FILE…]`
import { transformFile } from '@swc/core';
import { execFileSync } from 'node:child_process';
import { chmod, copyFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** Files with a top-level await, which CommonJS does not have, and that no file of dist/cjs imports. */
const esModulesOnly = new Set(process.argv.slice(2));

const NODE_REQUIRE =
  '((module) => (Object.getPrototypeOf(module).createRequire ?? module.createRequire)(__filename))(require("node:module"))';

await rm('dist', { recursive: true, force: true });
const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
execFileSync(process.execPath, [tsc, '-p', 'tsconfig.lib.json'], { stdio: 'inherit' });

const modules = (await filesOf('src', '.ts')).filter((file) => !esModulesOnly.has(file));
const declarations = await filesOf('dist', '.d.ts');
await mkdir('dist/cjs');
await writeFile('dist/cjs/package.json', '{ "type": "commonjs" }\n');
await Promise.all([...modules.map(writeCommonJs), ...declarations.map(copyDeclaration)]);

await removeUnreachableDeclarations();

const { bin = {} } = JSON.parse(await readFile('package.json', 'utf8'));
await Promise.all(Object.values(bin).map((file) => chmod(file, 0o755)));

/** The size of an installation is limited: declarations that no entry point leads to serve nobody. */
async function removeUnreachableDeclarations() {
  const manifest = JSON.parse(await readFile('package.json', 'utf8'));
  const queue = Object.values(manifest.exports).flatMap((target) =>
    Object.values(target).flatMap(({ types }) => (types ? [join(types)] : [])),
  );
  const reached = new Set();
  for (let file = queue.pop(); file !== undefined; file = queue.pop()) {
    if (reached.has(file)) continue;
    reached.add(file);
    const text = await readFile(file, 'utf8');
    for (const [, path = ''] of text.matchAll(/\b(?:from|import)\s*\(?['"](\.[^'"]+)\.js['"]/g))
      queue.push(join(dirname(file), `${path}.d.ts`));
  }
  const files = (await filesOf('dist', '.d.ts')).map((file) => join('dist', file));
  await Promise.all(files.filter((file) => !reached.has(file)).map((file) => rm(file)));
}

/** Paths relative to the folder. @param {string} folder @param {string} ending */
async function filesOf(folder, ending) {
  return (await readdir(folder, { recursive: true })).filter((file) => file.endsWith(ending));
}

/** @param {string} file a path below src */
async function writeCommonJs(file) {
  const { code } = await transformFile(join('src', file), {
    swcrc: false,
    jsc: {
      target: 'es2023',
      parser: { syntax: 'typescript', decorators: true },
      transform: { legacyDecorator: true, decoratorMetadata: true },
      // The size of an installation is limited, and the ES modules are there to be read. Names stay, for stack traces.
      minify: { compress: false, mangle: false, format: { comments: false } },
    },
    minify: true,
    // It writes import.meta as its CommonJS equivalents, and import() as require().
    module: { type: 'commonjs', importInterop: 'node' },
  });
  await write(join('dist/cjs', file.replace(/\.ts$/, '.js')), loadedByNode(code));
}

/**
 * oxc-parser has ES modules only. Node.js loads them with `require()`; the `require()` of Jest does not. In Jest,
 * the class of `node:module` extends the one of Node.js, whose `createRequire` is taken here.
 *
 * @param {string} code
 */
function loadedByNode(code) {
  return code.replaceAll('require("oxc-parser")', `${NODE_REQUIRE}("oxc-parser")`);
}

/** @param {string} file a path below dist */
async function copyDeclaration(file) {
  if (esModulesOnly.has(file.replace(/\.d\.ts$/, '.ts'))) return;
  const target = join('dist/cjs', file);
  await mkdir(dirname(target), { recursive: true });
  await copyFile(join('dist', file), target);
}

/** @param {string} file @param {string} text */
async function write(file, text) {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
}
