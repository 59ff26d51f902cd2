import type { Classification, ClassifyOptions } from 'nestjs-backfill-sql';
import type { TextValue } from '../../evaluate/values/value.types.js';
import { HoleFiller } from './hole.filler.js';
import { placeHoles } from './hole-places.js';
import type { PlacedHole } from './holes.js';
import { QUERY_CANDIDATE, type RenderedSql } from './rendered-sql.js';
import type { SqlClassifier } from './sql-classifier.js';

export interface SqlReading {
  readonly rendered: RenderedSql;
  readonly holes: readonly PlacedHole[];
  readonly classification: Classification;
  /** The code of a hole that can contain a statement of its own. */
  readonly openPiece?: string;
  /** PostgreSQL's parser rejects the text with every candidate for its holes. */
  readonly unparsed: boolean;
}

/** Reads SQL that can have unknown pieces (holes). */
export function readSql(classifier: SqlClassifier, value: TextValue, classify: ClassifyOptions): SqlReading {
  const holes = placeHoles(value);
  const { rendered, classification, choices } = new HoleFiller({
    classifier,
    value,
    holes,
    classify,
  }).fill();
  const open =
    holes.find(({ place }) => place === 'statement') ??
    holes.find(({ place }, index) => place === 'code' && choices[index] === QUERY_CANDIDATE);
  return {
    rendered,
    holes,
    classification,
    unparsed: classification.failure !== undefined,
    ...(open === undefined ? {} : { openPiece: open.hole.expression }),
  };
}
