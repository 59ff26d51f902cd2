import * as fc from 'fast-check';
import { ALIASES } from './aliases.ts';
import { BINDINGS } from './bindings.ts';
import { CONDITIONS, FOLLOWED_GUARDS, GUARDS, LATE_CONDITIONS } from './conditions.ts';
import { type Binding, MIGRATION, type Program } from './program.types.ts';
import { UNREAD_BINDINGS } from './unread-code.ts';
import { ACTING_WRITES, FUNCTION_WRITES, PLACES, SOURCE_WRITES } from './writes.ts';

/** Replaces a placeholder without reading `$` in the replacement. */
function fill(template: string, placeholder: string, code: string): string {
  return template.replace(new RegExp(String.raw`\b${placeholder}\b`, 'g'), () => code);
}

const aliased = (expression: string): fc.Arbitrary<string> =>
  fc
    .array(fc.constantFrom(...ALIASES), { maxLength: 2 })
    .map((aliases) => aliases.reduce((inner, alias) => fill(alias, 'E', inner), expression));

interface Part {
  readonly code: string;
  readonly binding?: Binding;
  /** What the start-up sets the value of the binding to. */
  readonly value?: string;
}

/** A write through the query runner, which the guard knows. */
const knownWrite: fc.Arbitrary<Part> = fc
  .tuple(fc.constantFrom(...SOURCE_WRITES), aliased('queryRunner.connection'))
  .map(([write, source]) => ({ code: fill(write, 'D', source) }));

/** A write through a data source or a function that the start-up sets. */
const lateWrite: fc.Arbitrary<Part> = fc
  .record({
    binding: fc.constantFrom(...BINDINGS),
    write: fc.oneof(
      fc.constantFrom(...SOURCE_WRITES).map((code) => ({ code, value: 'source' })),
      fc
        .constantFrom(...FUNCTION_WRITES)
        .map((code) => ({ code, value: `() => source.query('UPDATE a SET b = 1')` })),
    ),
  })
  .chain(({ binding, write }) =>
    aliased(binding.expression).map((target) => ({
      code: fill(write.code, 'D', target),
      binding,
      value: `(${write.value})`,
    })),
  );

/** A write in code that the guard cannot read. */
const unreadWrite: fc.Arbitrary<Part> = fc
  .tuple(fc.constantFrom(...UNREAD_BINDINGS), fc.constantFrom(...ACTING_WRITES))
  .chain(([binding, write]) =>
    aliased(binding.expression).map((target) => ({
      code: fill(write, 'D', target),
      binding,
      value: `(() => source.query('UPDATE a SET b = 1'))`,
    })),
  );

const knownCondition: fc.Arbitrary<Part> = fc.constantFrom(...CONDITIONS).map((code) => ({ code }));

const lateCondition: fc.Arbitrary<Part> = fc
  .tuple(fc.constantFrom(...BINDINGS), fc.constantFrom(...LATE_CONDITIONS))
  .chain(([binding, condition]) =>
    aliased(binding.expression).map((value) => ({
      code: fill(condition, 'E', value),
      binding,
      value: `'sap'`,
    })),
  );

interface Parts {
  readonly write: Part;
  readonly condition: Part;
}

const parts: fc.Arbitrary<Parts> = fc.oneof(
  fc.record({ write: lateWrite, condition: knownCondition }),
  fc.record({ write: unreadWrite, condition: knownCondition }),
  fc.record({ write: knownWrite, condition: lateCondition }),
  fc.record({ write: knownWrite, condition: knownCondition }),
);

/** A change of the schema, which the guard knows. */
const schemaChange: fc.Arbitrary<Part> = fc
  .constantFrom(
    `await queryRunner.query('ALTER TABLE a ADD b int');`,
    `await queryRunner.connection.query('CREATE INDEX i ON a (b)');`,
    `await queryRunner.dropColumn('a', 'b');`,
    `const table = await queryRunner.getTable('a'); console.log(table?.name.trim());`,
  )
  .map((code) => ({ code }));

const lateCheck: fc.Arbitrary<Part> = fc
  .constantFrom(...LATE_CONDITIONS)
  .map((condition) => ({ code: fill(condition, 'E', 'mode') }));

/** Programs whose migration writes, behind late values, aliases, holders and conditions. */
export const programs: fc.Arbitrary<Program> = programsOf(parts);

/** Programs whose migration changes the schema only, under a condition that the start-up may set. */
export const schemaPrograms: fc.Arbitrary<Program> = programsOf(
  fc.record({ write: schemaChange, condition: fc.oneof(knownCondition, lateCheck) }),
  {
    guards: FOLLOWED_GUARDS,
    places: PLACES.filter(({ methods, isFilled }) => !isFilled && !methods?.includes('lateRunner')),
  },
);

function programsOf(
  all: fc.Arbitrary<Parts>,
  { guards, places } = { guards: GUARDS, places: PLACES },
): fc.Arbitrary<Program> {
  return fc
    .record({ parts: all, guard: fc.constantFrom(...guards), place: fc.constantFrom(...places) })
    .map(({ parts: { write, condition }, guard, place }) => {
      const guarded = fill(fill(guard, 'S', `{ ${write.code} }`), 'C', condition.code);
      const binding = write.binding ?? condition.binding;
      const code = [
        binding?.head ?? `let mode = 'off';\nexport const setMode = (m) => { mode = m; };`,
        fill(place.head ?? '', 'S', guarded),
        `export class Example {\n  async up(queryRunner) {\n    ${fill(place.body, 'S', guarded)}\n  }`,
        `  async down() {}\n  ${fill(place.methods ?? '', 'S', guarded)}\n}`,
      ].join('\n');
      return {
        files: { [MIGRATION]: `${code}\n`, 'late.mjs': binding?.module ?? 'export {};' },
        boot: fill(binding?.boot ?? '', 'VALUE', write.value ?? condition.value ?? ''),
      };
    });
}
