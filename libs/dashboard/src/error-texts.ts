/** The texts of what did not work; a part of `TEXTS`. */
export const ERROR_TEXTS = {
  title: 'This did not work',
  refused: 'You may not do this',
  notFound: 'Not found',
  role: (needed: string) => `It needs the role ${needed}.`,
  noRole: 'You have no role here.',
  csrf: 'The form is too old, or it is not from this dashboard. Load the page again and repeat it. If the application has several instances, give all of them the same `secret`.',
  rate: (seconds: number) => `Too many actions in a minute. Try again in ${seconds} s.`,
  reason: 'Give a reason. The ledger records it.',
  tooLong: 'The reason is too long: at most 500 characters.',
  body: 'The application has not parsed the form. Turn the body parser of Nest on.',
  unknownAction: 'There is no such action.',
  runsOff: 'This process may not run backfills: the dashboard has `runs: false`.',
  key: (text: string) => `${text} is no key: give a JSON array with one text for each column of the key.`,
  malformed: {
    unknown: (field: string, action: string, known: readonly string[]) =>
      `There is no field "${field}" for ${action}. It takes ${known.join(', ')}. Nothing was done.`,
    targets:
      'The field `targets` names no table: give a list of tables or schemas, or leave it out for every table. Nothing was done.',
    manyTargets: (most: number) =>
      `The field \`targets\` names more than ${most} tables or schemas: give fewer, or leave it out for every table. Nothing was done.`,
    setting: (name: string) =>
      `The field \`${name}\` is neither a number nor a text: give e.g. 500 or "default". Nothing was done.`,
    rows: 'The field `rows` is neither "all" nor "chosen". Nothing was done.',
    keys: 'The field `keys` has no list of keys: give one array for each row, with one text for each column of the key, or leave it out for the whole quarantine. Nothing was done.',
    keysOfAll: 'The field `rows` says all rows, but `keys` has some: choose one of both. Nothing was done.',
    noneChosen: 'No row is chosen, so nothing was done. Give their `keys`, or choose all rows in quarantine.',
  },
  notInQuarantine: (rows: number) =>
    `${rows} of these rows ${rows === 1 ? 'is' : 'are'} not in quarantine. Load the list again.`,
  held: (status: string) => `It is ${status}, so no run continues it. Resume it first.`,
  notOffered: (status: string) => `It is ${status}: its page does not offer this action now.`,
  busy: 'This process is already running a backfill from the dashboard. Wait for its end, or pause it.',
  away: {
    page: (error: string) =>
      `The database does not answer, so this page cannot be shown: ${error} The page is loaded again by itself.`,
    stream: (error: string) =>
      `The database does not answer, so this page shows an earlier state: ${error} It goes on by itself.`,
    api: (error: string) => `The database does not answer: ${error} Ask again later.`,
    rehearsal: (error: string) =>
      `The database does not answer, so nothing was rehearsed, and no row was changed: ${error} Go back and repeat it later.`,
    action: (error: string) =>
      `The database does not answer, so it is not known whether the action was carried out: ${error} Look at the history before you repeat it.`,
  },
  ledgerAway: 'The ledger cannot be read.',
  internal: 'The dashboard could not answer. The log of the application has the error.',
} as const;
