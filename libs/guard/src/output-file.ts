import { writeFileSync } from 'node:fs';
import { OutputFileError } from './guard.error.js';

/** @throws {OutputFileError} so that a full disk does not end the check with the exit code of a violation */
export function writeOutput(file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (error) {
    throw new OutputFileError(file, error);
  }
}
