import {
  HANDOVER_VARIABLE,
  handOver,
  takeHandover,
  type Handover,
} from '../../../libs/backfill/src/one-shot/nest-cli/handover.ts';
import { descendsFrom, processGroup } from '../../../libs/backfill/src/one-shot/nest-cli/process-ancestry.ts';

function environment(handover: Partial<Handover> | string): NodeJS.ProcessEnv {
  const text = typeof handover === 'string' ? handover : JSON.stringify(handover);
  return { PATH: '/bin', [HANDOVER_VARIABLE]: text };
}

const child = { descendsFrom: (pid: number) => pid === 7, group: () => 3 };

describe('what `nest start` hands to the application', () => {
  it('reaches the process that it started, once, and none after it', () => {
    const env = environment({ from: 7, group: 3, arguments: ['--backfill', 'a b'] });
    expect(takeHandover(env, child)).toEqual({ arguments: ['--backfill', 'a b'], wanted: true });
    expect(env).toEqual({ PATH: '/bin' });
    expect(takeHandover(env, child)).toBeUndefined();
  });

  it('does not turn a server into a one-shot run that inherits it from somewhere else', () => {
    const env = environment({ from: 8, group: 4, arguments: ['--backfill'] });
    expect(takeHandover(env, child)).toBeUndefined();
    expect(env).toEqual({ PATH: '/bin' });
  });

  it('is not wanted any more once the command line has ended, but starts no server either', () => {
    const env = environment({ from: 8, group: 3, arguments: ['--backfill'] });
    expect(takeHandover(env, child)).toEqual({ arguments: ['--backfill'], wanted: false });
  });

  it.each(['', '{', 'null', '[]', '{"from":7}', '{"from":7,"group":3,"arguments":[1]}'])(
    'is ignored when it is not what the plugin writes: %s',
    (text) => {
      expect(takeHandover(environment(text), child)).toBeUndefined();
    },
  );

  it('is written for the process that writes it', () => {
    const env: NodeJS.ProcessEnv = {};
    handOver(['--status'], env);
    expect(JSON.parse(env[HANDOVER_VARIABLE] ?? '')).toEqual({
      from: process.pid,
      group: processGroup() ?? null,
      arguments: ['--status'],
    });
  });
});

describe('the ancestry of a process', () => {
  it('holds its parent and those above it, not itself, and nobody who is gone', () => {
    expect(descendsFrom(process.ppid)).toBe(true);
    expect(descendsFrom(process.pid)).toBe(false);
    expect(descendsFrom(2 ** 30)).toBe(false);
  });
});
