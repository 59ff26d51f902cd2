import js from '@eslint/js';
import tseslint from 'typescript-eslint';

const BOOLEAN_PARAMETER =
  'A boolean parameter says nothing at its call: use a named option, a union of words, or two functions.';

export default tseslint.config(
  { ignores: ['**/dist/**', '**/node_modules/**', '.data/**', 'coverage/**'] },
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [...tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/require-await': 'off',
      'max-lines': ['error', { max: 300 }],
    },
  },
  {
    files: ['libs/**/*.ts', 'src/**/*.ts'],
    rules: {
      complexity: ['error', 15],
      'max-params': ['error', 4],
      'max-lines-per-function': ['error', { max: 70, skipComments: true, skipBlankLines: true }],
      'no-restricted-syntax': [
        'error',
        {
          selector: ':function > Identifier.params[typeAnnotation.typeAnnotation.type="TSBooleanKeyword"]',
          message: BOOLEAN_PARAMETER,
        },
        {
          selector: ':function > AssignmentPattern.params[right.raw=/^(true|false)$/]',
          message: BOOLEAN_PARAMETER,
        },
        {
          selector: 'PropertyDefinition[accessibility="private"], MethodDefinition[accessibility="private"]',
          message: 'Private members are #private.',
        },
        {
          selector: 'TSParameterProperty[accessibility="private"]',
          message: 'Private members are #private.',
        },
      ],
    },
  },
  {
    files: ['**/*.{js,mjs,cjs}'],
    languageOptions: {
      // tsc checks the names in these files too; `globals` would be a dependency for that alone.
      globals: Object.fromEntries(Object.getOwnPropertyNames(globalThis).map((name) => [name, 'readonly'])),
    },
  },
);
