import { HITS } from './probes.mjs';

/** Before the modules of a spec are loaded. */
/** @type {any} */ (globalThis)[HITS] = new Set();
