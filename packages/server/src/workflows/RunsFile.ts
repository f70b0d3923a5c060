/**
 * Where runs are kept: in a file of their own beside the ledger. That one several processes may open; this one a single
 * process goes on with.
 */

/** `penstock-runs.db` of `penstock.db`. */
export const beside = (database: string): string =>
  database === ":memory:" ? database : database.replace(/(?:\.[^./\\]+)?$/, (ending) => `-runs${ending}`)
