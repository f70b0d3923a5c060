/** Which requests are looked at, as the address bar keeps it: a link to a list is a link to the same list. */
import { Status } from "@penstock/schema/LedgerEntry"
import * as Schema from "effect/Schema"

export const fields = ["model", "provider", "key", "workflow"] as const
export type Field = (typeof fields)[number]

export interface Filter {
  readonly model?: string
  readonly provider?: string
  readonly key?: string
  readonly workflow?: string
  readonly status?: Status
}

export const isStatus = Schema.is(Status)

/** What an address says; whatever it does not know is left out. */
export const fromSearch = (search: string): Filter => {
  const query = new URLSearchParams(search)
  const status = query.get("status")
  const texts = fields.flatMap((field) => {
    const text = query.get(field)
    return text === null || text === "" ? [] : [[field, text] as const]
  })
  return { ...Object.fromEntries(texts), ...(isStatus(status) ? { status } : {}) }
}

export const toSearch = (filter: Filter): string => {
  const text = new URLSearchParams(
    Object.entries(filter).filter((entry): entry is [string, string] => typeof entry[1] === "string")
  ).toString()
  return text === "" ? "" : `?${text}`
}

/** The filter with one of its parts changed; an empty text takes it out. */
export const changed = (filter: Filter, part: keyof Filter, text: string): Filter => {
  const query = new URLSearchParams(toSearch(filter))
  if (text === "") query.delete(part)
  else query.set(part, text)
  return fromSearch(query.toString())
}
