import { readFileSync } from 'node:fs';

/** @type {import('vitepress').UserConfig<import('vitepress').DefaultTheme.Config>} */
export default {
  title: 'nestjs-backfill',
  description: 'Data backfills for NestJS, TypeORM and PostgreSQL',
  outDir: './dist',
  cleanUrls: true,
  // Comments of the code contain generics such as `Promise<void>`, which are no HTML.
  markdown: { html: false },
  themeConfig: {
    search: { provider: 'local' },
    sidebar: JSON.parse(readFileSync(new URL('../sidebar.json', import.meta.url), 'utf8')),
    nav: [
      { text: 'Pages', link: '/pages' },
      { text: 'Recipes', link: '/recipes/' },
      { text: 'API', link: '/api/backfill/' },
    ],
    socialLinks: [{ icon: 'github', link: 'https://github.com/nestjs-backfill/nestjs-backfill' }],
  },
};
