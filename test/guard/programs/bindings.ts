import type { Binding } from './program.types.ts';

const LATE = `import * as late from './late.mjs';`;

/** Ways in which a program sets a value before its migration runs. */
export const BINDINGS: readonly Binding[] = [
  // In the migration's own file.
  {
    head: `let value;\nexport function use(v) { value = v; }`,
    boot: 'migration.use(VALUE);',
    expression: 'value',
  },
  {
    head: `let value = null;\nexport const use = (v) => { value = v; };`,
    boot: 'migration.use(VALUE);',
    expression: 'value',
  },
  {
    head: `export const holder = { value: undefined };`,
    boot: 'migration.holder.value = VALUE;',
    expression: 'holder.value',
  },
  {
    head: `export const holder = {};`,
    boot: `migration.holder['value'] = VALUE;`,
    expression: 'holder.value',
  },
  {
    head: `export const holder = { inner: {} };`,
    boot: `migration.holder.inner.value = VALUE;`,
    expression: `holder['inner'].value`,
  },
  {
    head: `export const holder = {};`,
    boot: `Object.assign(migration.holder, { value: VALUE });`,
    expression: 'holder.value',
  },
  {
    head: `export const holder = {};`,
    boot: `Object.defineProperty(migration.holder, 'value', { get: () => VALUE });`,
    expression: 'holder.value',
  },
  {
    head: `const list = [];\nexport const add = (v) => { list.push(v); };`,
    boot: 'migration.add(VALUE);',
    expression: 'list[0]',
  },
  { head: `export const list = [];`, boot: 'migration.list.push(VALUE);', expression: 'list.at(-1)' },
  {
    head: `const map = new Map();\nexport const add = (v) => { map.set('main', v); };`,
    boot: 'migration.add(VALUE);',
    expression: `map.get('main')`,
  },
  {
    head: `export const map = new Map();`,
    boot: `migration.map.set('main', VALUE);`,
    expression: `[...map.values()][0]`,
  },
  {
    head: `const set = new Set();\nexport const add = (v) => { set.add(v); };`,
    boot: 'migration.add(VALUE);',
    expression: '[...set][0]',
  },
  {
    head: `const key = Symbol('value');\nconst holder = {};\nexport const use = (v) => { holder[key] = v; };`,
    boot: 'migration.use(VALUE);',
    expression: 'holder[key]',
  },
  {
    head: `let value;\nconst get = () => value;\nexport const use = (v) => { value = v; };`,
    boot: 'migration.use(VALUE);',
    expression: 'get()',
  },
  {
    head: `const cell = (() => { let inner; return { set: (v) => { inner = v; }, get: () => inner }; })();\nexport const use = (v) => cell.set(v);`,
    boot: 'migration.use(VALUE);',
    expression: 'cell.get()',
  },
  {
    head: `let value;\nexport const use = ({ v }) => { ({ value } = { value: v }); };`,
    boot: 'migration.use({ v: VALUE });',
    expression: 'value',
  },
  {
    head: `let found;\nexport const use = (all) => { for (found of all); };`,
    boot: 'migration.use([VALUE]);',
    expression: 'found',
  },
  {
    head: `class Holder { static value; }\nexport const use = (v) => { Holder.value = v; };`,
    boot: 'migration.use(VALUE);',
    expression: 'Holder.value',
  },
  {
    head: `class Holder { static use(v) { this.value = v; } }\nexport const use = (v) => Holder.use(v);`,
    boot: 'migration.use(VALUE);',
    expression: 'Holder.value',
  },
  {
    head: `class Holder { value = undefined; use(v) { this.value = v; } }\nexport const holder = new Holder();`,
    boot: 'migration.holder.use(VALUE);',
    expression: 'holder.value',
  },
  {
    head: `class Holder { #value; use(v) { this.#value = v; } get value() { return this.#value; } }\nexport const holder = new Holder();`,
    boot: 'migration.holder.use(VALUE);',
    expression: 'holder.value',
  },
  {
    head: `class Holder { static #one; static get() { Holder.#one ??= new Holder(); return Holder.#one; } value = null; }\nexport { Holder };`,
    boot: 'migration.Holder.get().value = VALUE;',
    expression: 'Holder.get().value',
  },
  {
    head: `class Base { value; }\nclass Holder extends Base {}\nexport const holder = new Holder();`,
    boot: 'migration.holder.value = VALUE;',
    expression: 'holder.value',
  },
  {
    head: `function Holder() {}\nHolder.prototype.value = undefined;\nexport { Holder };`,
    boot: 'migration.Holder.prototype.value = VALUE;',
    expression: 'new Holder().value',
  },
  {
    head: `const fallback = { value: undefined };\nconst holder = Object.create(fallback);\nexport { fallback };`,
    boot: 'migration.fallback.value = VALUE;',
    expression: 'holder.value',
  },
  {
    head: `let resolve;\nconst ready = new Promise((r) => { resolve = r; });\nexport const use = (v) => resolve(v);`,
    boot: 'migration.use(VALUE);',
    expression: '(await ready)',
  },
  {
    head: `export function find() { return find.value; }`,
    boot: 'migration.find.value = VALUE;',
    expression: 'find()',
  },
  {
    head: `export const services = new Map();`,
    boot: `migration.services.set('main', VALUE);`,
    expression: `services.get('main')`,
  },
  {
    head: `export const services = new Map();`,
    boot: `migration.services.set('main', VALUE);`,
    expression: `[...services][0][1]`,
  },
  {
    head: `export const byName = {};`,
    boot: `migration.byName.main = VALUE;`,
    expression: 'Object.values(byName)[0]',
  },
  {
    head: `export const byName = {};`,
    boot: `migration.byName.main = VALUE;`,
    expression: 'Object.entries(byName)[0][1]',
  },
  {
    head: `export const byName = {};`,
    boot: `migration.byName.main = VALUE;`,
    expression: 'byName[Object.keys(byName)[0]]',
  },
  {
    head: `export const byName = {};`,
    boot: `migration.byName.main = VALUE;`,
    expression: '(() => { for (const name in byName) return byName[name]; })()',
  },
  {
    head: `export const byName = {};`,
    boot: `migration.byName.main = VALUE;`,
    expression: 'Object.values({ ...byName })[0]',
  },
  {
    head: `const byName = { none: null };\nexport const add = (name, v) => { byName[name] = v; };`,
    boot: `migration.add('main', VALUE);`,
    expression: 'Object.values(byName)[1]',
  },
  {
    head: `const registry = (() => { const all = []; return { add: (v) => all.push(v), all: () => [...all] }; })();\nexport const add = (v) => registry.add(v);`,
    boot: 'migration.add(VALUE);',
    expression: 'registry.all()[0]',
  },
  {
    head: `const registry = (() => { const all = new Map(); return { add: (v) => all.set('main', v), all: () => [...all.values()] }; })();\nexport const add = (v) => registry.add(v);`,
    boot: 'migration.add(VALUE);',
    expression: 'registry.all()[0]',
  },
  {
    head: `class Container { static all = new Map(); static set(name, v) { this.all.set(name, v); } static get(name) { return this.all.get(name); } }\nexport { Container };`,
    boot: `migration.Container.set('main', VALUE);`,
    expression: `Container.get('main')`,
  },
  {
    head: `class Container { static all = new Map(); static set(name, v) { this.all.set(name, v); } static values() { return [...this.all.values()]; } }\nexport { Container };`,
    boot: `migration.Container.set('main', VALUE);`,
    expression: 'Container.values()[0]',
  },
  {
    head: `class Container { #all = new Map(); set(name, v) { this.#all.set(name, v); } values() { return [...this.#all.values()]; } }\nexport const container = new Container();`,
    boot: `migration.container.set('main', VALUE);`,
    expression: 'container.values()[0]',
  },
  // In the global scope.
  { boot: 'globalThis.lateValue = VALUE;', expression: 'globalThis.lateValue' },
  { boot: 'globalThis.lateValue = VALUE;', expression: 'lateValue' },
  { boot: 'globalThis.lateValue = VALUE;', expression: `global['lateValue']` },
  { boot: 'globalThis.app = { get: () => VALUE };', expression: `app.get('source')` },
  { boot: 'process.lateValue = VALUE;', expression: 'process.lateValue' },
  // In another file.
  {
    head: `import { value } from './late.mjs';`,
    module: `export let value;\nexport const use = (v) => { value = v; };`,
    boot: 'late.use(VALUE);',
    expression: 'value',
  },
  {
    head: LATE,
    module: `export let value = null;\nexport const use = (v) => { value = v; };`,
    boot: 'late.use(VALUE);',
    expression: 'late.value',
  },
  {
    head: `import { holder } from './late.mjs';`,
    module: `export const holder = { value: null };`,
    boot: 'late.holder.value = VALUE;',
    expression: 'holder.value',
  },
  {
    head: `import holder from './late.mjs';`,
    module: `export default { value: undefined };`,
    boot: 'late.default.value = VALUE;',
    expression: 'holder.value',
  },
  {
    head: LATE,
    module: `const inner = {};\nexport { inner as holder };`,
    boot: 'late.holder.value = VALUE;',
    expression: 'late.holder.value',
  },
  {
    head: `import { get } from './late.mjs';`,
    module: `let value;\nexport const use = (v) => { value = v; };\nexport async function get() { if (!value) throw new Error('none'); return value; }`,
    boot: 'late.use(VALUE);',
    expression: '(await get())',
  },
  {
    head: `import { Db } from './late.mjs';`,
    module: `export class Db { static value; static use(v) { this.value = v; } }`,
    boot: 'late.Db.use(VALUE);',
    expression: 'Db.value',
  },
  {
    head: `import { db } from './late.mjs';`,
    module: `class Db { value = undefined; typeorm() { return this.value; } }\nexport const db = new Db();`,
    boot: 'late.db.value = VALUE;',
    expression: 'db.typeorm()',
  },
  {
    head: `import { db } from './late.mjs';`,
    module: `class Db { constructor() { this.value = null; } }\nexport const db = new Db();`,
    boot: 'late.db.value = VALUE;',
    expression: 'db.value',
  },
  {
    head: `import { hooks } from './late.mjs';`,
    module: `export const hooks = { before: [], after: [] };`,
    boot: 'late.hooks.after.push(VALUE);',
    expression: 'hooks.after[0]',
  },
];
