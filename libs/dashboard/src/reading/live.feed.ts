import { createHash } from 'node:crypto';
import {
  Inject,
  Injectable,
  type MessageEvent,
  type OnModuleDestroy,
  ServiceUnavailableException,
} from '@nestjs/common';
import { Observable, type Subscriber } from 'rxjs';
import { messageOf } from 'nestjs-backfill/errors';
import { TEXTS } from '../texts.js';
import { sentenceOf } from '../views/format.js';
import { OverviewReader } from './overview.reader.js';

/** In milliseconds. */
const INTERVAL = 2_000;
/** A stream ends after this time, and the browser opens a new one: the role of the visitor is checked again. */
const MAX_STREAM = 300_000;
const MAX_STREAMS = 200;

/** Says when the overview has changed, and when the database is away. One read serves all streams; without a stream, nothing is read. */
@Injectable()
export class LiveFeed implements OnModuleDestroy {
  readonly #reader: OverviewReader;
  readonly #streams = new Set<Subscriber<MessageEvent>>();
  #timer: NodeJS.Timeout | null = null;
  #last = '';

  constructor(@Inject(OverviewReader) reader: OverviewReader) {
    this.#reader = reader;
  }

  /** @throws ServiceUnavailableException if there are too many streams. The browser then asks at intervals */
  subscribe(): Observable<MessageEvent> {
    if (this.#streams.size >= MAX_STREAMS) throw new ServiceUnavailableException();
    return new Observable((subscriber) => {
      this.#streams.add(subscriber);
      subscriber.next({ type: 'opened', data: '', retry: INTERVAL });
      this.#timer ??= setInterval(() => void this.#poll(), INTERVAL).unref();
      const end = setTimeout(() => subscriber.complete(), MAX_STREAM).unref();
      return () => {
        clearTimeout(end);
        this.#streams.delete(subscriber);
        if (this.#streams.size === 0) this.#stop();
      };
    });
  }

  /** An open stream would keep the server from closing. */
  onModuleDestroy(): void {
    for (const stream of [...this.#streams]) stream.complete();
    this.#stop();
  }

  #stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  /** An event for each poll, so that a connection that is gone is noticed. */
  async #poll(): Promise<void> {
    const event = await this.#reader.overview().then(
      (overview) => this.#changeOf(JSON.stringify(overview)),
      (error: unknown) => this.#absenceOf(messageOf(error)),
    );
    for (const stream of this.#streams) stream.next(event);
  }

  #changeOf(state: string): MessageEvent {
    const hash = createHash('sha256').update(state).digest('base64url').slice(0, 16);
    const type = hash === this.#last ? 'same' : 'changed';
    this.#last = hash;
    return { type, data: hash };
  }

  /** What comes after it is a change. */
  #absenceOf(error: string): MessageEvent {
    this.#last = '';
    return { type: 'unavailable', data: TEXTS.errors.away.stream(sentenceOf(error)) };
  }
}
