import { isBuiltin } from 'node:module';

/** Names that JavaScript and Node.js define, without the ones that give access to other globals. */
const GLOBALS = new Set(
  `AggregateError Atomics DOMException Event EventTarget File FinalizationRegistry MessageChannel Proxy ReadableStream
  SharedArrayBuffer WebAssembly navigator AbortController AbortSignal Array ArrayBuffer BigInt BigInt64Array Blob Boolean Buffer DataView Date Error EvalError
  Float32Array Float64Array FormData Function Headers Infinity Int16Array Int32Array Int8Array Intl Iterator JSON Map Math
  NaN Number Object Promise RangeError ReferenceError Reflect RegExp Request Response Set String Symbol SyntaxError
  TextDecoder TextEncoder TypeError URIError URL URLSearchParams Uint16Array Uint32Array Uint8Array WeakMap WeakRef WeakSet
  Bun Deno atob btoa clearImmediate clearInterval clearTimeout console crypto decodeURI decodeURIComponent encodeURI
  encodeURIComponent escape fetch isFinite isNaN module parseFloat parseInt performance process queueMicrotask require
  setImmediate setInterval setTimeout structuredClone unescape __dirname __filename import exports eval
  jest describe it test expect beforeAll afterAll`.split(/\s+/),
);

/** Modules of Node.js whose objects call code that others registered. */
const CALLS_OTHERS = /^(?:events|diagnostics_channel|async_hooks|domain|cluster|worker_threads)\b/;

const GLOBAL_OBJECT = /^(?:globalThis|global|window|self)(?:\.|$)/;

/** Kinds of values whose methods are named like globals, e.g. `text.trim`. */
const KINDS = /^(?:array|text|function|database|super|import|promise|typeorm|nest|application)$/;

/** Members through which a program reaches modules that others loaded. */
const LOADED_MODULES = /^(?:require\.(?:main|cache)|module\.(?:parent|children)|process\.mainModule)\b/;

/** Is the dotted name one of JavaScript or Node.js? Any other global belongs to the application. */
export function isPlatform(name: string): boolean {
  const [root = '', member] = name.replace(GLOBAL_OBJECT, '').split('.');
  if (root === '') return true;
  if (CALLS_OTHERS.test(root) || LOADED_MODULES.test(`${root}.${member ?? ''}`)) return false;
  if (GLOBALS.has(root) && (member === undefined || hasMember(root, member))) return true;
  return KINDS.test(root) || (isBuiltin(root) && root !== 'process');
}

/** An application may add members to objects of the platform: `process.dataSource`. */
function hasMember(root: string, member: string): boolean {
  const value = (globalThis as Readonly<Record<string, unknown>>)[root];
  return value === undefined || value === null || member in Object(value);
}
