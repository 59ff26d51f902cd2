import type { Binding } from './program.types.ts';

/** No package.json lists it. */
export const UNREAD_MODULE = '@app/late';

/** Names that begin like those of functions that read or compute. */
const UNREAD_NAMES =
  `append checkAndRepair cloneTemplates configurePermissions createDefaultPlans encryptTokens endExpired findAll
  findAndRemoveStale formatAll generateForAll get initDefaultRoles isPostgresFill list load loadAll makeAdmin mergeDuplicates
  normalize onPostgres push readAndReset replaceAllPrefixes resolveAll roundAll sleep splitNames validate write`.split(
    /\s+/,
  );

/** Functions of a module that the guard cannot read: its alias is in no configuration. */
export const UNREAD_BINDINGS: readonly Binding[] = UNREAD_NAMES.flatMap((name): readonly Binding[] => [
  {
    head: `import { late } from '${UNREAD_MODULE}';`,
    boot: 'globalThis.unreadValue = VALUE;',
    expression: `late.${name}`,
  },
  {
    head: `import { ${name} } from '${UNREAD_MODULE}';`,
    boot: 'globalThis.unreadValue = VALUE;',
    expression: name,
  },
]);

/** The code of that module. */
export const UNREAD_CODE = [
  'const act = (...given) => globalThis.unreadValue(...given);',
  'export const late = new Proxy({}, { get: () => act });',
  `export { ${UNREAD_NAMES.map((name) => `act as ${name}`).join(', ')} };`,
].join('\n');
