import { EmbeddedServer } from '../../../scripts/lib/embedded-server.mjs';

/** A PostgreSQL server for one test run. */
export interface TestServer {
  /** An administrator's URL of the maintenance database. */
  readonly url: string;
  readonly origin: string;
  stop(): Promise<void>;
}

/**
 * Uses `TEST_DATABASE_URL` if it is set, otherwise a container if a Docker engine answers, otherwise an
 * embedded server.
 */
export async function startTestServer(): Promise<TestServer> {
  const given = process.env['TEST_DATABASE_URL'];
  if (given) return { url: given, origin: 'TEST_DATABASE_URL', stop: async () => undefined };
  return (await startContainer()) ?? (await startEmbedded());
}

/** @returns undefined if no Docker engine answers */
async function startContainer(): Promise<TestServer | undefined> {
  const { GenericContainer, getContainerRuntimeClient, Wait } = await import('testcontainers');
  try {
    await getContainerRuntimeClient();
  } catch {
    return undefined;
  }
  const container = await new GenericContainer('postgres:18-alpine')
    .withEnvironment({ POSTGRES_PASSWORD: 'postgres' })
    .withCommand(['postgres', '-c', 'fsync=off', '-c', 'max_connections=200'])
    .withExposedPorts(5432)
    // The image starts the server twice: first to initialise the cluster.
    .withWaitStrategy(Wait.forLogMessage(/database system is ready to accept connections/, 2))
    .start();
  return {
    url: `postgres://postgres:postgres@${container.getHost()}:${container.getMappedPort(5432)}/postgres`,
    origin: 'a container',
    stop: async () => void (await container.stop()),
  };
}

/**
 * An embedded server: for the test run, or for a test that stops and starts its server. Its data is deleted
 * when it is closed, or when the process that started it ends.
 */
export async function startEmbedded(): Promise<TestServer & { readonly server: EmbeddedServer }> {
  const server = await EmbeddedServer.start({ settings: { fsync: 'off', max_connections: '200' } });
  return { server, url: server.url(), origin: 'an embedded server', stop: () => server.close() };
}
