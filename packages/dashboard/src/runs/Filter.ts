/** Which runs are looked at, as the address bar keeps it. */
import { RunStatus } from "@penstock/schema/Run"
import * as Schema from "effect/Schema"

export interface Filter {
  readonly workflow?: string
  readonly status?: RunStatus
}

export const statuses = RunStatus.literals

const isStatus = Schema.is(RunStatus)

/** What an address says; whatever it does not know is left out. */
export const fromSearch = (search: string): Filter => {
  const query = new URLSearchParams(search)
  const workflow = query.get("workflow") ?? ""
  const status = query.get("status")
  return { ...(workflow === "" ? {} : { workflow }), ...(isStatus(status) ? { status } : {}) }
}

/** The address's part for the filter with one of its parts changed; an empty text takes it out. */
export const changed = (filter: Filter, part: keyof Filter, text: string): string => {
  const query = new URLSearchParams({ ...filter })
  if (text === "") query.delete(part)
  else query.set(part, text)
  return query.size === 0 ? "" : `?${query.toString()}`
}
