/** A property of an entity, as far as its source shows it. */
export interface EntityProperty {
  readonly name: string;
  /** `relation` is a many-to-one or an owning one-to-one relation; `inverse` is the other side, which has no column. */
  readonly role: 'column' | 'key' | 'date' | 'deleted' | 'relation' | 'inverse';
  /** The name of the column in the database. */
  readonly column: string;
  readonly type: ValueType;
  readonly isNullable: boolean;
  /** It needs a value when a row is inserted. */
  readonly isRequired: boolean;
  readonly isGenerated: boolean;
  /** The class that a relation leads to. */
  readonly target: string | undefined;
  /** The value of an enum or of a union of literals, as code. */
  readonly literal: string | undefined;
  /** The type of the elements of an array. */
  readonly element: ValueType | undefined;
  /** The most characters of a text; undefined: any number. */
  readonly size: TextSize | undefined;
}

export interface TextSize {
  readonly length: number;
  /** PostgreSQL fills a shorter text of the type `char` with blanks. */
  readonly isFixed: boolean;
}

/** `array` is an array of PostgreSQL, `list` is TypeORM's `simple-array`: a text with commas. */
export type ValueType =
  | 'text'
  | 'integer'
  | 'bigint'
  | 'number'
  | 'boolean'
  | 'time'
  | 'date'
  | 'uuid'
  | 'json'
  | 'array'
  | 'list'
  | 'unknown';

/** A class with `@Entity`, with the properties of the classes that it extends. */
export interface EntityClass {
  readonly name: string;
  readonly file: string;
  readonly table: string;
  readonly properties: readonly EntityProperty[];
}
