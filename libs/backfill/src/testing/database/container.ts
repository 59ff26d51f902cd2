import type { RunningServer } from './server.client.js';

const IMAGE = 'postgres:18-alpine';
const PORT = 5432;

/** The used part of the optional package `testcontainers`. */
interface Testcontainers {
  readonly getContainerRuntimeClient: () => Promise<unknown>;
  readonly Wait: { forLogMessage(message: RegExp, times: number): unknown };
  readonly GenericContainer: new (image: string) => Container;
}

interface Container {
  withEnvironment(environment: Readonly<Record<string, string>>): this;
  withCommand(command: readonly string[]): this;
  withExposedPorts(port: number): this;
  withWaitStrategy(strategy: unknown): this;
  start(): Promise<{ getHost(): string; getMappedPort(port: number): number; stop(): Promise<unknown> }>;
}

/** @returns undefined if `testcontainers` is not installed or no Docker engine answers */
export async function startContainer(): Promise<RunningServer | undefined> {
  const library = await load();
  if (!library) return undefined;
  const container = await new library.GenericContainer(IMAGE)
    .withEnvironment({ POSTGRES_PASSWORD: 'postgres' })
    .withCommand(['postgres', '-c', 'fsync=off'])
    .withExposedPorts(PORT)
    // The image starts the server twice: first to initialise the cluster.
    .withWaitStrategy(library.Wait.forLogMessage(/database system is ready to accept connections/, 2))
    .start();
  return {
    url: `postgres://postgres:postgres@${container.getHost()}:${container.getMappedPort(PORT)}/postgres`,
    origin: 'container',
    stop: async () => void (await container.stop()),
  };
}

async function load(): Promise<Testcontainers | undefined> {
  try {
    const name = 'testcontainers';
    const library = (await import(name)) as Testcontainers;
    await library.getContainerRuntimeClient();
    return library;
  } catch {
    return undefined;
  }
}
