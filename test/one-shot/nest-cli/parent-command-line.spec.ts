import { argumentsOfParentNestCli } from '../../../libs/backfill/src/one-shot/nest-cli/parent-command-line.ts';
import {
  parentCommandLine,
  type CommandLineReader,
} from '../../../libs/backfill/src/one-shot/nest-cli/process-ancestry.ts';

const NEST = ['node', '/app/node_modules/.bin/nest', 'start', '-b', 'swc', '--backfill', '--plan'];
const SHELL = ['/bin/sh', '-c', 'node --enable-source-maps "/app/dist/main"'];

/** The parents of this process, the nearest first. */
function parents(...lines: readonly (readonly string[])[]): CommandLineReader {
  const left = lines.map((argv, at) => ({ pid: at + 2, argv }));
  return () => left.shift();
}

describe('`nest start` without the plugin, as with the SWC builder', () => {
  it.each([
    ['itself', [NEST]],
    ['through a shell', [SHELL, NEST]],
  ])('passes its one-shot arguments to the application that it starts %s', (_, lines) => {
    expect(argumentsOfParentNestCli(parents(...lines))).toEqual({
      arguments: ['--backfill', '--plan'],
      commandLine: 'alive',
    });
  });

  it('passes nothing to a process that the application starts', () => {
    expect(argumentsOfParentNestCli(parents(['node', 'dist/main'], SHELL, NEST))).toBeUndefined();
  });

  it('passes nothing if it starts a server, or is another program', () => {
    expect(
      argumentsOfParentNestCli(parents(SHELL, ['node', '/bin/nest', 'start', '--watch'])),
    ).toBeUndefined();
    expect(argumentsOfParentNestCli(parents(['node', 'run.js', 'start', '--backfill']))).toBeUndefined();
    expect(argumentsOfParentNestCli(parents())).toBeUndefined();
  });

  it('refuses what would start a server or start a run again and again', () => {
    expect(() => argumentsOfParentNestCli(parents(['node', '/bin/nest', 'start', '--backfil']))).toThrow(
      'Did you mean --backfill?',
    );
    expect(() => argumentsOfParentNestCli(parents([...NEST, '--watch']))).toThrow('--watch');
  });

  it('reads the arguments of a real process', () => {
    const parent = parentCommandLine(process.pid);
    expect(parent?.pid).toBe(process.ppid);
    expect(parent?.argv.length).toBeGreaterThan(0);
  });
});
