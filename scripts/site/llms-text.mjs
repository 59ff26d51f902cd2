const SITE = 'https://github.com/nestjs-backfill/nestjs-backfill/blob/main/docs';

/**
 * The list of pages for language models (llmstxt.org), from docs/README.md.
 *
 * @param {string} overview
 */
export function llmsText(overview) {
  const groups = overview.split(/^## /m).slice(1);
  const sections = groups.map((group) => {
    const links = [...group.matchAll(/^\| \[([^\]]+)\]\(([^)]+)\) +\| (.*?) +\|$/gm)].map(
      ([, title, file, about]) => `- [${title}](${SITE}/${file}): ${about}`,
    );
    return `## ${group.slice(0, group.indexOf('\n'))}\n\n${links.join('\n')}\n`;
  });
  return `# nestjs-backfill

> Changes the data of a live PostgreSQL table from a NestJS and TypeORM application: separate from schema
> migrations, in small committed batches, resumable at any moment, and proved complete.

To write a backfill, read the page Assistants first.

${sections.join('\n')}`;
}
