import { LimitMeter } from '../../../../libs/backfill/src/backfills/run/gate/limit.meter.ts';

const batch = (serverMs: number, networkMs: number, processMs: number) => ({
  serverMs,
  networkMs,
  processMs,
});

describe('what limits a run', () => {
  it('is not known before its first batch', () => {
    expect(new LimitMeter().read()).toBeNull();
  });

  it.each([
    ['server', [10, 2, 1], 0],
    ['network', [10, 110, 1], 0],
    ['process', [10, 2, 50], 0],
    ['pause', [10, 2, 1], 50],
  ] as const)('is the %s if it takes most of the time', (limitedBy, [server, network, process], pauseMs) => {
    const meter = new LimitMeter();
    for (let each = 0; each < 10; each++) {
      meter.batch(200, batch(server, network, process));
      meter.waited('pause', pauseMs);
    }
    expect(meter.read()).toEqual({
      limitedBy,
      rowsPerBatch: 200,
      serverMs: server,
      networkMs: network,
      processMs: process,
      pauseMs,
    });
  });

  it('is a throttle while it holds the run', () => {
    const meter = new LimitMeter();
    meter.batch(200, batch(10, 2, 1));
    meter.read();
    meter.waited('throttle', 1_000);
    expect(meter.read()?.limitedBy).toBe('throttle');
  });

  it('changes only if another cause is clearly larger', () => {
    const meter = new LimitMeter();
    meter.batch(200, batch(10, 9, 0));
    expect(meter.read()?.limitedBy).toBe('server');
    meter.batch(200, batch(10, 11, 0));
    expect(meter.read()?.limitedBy).toBe('server');
    meter.batch(200, batch(10, 30, 0));
    expect(meter.read()?.limitedBy).toBe('network');
  });

  it('changes only if another cause is clearly larger, also if batches take less than a millisecond', () => {
    const meter = new LimitMeter();
    meter.batch(200, batch(0.5, 0, 0));
    expect(meter.read()).toMatchObject({ limitedBy: 'server', serverMs: 0.5 });
    meter.batch(200, batch(0, 0.3, 0));
    expect(meter.read()?.limitedBy).toBe('server');
    meter.batch(200, batch(0, 0.3, 0));
    expect(meter.read()?.limitedBy).toBe('network');
  });

  it('is known before the first batch if nothing lets a batch run', () => {
    const meter = new LimitMeter();
    meter.waited('pause', 5);
    expect(meter.read()).toEqual({
      limitedBy: 'pause',
      rowsPerBatch: null,
      ...{ serverMs: null, networkMs: null, processMs: null, pauseMs: null },
    });
  });

  it('follows a change within a few readings', () => {
    const meter = new LimitMeter();
    for (let each = 0; each < 1_000; each++) meter.batch(200, batch(10, 1, 0));
    meter.read();
    for (let second = 0; second < 6; second++) {
      for (let each = 0; each < 100; each++) meter.batch(200, batch(1, 9, 0));
      meter.read();
    }
    expect(meter.read()?.limitedBy).toBe('network');
  });
});
