#!/usr/bin/env node
import { EXIT } from './console.js';
import { run } from './run.js';

try {
  process.exitCode = await run(process.argv.slice(2), {
    out: (text) => process.stdout.write(text),
    error: (text) => process.stderr.write(text),
    colour: process.stdout.isTTY && process.env['NO_COLOR'] === undefined,
  });
} catch (error) {
  // An error in the guard itself: Node.js would exit with 1, which means new violations.
  console.error(error);
  process.exitCode = EXIT.unusable;
}
