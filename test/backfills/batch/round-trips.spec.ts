import { Backfill, type SetBackfill } from 'nestjs-backfill';
import { Column, Entity, IsNull, PrimaryGeneratedColumn } from 'typeorm';
import { TestApplication } from '../../support/applications/application.ts';
import { TestDatabase } from '../../support/server/database.ts';
import { ProtocolProxy } from '../../support/server/protocol-proxy.ts';

@Entity('contacts')
class Contact {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column({ type: 'text', nullable: true })
  state!: string | null;
}

@Backfill<Contact>({
  name: 'contacts-state',
  entity: Contact,
  where: { state: IsNull() },
  batchSize: 10,
  order: 'key',
})
class ContactsState implements SetBackfill<Contact> {
  set() {
    return { state: `'new'` };
  }
}

describe('a batch of `set`', () => {
  it('needs at most one round trip, including its commit', async () => {
    const database = await TestDatabase.create();
    const traffic = await ProtocolProxy.start(database);
    const application = await TestApplication.start({
      database: traffic.database,
      entities: [Contact],
      backfills: [ContactsState],
    });
    try {
      const insert = (rows: number) =>
        database.query('INSERT INTO contacts (state) SELECT NULL FROM generate_series(1, $1::int)', [rows]);
      const measured = async () => {
        let batches = 0;
        const roundTrips = await traffic.roundTrips(async () => {
          const { backfills } = await application.service.run();
          batches = backfills[0]?.batches ?? 0;
        });
        return { batches, roundTrips };
      };
      await application.service.run(); // installs the ledger
      await insert(1_000);
      const few = await measured();
      await insert(3_000);
      const many = await measured();
      expect(many.batches - few.batches).toBe(200);
      // The round trips outside of batches are the same in both runs. Two batches are in flight at a time, so
      // the real number is lower.
      expect(many.roundTrips - few.roundTrips).toBeLessThanOrEqual(200);
    } finally {
      await application.stop();
      await traffic.close();
      await database.drop();
    }
  });
});
