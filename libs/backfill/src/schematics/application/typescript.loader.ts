import { createRequire } from 'node:module';
import { join } from 'node:path';
import type ts from 'typescript';
import { SchematicError } from '../schematic.error.js';

export type TypeScript = typeof ts;

/**
 * TypeScript as the application has it installed: the library does not depend on it.
 *
 * @throws SchematicError if it is missing, or has no compiler API
 */
export function loadTypeScript(): TypeScript {
  const require = createRequire(join(process.cwd(), 'package.json'));
  let loaded: Partial<TypeScript>;
  try {
    loaded = require('typescript') as Partial<TypeScript>;
  } catch {
    throw new SchematicError(
      'typescript',
      'the application has no TypeScript, with which the generators read its sources',
      'Install it: npm install --save-dev typescript',
    );
  }
  if (loaded.createSourceFile === undefined)
    throw new SchematicError(
      'typescript',
      'the installed version of TypeScript has no compiler API',
      'Install a version that the command line of Nest works with: npm install --save-dev typescript@6',
    );
  return loaded as TypeScript;
}
