import { isBuiltin } from 'node:module';

/** Names that JavaScript and Node.js define, without the ones that give access to other globals. */
const GLOBALS = new Set(
  `AbortController AbortSignal Array ArrayBuffer BigInt BigInt64Array Blob Boolean Buffer DataView Date Error EvalError
  Float32Array Float64Array FormData Function Headers Infinity Int16Array Int32Array Int8Array Intl Iterator JSON Map Math
  NaN Number Object Promise RangeError ReferenceError Reflect RegExp Request Response Set String Symbol SyntaxError
  TextDecoder TextEncoder TypeError URIError URL URLSearchParams Uint16Array Uint32Array Uint8Array WeakMap WeakRef WeakSet
  atob btoa clearImmediate clearInterval clearTimeout console crypto decodeURI decodeURIComponent encodeURI
  encodeURIComponent escape fetch isFinite isNaN module parseFloat parseInt performance process queueMicrotask require
  setImmediate setInterval setTimeout structuredClone unescape __dirname __filename import exports eval
  jest describe it test expect beforeAll afterAll`.split(/\s+/),
);

/** Modules of Node.js whose objects call code that others registered. */
const CALLS_OTHERS = /^(?:events|diagnostics_channel|async_hooks|domain|cluster|worker_threads)\b/;

const GLOBAL_OBJECT = /^(?:globalThis|global|window|self)\./;

/** Is the dotted name one of JavaScript or Node.js? Any other global belongs to the application. */
export function isPlatform(name: string): boolean {
  const path = name.replace(GLOBAL_OBJECT, '');
  const root = /^[\w$/]+/.exec(path)?.[0] ?? '';
  if (CALLS_OTHERS.test(root)) return false;
  return (
    GLOBALS.has(root) ||
    /^(?:array|text|function|database|super|import|node|promise)$/.test(root) ||
    isBuiltin(root)
  );
}
