import { Column, Entity, PrimaryColumn } from 'typeorm';

/** Each test creates the table itself, with the columns that it needs. */
@Entity('things', { synchronize: false })
export class Thing {
  @PrimaryColumn({ type: 'int' })
  a!: number;
  @Column({ type: 'int' })
  b!: number;
  @Column({ type: 'int' })
  tenant!: number;
  @Column({ type: 'text' })
  note!: string;
}
