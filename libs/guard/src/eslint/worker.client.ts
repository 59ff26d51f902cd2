import { MessageChannel, receiveMessageOnPort, Worker, type MessagePort } from 'node:worker_threads';
import type { CheckedFile, FileCheck, FileCheckSettings } from './file-check.js';

/** A question to the worker thread. */
export interface CheckRequest {
  readonly file: string;
  readonly text: string;
  readonly settings: FileCheckSettings;
}

/** Its answer. */
export type CheckResponse =
  { readonly checked: CheckedFile; readonly error?: never } | { readonly error: unknown };

/** What the worker thread gets when it starts. */
export interface CheckWorkerData {
  readonly port: MessagePort;
  /** One number, which is 1 when an answer is ready. */
  readonly ready: Int32Array;
}

/** A check that waits for a worker thread. The thread starts at the first file and does not keep the process alive. */
export function checkInWorker(): FileCheck {
  let worker: CheckWorkerData | undefined;
  return (file, text, settings) => {
    worker ??= startWorker();
    const response = ask(worker, { file, text, settings });
    if ('checked' in response) return response.checked;
    throw response.error;
  };
}

function startWorker(): CheckWorkerData {
  const { port1, port2 } = new MessageChannel();
  const ready = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  const workerData: CheckWorkerData = { port: port2, ready };
  const worker = new Worker(new URL('./check.worker.js', import.meta.url), {
    workerData,
    transferList: [port2],
  });
  worker.unref();
  port1.unref();
  return { port: port1, ready };
}

function ask({ port, ready }: CheckWorkerData, request: CheckRequest): CheckResponse {
  Atomics.store(ready, 0, 0);
  port.postMessage(request);
  Atomics.wait(ready, 0, 0);
  return receiveMessageOnPort(port)?.message as CheckResponse;
}
