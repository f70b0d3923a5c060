/** The hash of a definition: of what it says, not of how it is written. */
import { sha256 } from "@noble/hashes/sha2.js"
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js"
import { isReadonlyRecord } from "effect/Predicate"

/** JSON with the keys of each mapping in one order. */
export const canonical = (value: unknown): string => {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`
  if (!isReadonlyRecord(value)) return JSON.stringify(value ?? null)
  const entries = Object.entries(value)
    .filter(([, field]) => field !== undefined)
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([key, field]) => `${JSON.stringify(key)}:${canonical(field)}`)
  return `{${entries.join(",")}}`
}

/** Changes when the meaning of documents changes, so that old hashes do not stand for new plans. */
const edition = "penstock-workflow-1\n"

/** 64 hexadecimal digits. */
export const hashOf = (definition: unknown): string => bytesToHex(sha256(utf8ToBytes(edition + canonical(definition))))
