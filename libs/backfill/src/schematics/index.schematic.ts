import { posix } from 'node:path';
import { chooseEntity } from './application/entity.choice.js';
import { readEntities } from './application/entity.reader.js';
import { importPath } from './application/module-path.js';
import {
  folderFor,
  readApplication,
  requiredName,
  type GeneratorOptions,
} from './application/project.reader.js';
import { refuseExisting } from './backfill.schematic.js';
import type { Rule } from './devkit.types.js';
import { pascalCase, snakeCase } from './names.js';
import { provideClass } from './provide-class.js';

export interface IndexGeneratorOptions extends GeneratorOptions {
  readonly entity?: string;
}

/** Writes an `@OnlineIndex`. A name such as `leads-without-search-name` makes it the index of the pending rows. */
export function index(options: IndexGeneratorOptions): Rule {
  return (tree, context) => {
    const app = readApplication(tree, options);
    const name = requiredName(options, 'npx nest g -c nestjs-backfill index leads-without-search-name');
    const entities = readEntities(app);
    const given = options.entity ?? entities.find((each) => each.name === options.path)?.name;
    const { entity, property } = chooseEntity(entities, name, given);
    const folder = folderFor(app, given === options.path ? { ...options, path: '' } : options, {
      ending: /\.index\.ts$/,
      usual: 'indexes',
    });
    const file = posix.join(folder, `${name}.index.ts`);
    const key = entity.properties.find(({ role }) => role === 'key')?.name ?? 'id';
    const isPartial = property !== undefined && name.includes('-without-');
    const options_ = [
      `name: '${snakeCase(name)}',`,
      `entity: ${entity.name},`,
      ...(property ? [] : ['// TODO: the columns']),
      `columns: ['${property && !isPartial ? property.name : key}'],`,
      ...(isPartial ? [`where: '${property.column} IS NULL',`] : []),
    ];
    refuseExisting(app, file);
    const className = pascalCase(name);
    tree.create(
      file,
      `import { OnlineIndex } from 'nestjs-backfill';
import { ${entity.name} } from '${importPath(app, file, entity.file)}';

@OnlineIndex<${entity.name}>({
${options_.map((line) => `  ${line}\n`).join('')}})
export class ${className} {}
`,
    );
    if (options.skipImport !== true) provideClass({ tree, app, context }, { className, file });
  };
}
