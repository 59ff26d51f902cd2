import {
  INHERITED_ARGUMENTS_VARIABLE,
  passArguments,
  takeInheritedArguments,
  type PassedArguments,
} from '../../../libs/backfill/src/one-shot/nest-cli/inherited-arguments.ts';
import { descendsFrom, processGroup } from '../../../libs/backfill/src/one-shot/nest-cli/process-ancestry.ts';

function environment(passed: Partial<PassedArguments> | string): NodeJS.ProcessEnv {
  const text = typeof passed === 'string' ? passed : JSON.stringify(passed);
  return { PATH: '/bin', [INHERITED_ARGUMENTS_VARIABLE]: text };
}

/** A child of process 7 in process group 3. */
const child = { descendsFrom: (pid: number) => pid === 7, group: () => 3 };

describe('the arguments that `nest start` passes on', () => {
  it('reach the process that it starts, once, and no process after it', () => {
    const env = environment({ from: 7, group: 3, arguments: ['--backfill', 'a b'] });
    expect(takeInheritedArguments(env, child)).toEqual({
      arguments: ['--backfill', 'a b'],
      commandLine: 'alive',
    });
    expect(env).toEqual({ PATH: '/bin' });
    expect(takeInheritedArguments(env, child)).toBeUndefined();
  });

  it('do not turn a server that inherits them from another process into a one-shot run', () => {
    const env = environment({ from: 8, group: 4, arguments: ['--backfill'] });
    expect(takeInheritedArguments(env, child)).toBeUndefined();
    expect(env).toEqual({ PATH: '/bin' });
  });

  it('still prevent the start of a server when the command line has ended', () => {
    const env = environment({ from: 8, group: 3, arguments: ['--backfill'] });
    expect(takeInheritedArguments(env, child)).toEqual({ arguments: ['--backfill'], commandLine: 'ended' });
  });

  it.each(['', '{', 'null', '[]', '{"from":7}', '{"from":7,"group":3,"arguments":[1]}'])(
    'are ignored when they do not have the format of the plugin: %s',
    (text) => {
      expect(takeInheritedArguments(environment(text), child)).toBeUndefined();
    },
  );

  it('name the process that passes them', () => {
    const env: NodeJS.ProcessEnv = {};
    passArguments(['--status'], env);
    expect(JSON.parse(env[INHERITED_ARGUMENTS_VARIABLE] ?? '')).toEqual({
      from: process.pid,
      group: processGroup() ?? null,
      arguments: ['--status'],
    });
  });
});

describe('the ancestry of a process', () => {
  it('contains its parents, but neither the process itself nor a process that has ended', () => {
    expect(descendsFrom(process.ppid)).toBe(true);
    expect(descendsFrom(process.pid)).toBe(false);
    expect(descendsFrom(2 ** 30)).toBe(false);
  });
});
