/** Places in a JSON Schema: `#/$defs/File/properties/path`. */
import { isObject, type JsonObject } from "../wire/Json.ts"

/** References that lead to references, at most. */
const maxHops = 32

const unescape = (part: string): string => {
  const plain = part.replaceAll("~1", "/").replaceAll("~0", "~")
  try {
    return decodeURIComponent(plain)
  } catch {
    return plain
  }
}

/** What stands there, references on the way followed; undefined when nothing does. */
export const resolve = (root: JsonObject, pointer: string): unknown => {
  let hops = 0
  const walk = (from: unknown, parts: ReadonlyArray<string>): unknown => {
    let value = from
    for (const part of parts) {
      if (part === "$ref" && isObject(value) && typeof value["$ref"] === "string") {
        if (hops++ > maxHops) return undefined
        value = walk(root, value["$ref"].split("/").slice(1).map(unescape))
      } else if (Array.isArray(value)) {
        value = value[Number(part)]
      } else {
        value = isObject(value) && Object.hasOwn(value, part) ? value[part] : undefined
      }
    }
    return value
  }
  return walk(root, pointer.split("/").slice(1).map(unescape))
}
