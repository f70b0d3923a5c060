/**
 * What a request holds beyond what is read: nothing is lost without a word. By path (`messages.0.content.1.citations`);
 * `null` and empty lists, which clients send back from answers, say nothing and are left out.
 */
import type { JsonObject } from "../wire/Json.ts"

const says = (value: unknown): boolean =>
  value !== null && value !== undefined && !(Array.isArray(value) && value.length === 0)

/** Adds the fields of an object that are not `known`. `path` is empty or ends with a dot. */
export const collect = (
  into: Record<string, unknown>,
  path: string,
  from: JsonObject,
  known: (name: string) => boolean
): void => {
  for (const name in from) {
    // JSON may have a field of this name; assigning it would change the object itself.
    if (name !== "__proto__" && !known(name) && says(from[name])) into[`${path}${name}`] = from[name]
  }
}
