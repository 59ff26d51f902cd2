import { existsSync } from 'node:fs';
import { basename, dirname, extname, join } from 'node:path';
import type { ParsedModule } from '../../source/parsed-module.js';
import type { HomeMethod } from '../code/migration-code.js';
import type { CodeUnit } from '../code/code-units.js';
import type { ContractPart } from '../code/move.types.js';
import { template } from './backfill.writer.js';
import type { Backfill, GeneratedFile } from './generated.types.js';
import type { Reversal } from './reversal.js';
import type { UsedCode } from './used-code.js';

export interface ContractOptions {
  readonly module: ParsedModule;
  readonly home: HomeMethod;
  readonly migration: string;
  readonly parts: readonly ContractPart[];
  readonly used: UsedCode;
  readonly backfills: readonly Backfill[];
  /** What reverts `parts`. */
  readonly reversal: Reversal;
}

export interface Contract {
  readonly className: string;
  readonly file: GeneratedFile;
}

/** The migration that runs when the backfills are complete. */
export function contractMigration(options: ContractOptions): Contract {
  const { module, migration, backfills } = options;
  const { className, path } = namesOf(module.source.path, migration);
  const isTyped = /\.[cm]?ts$/.test(path);
  const isCommonJs =
    module.commonJs !== undefined || /^\s*(?:exports|module\.exports)\b/m.test(module.source.text);
  const lines = bodyOf(options);
  const returns = isTyped ? ': Promise<void>' : '';
  const parameter = `${options.home.runner}${isTyped ? ': QueryRunner' : ''}`;
  const code = [
    ...(isCommonJs && !isTyped
      ? [`const { SchemaMigration } = require('nestjs-backfill');`]
      : [`import { SchemaMigration } from 'nestjs-backfill';`]),
    ...(isTyped ? [`import type { QueryRunner } from 'typeorm';`] : []),
    ...options.used.moduleCode.filter((text) => !/\bfrom\s+['"]typeorm['"]/.test(text)),
    '',
    `/** What ${migration} does after its data is changed. */`,
    `${isCommonJs && !isTyped ? 'module.exports = class' : 'export class'} ${className} extends SchemaMigration {`,
    `  static ${isTyped ? 'readonly ' : ''}requires = [${backfills.map(({ name }) => `'${name}'`).join(', ')}];`,
    `  static ${isTyped ? 'readonly ' : ''}onIncomplete = 'defer';`,
    '',
    `  async up(${parameter})${returns} {`,
    ...lines.map((line) => (line.trim() === '' ? '' : `    ${line}`)),
    '  }',
    '',
    ...downOf(options, { parameter, returns }),
    '}',
    '',
  ];
  return { className, file: { path, code: code.join('\n') } };
}

function downOf(
  { reversal, home }: ContractOptions,
  { parameter, returns }: { readonly parameter: string; readonly returns: string },
): readonly string[] {
  if (reversal.kind === 'impossible')
    return [
      `  async down()${returns} {`,
      `    throw new Error(${JSON.stringify(`This migration has no reverse: ${reversal.reason}.`)});`,
      '  }',
    ];
  if (reversal.statements.length === 0)
    return ['  /** Nothing needs to be reverted. */', `  async down()${returns} {}`];
  const statements = reversal.statements.map((sql) => `    await ${home.runner}.query(${template(sql)});`);
  return [`  async down(${parameter})${returns} {`, ...statements, '  }'];
}

function bodyOf({ home, parts, used }: ContractOptions): readonly string[] {
  const guard =
    home.name === 'up' ? [] : [`if (${home.runner}.connection.options.type !== 'postgres') return;`];
  const sent = parts.flatMap(({ unit, pieces }) =>
    pieces && pieces.length < (unit.sql?.length ?? 0)
      ? pieces.map(({ text }) => `await ${home.runner}.query(${template(text)});`)
      : unindented(unit),
  );
  return [...guard, ...used.units.flatMap(unindented), ...sent];
}

/** The lines of a unit without the indentation of its method. */
export function unindented({ text }: CodeUnit): readonly string[] {
  const [first = '', ...rest] = text.split('\n');
  const indents = rest.filter((line) => line.trim() !== '').map((line) => /^\s*/.exec(line)?.[0].length ?? 0);
  const indent = Math.min(...indents, Number.MAX_SAFE_INTEGER);
  return [first, ...rest.map((line) => line.slice(indent))];
}

/** The first name after the migration's that no file has. */
function namesOf(file: string, migration: string): { readonly className: string; readonly path: string } {
  const extension = extname(file);
  const stem = basename(file, extension);
  const [, stamp = '', rest = stem] = /^(\d{10,})(.*)$/.exec(stem) ?? [];
  const [, base = migration] = /^(.*?)(?:\d{10,})?$/.exec(migration) ?? [];
  for (let step = 1n; ; step++) {
    const next = stamp === '' ? String(step) : String(BigInt(stamp) + step);
    const name = stamp === '' ? `${stem}-contract` : `${next}${rest}-contract`;
    const path = join(dirname(file), `${name}${extension}`);
    if (!existsSync(path) || step > 50n)
      return { className: `${base}Contract${stamp === '' ? '' : next}`, path };
  }
}
