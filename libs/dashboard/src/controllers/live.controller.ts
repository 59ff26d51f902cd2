import { Get, Inject, type MessageEvent, Req, Res, Sse, UseGuards } from '@nestjs/common';
import type { Observable } from 'rxjs';
import { findAsset } from '../assets/assets.js';
import type { RawRequest } from '../http/exchange.js';
import { setSecurityHeaders } from '../http/security-headers.js';
import { LiveFeed } from '../reading/live.feed.js';
import { AccessGuard, Route } from '../security/access.guard.js';
import { TEXTS } from '../texts.js';
import { DashboardWeb } from './dashboard.web.js';

/** The stream of changes, and the files of the pages. */
@UseGuards(AccessGuard)
export class BackfillLiveController {
  readonly #feed: LiveFeed;
  readonly #web: DashboardWeb;

  constructor(@Inject(LiveFeed) feed: LiveFeed, @Inject(DashboardWeb) web: DashboardWeb) {
    this.#feed = feed;
    this.#web = web;
  }

  @Sse('live')
  @Route('stream')
  live(): Observable<MessageEvent> {
    return this.#feed.subscribe();
  }

  /** The files are the same for everybody and tell nothing. */
  @Get('assets/:file')
  @Route('view')
  asset(@Req() request: RawRequest, @Res() response: unknown): void {
    const exchange = this.#web.exchange(request, response);
    const asset = findAsset(exchange.param('file'));
    setSecurityHeaders(exchange, asset === null ? 'none' : 'versioned');
    if (asset === null) exchange.send(404, 'text/plain; charset=utf-8', TEXTS.errors.notFound);
    else exchange.send(200, asset.type, asset.text);
  }
}
