import {
  ChildEntity,
  Column,
  DeleteDateColumn,
  Entity,
  JoinColumn,
  ManyToOne,
  PrimaryGeneratedColumn,
  TableInheritance,
} from 'typeorm';

export class Address {
  @Column({ type: 'text', nullable: true })
  city!: string | null;
}

@Entity('teams')
export class Team {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column({ type: 'text' })
  name!: string;
}

/** A table with a column of every type that a predicate may read. */
@Entity('people')
@TableInheritance({ column: { type: 'text', name: 'personKind' } })
export class Person {
  @PrimaryGeneratedColumn()
  id!: number;

  @Column({ type: 'text', nullable: true })
  name!: string | null;

  @Column({ type: 'int' })
  age!: number;

  @Column({ type: 'bigint' })
  score!: string;

  @Column({ type: 'boolean' })
  active!: boolean;

  @Column({ type: 'text', array: true })
  tags!: string[];

  @Column({ type: 'jsonb' })
  settings!: { theme?: string };

  /** Without a time zone: the instant depends on the writer's time zone. */
  @Column({ type: 'timestamp', name: 'seen_at' })
  seenAt!: Date;

  @Column({ type: 'timestamptz', name: 'created_at' })
  createdAt!: Date;

  @Column({ type: 'date', name: 'born_on' })
  bornOn!: string;

  @Column(() => Address)
  address!: Address;

  @ManyToOne(() => Team, { nullable: true })
  @JoinColumn({ name: 'team_id' })
  team!: Team | null;

  /** The backfill that changed the row. The predicate of each test includes "not changed yet". */
  @Column({ type: 'text', name: 'done_by', nullable: true })
  doneBy!: string | null;

  @DeleteDateColumn({ type: 'timestamptz', name: 'deleted_at', nullable: true })
  deletedAt!: Date | null;
}

@ChildEntity('employee')
export class Employee extends Person {
  @Column({ type: 'text', nullable: true })
  desk!: string | null;
}

@ChildEntity('customer')
export class Customer extends Person {}

@ChildEntity("the boss's")
export class Manager extends Employee {}

export const PERSON_ENTITIES = [Team, Person, Employee, Customer, Manager] as const;
