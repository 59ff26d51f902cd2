import { Backfill, type SetBackfill } from 'nestjs-backfill';
import { Column, Entity, IsNull, PrimaryGeneratedColumn } from 'typeorm';
import { TestApplication } from './support/application.ts';
import { TestDatabase } from './support/database.ts';
import { ProtocolProxy } from './support/protocol-proxy.ts';

@Entity('contacts')
class Contact {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column({ type: 'text', nullable: true })
  state!: string | null;
}

@Backfill<Contact>({ name: 'contacts-state', entity: Contact, where: { state: IsNull() }, batchSize: 10 })
class ContactsState implements SetBackfill<Contact> {
  set() {
    return { state: `'new'` };
  }
}

describe('round trips to the database', () => {
  it('are at most two for a batch of `set`, its commit included', async () => {
    const database = await TestDatabase.create();
    const traffic = await ProtocolProxy.before(database);
    const application = await TestApplication.start({
      database: traffic.database,
      entities: [Contact],
      backfills: [ContactsState],
    });
    try {
      const insert = (rows: number) =>
        database.query('INSERT INTO contacts (state) SELECT NULL FROM generate_series(1, $1::int)', [rows]);
      await application.service.run(); // installs the ledger
      await insert(1_000);
      const few = await traffic.roundTrips(() => application.service.run());
      await insert(3_000);
      const many = await traffic.roundTrips(() => application.service.run());
      // What a run costs besides its batches is the same in both: the difference is that of 200 batches.
      expect(many - few).toBeGreaterThanOrEqual(200);
      expect(many - few).toBeLessThanOrEqual(2 * 200);
    } finally {
      await application.stop();
      await traffic.close();
      await database.drop();
    }
  });
});
