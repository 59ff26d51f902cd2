import { TEXTS } from '../texts.js';
import { html, type Content, type Html } from './html.js';
import type { PageContext } from './page.js';

/** A page without its frame. */
export interface PageParts {
  readonly title: string;
  readonly main: Content;
  /** The address of the API whose answer updates the page; null: the page does not change. */
  readonly liveFrom: string | null;
}

const REFRESH_SECONDS = 15;

export function layout({ links, access, assets }: PageContext, { title, main, liveFrom }: PageParts): Html {
  const asset = (file: string) => links.to(['assets', file], { v: assets });
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<link rel="stylesheet" href="${asset('style.css')}">
${liveFrom !== null && html`<noscript><meta http-equiv="refresh" content="${REFRESH_SECONDS}" /></noscript>`}
<script src="${asset('live.js')}" defer></script>
</head>
<body${liveFrom !== null && html` data-api="${liveFrom}" data-stream="${links.to(['live'])}"`}>
<a class="skip" href="#main">${TEXTS.skipLink}</a>
<header><nav aria-label="Main"><a href="${links.to(['overview'])}">${TEXTS.home}</a></nav><p class="visitor">${access.actor} · ${access.role ?? ''}</p></header>
<main id="main" tabindex="-1">
${main}
</main>
</body>
</html>
`;
}
