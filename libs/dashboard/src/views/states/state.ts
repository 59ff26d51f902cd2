import type { BackfillOverview } from 'nestjs-backfill/operate';
import type { Content } from '../html.js';

/** The template of a status: what a person has to know about a backfill with it. */
export type StateView = (backfill: BackfillOverview) => Content;
