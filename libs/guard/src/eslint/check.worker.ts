import { workerData } from 'node:worker_threads';
import type { FileCheck } from './file-check.js';
import type { CheckRequest, CheckResponse, CheckWorkerData } from './worker.client.js';

/** The worker thread of `required-plugin.ts`, which waits for each answer. */
const { port, ready } = workerData as CheckWorkerData;
let loading: Promise<FileCheck> | undefined;

port.on('message', (request: CheckRequest) => {
  void respond(request).then((response) => {
    port.postMessage(response);
    Atomics.store(ready, 0, 1);
    Atomics.notify(ready, 0);
  });
});

async function respond({ file, text, settings }: CheckRequest): Promise<CheckResponse> {
  try {
    loading ??= load();
    const check = await loading;
    return { checked: check(file, text, settings) };
  } catch (error) {
    return { error };
  }
}

/** The imports are here, because ESLint would wait forever for a thread that cannot load them. */
async function load(): Promise<FileCheck> {
  const { loadClassifier } = await import('nestjs-backfill-sql');
  const { loadParser } = await import('nestjs-backfill-sql/tree');
  const { fileCheck } = await import('./file-check.js');
  return fileCheck(await loadClassifier(), await loadParser());
}
