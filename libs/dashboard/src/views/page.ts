import type { Links } from '../http/links.js';
import type { Access } from '../security/access.js';

/** What each template of a page gets. */
export interface PageContext {
  readonly links: Links;
  readonly access: Access;
  /** Identifies the version of the files that the page loads. */
  readonly assets: string;
}
