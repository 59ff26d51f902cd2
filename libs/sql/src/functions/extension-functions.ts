/** Functions of well-known extensions that change no rows of the application's tables. */
const PATTERNS = [
  /^uuid_(?:generate_v\d\w*|nil|ns_\w+)$/,
  /^(?:gen_random_\w+|gen_salt|crypt|digest|hmac|armor|dearmor|pgp_\w+|encrypt|decrypt)$/,
  /^_?(?:st|postgis)_\w+$/,
  /^(?:unaccent|similarity|word_similarity|show_trgm|levenshtein\w*|soundex|difference|metaphone|dmetaphone\w*)$/,
  /^(?:create_hypertable|create_distributed_table|create_reference_table|add_\w+_policy|remove_\w+_policy|set_chunk_time_interval|set_integer_now_func|time_bucket\w*)$/,
  /^(?:hstore|akeys|avals|skeys|svals|each|ltree\w*|subltree|nlevel|cube\w*|earth\w*|ll_to_earth|isn_\w+)$/,
  /^(?:nanoid|ulid\w*|gen_ulid|uuid7|uuidv7|generate_ulid|cuid)$/,
  /^(?:schedule|unschedule|create_parent|enable_\w+|disable_\w+)$/,
] as const;

/** Whether a function of this name belongs to a well-known extension, and changes no rows of tables. @publicApi */
export function isExtensionFunction(name: string): boolean {
  return PATTERNS.some((pattern) => pattern.test(name));
}
