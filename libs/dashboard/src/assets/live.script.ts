/**
 * Keeps a page up to date: a stream says when something has changed, and the API has the values. Without a stream, e.g.
 * behind a proxy that keeps it back, the script asks at intervals; without a script, the page refreshes itself.
 */
export const LIVE_SCRIPT = `'use strict';
(() => {
  const zone = { dateStyle: 'medium', timeStyle: 'medium' };
  const localTimes = (root) => {
    for (const time of root.querySelectorAll('time[datetime]')) {
      const at = new Date(time.dateTime);
      if (isNaN(at)) continue;
      time.title = time.dateTime;
      time.textContent = at.toLocaleString(undefined, zone);
    }
  };
  localTimes(document);

  const isIdle = () => document.activeElement === document.body || !document.activeElement;
  // The server reads the phases beside the page.
  if (document.querySelector('[data-unread]')) setTimeout(() => isIdle() && location.reload(), 2000);

  const { api, stream } = document.body.dataset;
  if (!api) return;

  const duration = (ms) => {
    const seconds = Math.round(ms / 1000);
    if (seconds < 60) return seconds + ' s';
    const minutes = Math.round(seconds / 60);
    if (minutes < 60) return minutes + ' min';
    const hours = Math.floor(minutes / 60);
    return hours < 48 ? hours + ' h ' + (minutes % 60) + ' min' : Math.round(hours / 24) + ' days';
  };
  const count = (value) => value.toLocaleString('en-US');
  const percent = (value) => Math.floor(value * 100) + ' %';
  // The page says the time of a wait itself, in the zone of the reader.
  const wait = (reason) => reason.replace(/, since ([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z)$/, (_, at) => ' since ' + new Date(at).toLocaleString(undefined, zone));
  const formats = { waitingFor: wait, updated: count, rowsPerSecond: count, quarantined: count, remaining: count, remainingMs: duration, fraction: percent };
  const update = (overview) => {
    const backfills = new Map(overview.backfills.map((backfill) => [backfill.name, backfill]));
    const of = (element) => backfills.get(element.closest('[data-backfill]').dataset.backfill);
    for (const element of document.querySelectorAll('[data-backfill] [data-bind]')) {
      const backfill = of(element);
      if (!backfill) continue;
      const field = element.dataset.bind;
      const value = backfill[field];
      if (element.tagName === 'PROGRESS') { if (value !== null) element.value = value; continue; }
      const text = value === null ? '' : (formats[field] || String)(value);
      // The page may also say since when.
      if (field === 'waitingFor' && text !== '' && element.textContent.trim().startsWith(text)) continue;
      if (element.textContent !== text) element.textContent = text;
    }
    const isOther = [...document.querySelectorAll('[data-status]')].some(
      (element) => (of(element) || element.dataset).status !== element.dataset.status,
    );
    // Another status has another template. Never while the person uses the keyboard or reads a table.
    if (isOther && isIdle()) location.reload();
  };
  // Above everything else, so that nobody takes an earlier state for the present one.
  const notice = (text) => {
    let element = document.getElementById('away');
    if (text === null) { if (element) element.remove(); return; }
    if (!element) {
      element = document.createElement('p');
      Object.assign(element, { id: 'away', className: 'attention' });
      element.setAttribute('role', 'alert');
      document.getElementById('main').prepend(element);
    }
    if (element.textContent !== text) element.textContent = text;
  };
  let isAsking = false;
  const ask = async () => {
    if (isAsking || document.hidden) return;
    isAsking = true;
    try {
      const response = await fetch(api, { headers: { accept: 'application/json' }, credentials: 'same-origin' });
      if (response.ok) { update(await response.json()); notice(null); }
      else if (response.status === 503) notice((await response.json()).error.message);
    } catch { /* The next change or interval asks again. */ } finally { isAsking = false; }
  };

  let timer = null;
  const askAtIntervals = () => { timer = timer || setInterval(ask, 5000); };
  document.addEventListener('visibilitychange', ask);
  if (!window.EventSource || !stream) return askAtIntervals();
  const source = new EventSource(stream);
  source.addEventListener('opened', () => { clearInterval(timer); timer = null; });
  source.addEventListener('changed', ask);
  source.addEventListener('unavailable', (event) => notice(event.data));
  source.addEventListener('error', () => {
    askAtIntervals();
    // A server that was away has ended the stream for good: a new page opens a new one.
    if (source.readyState === EventSource.CLOSED) setTimeout(() => isIdle() && location.reload(), 30000);
  });
})();
`;
