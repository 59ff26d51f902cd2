import { TestDatabase } from '../server/database.ts';
import { startEmbedded } from '../server/server.ts';
import { TestApplication, type TestApplicationOptions } from './application.ts';

/** An application on a server of its own, which a test may stop or configure. */
export class ServerStage {
  #server: Awaited<ReturnType<typeof startEmbedded>> | undefined;
  #database: TestDatabase | undefined;
  #application: TestApplication | undefined;

  /** Starts both before the tests of the current `describe`, and stops them afterwards. */
  static for(options: Omit<TestApplicationOptions, 'database'>): ServerStage {
    const stage = new ServerStage();
    beforeAll(async () => {
      stage.#server = await startEmbedded();
      stage.#database = await TestDatabase.create(stage.#server.url);
      stage.#application = await TestApplication.start({ ...options, database: stage.database });
    });
    afterAll(async () => {
      await stage.#application?.stop();
      await stage.#server?.stop();
    });
    return stage;
  }

  get server(): Awaited<ReturnType<typeof startEmbedded>>['server'] {
    return started(this.#server).server;
  }

  get database(): TestDatabase {
    return started(this.#database);
  }

  get application(): TestApplication {
    return started(this.#application);
  }
}

function started<T>(part: T | undefined): T {
  if (part === undefined) throw new Error('The stage is created in beforeAll: use it in tests only.');
  return part;
}
