import type { CatchUpWindow } from '../backfills/declare/catch-up.options.js';
import { InvalidWindowError } from './catch-up.error.js';
import { checkTimeZone } from './time-zone.js';

const MINUTES_A_DAY = 24 * 60;

/**
 * Some hours of the day, told by the clock on the wall of a time zone: at the end of summer time an hour that comes twice is in the window
 * twice, and at its beginning one that is left out is not in it at all.
 */
export class TimeWindow {
  readonly #from: number;
  readonly #to: number;
  readonly #text: string;
  readonly #wall: Intl.DateTimeFormat;

  /** @throws InvalidWindowError, UnknownTimeZoneError */
  constructor(className: string, window: CatchUpWindow) {
    const given: unknown = window;
    if (typeof given !== 'object' || given === null)
      throw new InvalidWindowError(className, `is ${JSON.stringify(given)}, which tells no two times of day`);
    const { from, to, timeZone = 'UTC' } = window;
    this.#from = minuteOf(className, 'from', from, MINUTES_A_DAY - 1);
    this.#to = minuteOf(className, 'to', to, MINUTES_A_DAY);
    if (this.#from === this.#to)
      throw new InvalidWindowError(className, `has no time in it: from ${from} to ${to}`);
    checkTimeZone(className, 'window.timeZone', timeZone);
    this.#text = `${from} to ${to} ${timeZone}`;
    this.#wall = new Intl.DateTimeFormat('en-GB', {
      timeZone,
      hour: 'numeric',
      minute: 'numeric',
      hourCycle: 'h23',
    });
  }

  isOpen(at: Date): boolean {
    const minute = this.#minute(at);
    return this.#from < this.#to
      ? minute >= this.#from && minute < this.#to
      : minute >= this.#from || minute < this.#to;
  }

  /** When it is open next, this moment included; on a day on which clocks are changed, up to an hour off. */
  opening(at: Date): Date {
    if (this.isOpen(at)) return at;
    const minutes = (this.#from - this.#minute(at) + MINUTES_A_DAY) % MINUTES_A_DAY;
    return new Date((Math.floor(at.getTime() / 60_000) + minutes) * 60_000);
  }

  #minute(at: Date): number {
    const parts = Object.fromEntries(this.#wall.formatToParts(at).map(({ type, value }) => [type, value]));
    return Number(parts['hour']) * 60 + Number(parts['minute']);
  }

  /** `22:00 to 05:00 Europe/Berlin` */
  toString(): string {
    return this.#text;
  }
}

function minuteOf(className: string, end: 'from' | 'to', text: unknown, most: number): number {
  const [, hours, minutes] = (typeof text === 'string' && /^(\d{2}):([0-5]\d)$/.exec(text)) || [];
  const minute = Number(hours) * 60 + Number(minutes);
  if (minute <= most) return minute;
  throw new InvalidWindowError(
    className,
    `has ${JSON.stringify(text)} for \`${end}\`, which is no time of day as HH:MM`,
  );
}
