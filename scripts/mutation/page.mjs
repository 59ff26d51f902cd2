import { writeFileSync } from 'node:fs';

const FILE = 'test/mutation/README.md';

/**
 * A page for people, from the result.
 *
 * @param {import('./result.mjs').Result} result
 * @param {Record<string, string>} explained
 */
export function writePage({ folders, survivors }, explained) {
  const rows = Object.entries(folders).map(([folder, numbers]) => {
    const { mutants, sampled, noticedAtFirst, noticed, timedOut, survived, noticedShare } = numbers;
    const share = `${(100 * noticedShare).toFixed(0)} %`;
    return `| ${[folder, mutants, sampled, noticedAtFirst, noticed, share, timedOut, survived, numbers.explained].join(' | ')} |`;
  });
  const lines = survivors.map(({ id, at, in: scope, change, outcome }) => {
    const where = `\`${id}\` ${at}${scope ? `, \`${scope}\`` : ''}`;
    const reason = explained[id] ?? (outcome === 'not run' ? 'Open: no spec runs it.' : 'Open.');
    return `- ${where}: ${inCode(change)}. ${reason}`;
  });
  writeFileSync(
    FILE,
    `<!-- \`npm run test:mutation\` writes this page. -->

# Result of mutation testing

How it works, and what to do with a survivor: [CONTRIBUTING.md](../../CONTRIBUTING.md#mutation-testing).

| code | mutants | tried | noticed at first | noticed now | share | of these timed out | survive | of these explained |
| --- | --- | --- | --- | --- | --- | --- | --- | --- |
${rows.join('\n')}

The mutants that were tried are a random sample with a fixed seed. "Noticed at first" counts those that specs noticed
when they were tried for the first time; specs were added for others since. A mutant counts as survived if no spec
within the time budget notices it: slower specs that run the same code may.

## Survivors

${lines.length > 0 ? lines.join('\n') : 'None.'}
`,
  );
}

/** @param {string} text */
function inCode(text) {
  const short = text.replace(/\s+/g, ' ').slice(0, 160);
  return short.includes('`') ? `\`\` ${short} \`\`` : `\`${short}\``;
}
