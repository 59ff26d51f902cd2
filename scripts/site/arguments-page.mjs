/**
 * docs/arguments.md, from the table that the parser of the arguments uses.
 *
 * @typedef {{ description: string, usage?: string, valueExample?: string, defaultText?: string, phase?: string, belongsTo?: readonly string[] }} Definition
 * @param {Readonly<Record<string, Definition>>} table
 */
export function argumentsPage(table) {
  const rows = Object.entries(table).map(
    ([name, { description, usage, valueExample, defaultText, phase, belongsTo }]) => {
      const owners = belongsTo ?? (phase === undefined ? [] : [phase]);
      const value = valueExample ?? usage;
      const fallback = defaultText === undefined ? '' : ` (default ${defaultText})`;
      return `| \`--${name}${value === undefined ? '' : ` ${value}`}\` | ${owners.length === 0 ? 'any' : owners.map((owner) => `\`--${owner}\``).join(', ')} | ${description}${fallback} |`;
    },
  );
  return `# All arguments

They follow \`nest start\` (with the [plugin](install.md#2-enable-nest-start---backfill)), \`nest start --\` or
\`node dist/main.js\`. An unknown argument, and one that none of the given phases knows, ends with exit
code 2. \`npm run docs:reference\` writes this page from the code.

| argument | with | effect |
| --- | --- | --- |
${rows.join('\n')}

[Deploying](deploying.md) explains the phases and the JSON, [pace](pace.md#live-control) the live control.

## Completion in a shell

\`node dist/main.js --completion bash\` prints a script that completes the arguments of \`node dist/main.js\`
and \`nest start\`; \`zsh\` and \`fish\` work as well:

\`\`\`sh
source <(node dist/main.js --completion bash)
\`\`\`

## Exit codes

| code | meaning |
| --- | --- |
| 0 | done, or stopped with work left, which is a warning |
| 1 | the migrations failed: the deployment must stop |
| 2 | wrong arguments or configuration; a control command that was stopped, or that no name allows |
| 3 | only with \`--strict\`: work is left or has failed; a control command left one of its names as it was |
`;
}
