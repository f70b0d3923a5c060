/**
 * A form with files (`multipart/form-data`, RFC 7578), read for its fields and changed in place: a field's value gets
 * other bytes, everything else stays as it came, files included.
 *
 * Strict where another reading could be meant: a provider must not find another field than the one that is read here.
 */
import * as GatewayError from "@penstock/schema/GatewayError"
import * as Either from "effect/Either"
import type { Range } from "./JsonEdit.ts"

export interface Field {
  readonly name: string
  /** Whether it is a file: it has a file's name. */
  readonly isFile: boolean
  /** Where its value is. */
  readonly value: Range
}

export interface Form {
  readonly fields: ReadonlyArray<Field>
}

const invalid = (problem: string) =>
  Either.left(GatewayError.make("invalid_request", `The request's form cannot be read: ${problem}.`))

/** A form has a few fields; each costs a search. */
const maxFields = 256
/** The headers of one field. */
const maxHeaderBytes = 8192

const boundaryIn = /;\s*boundary=(?:"([^"]{1,70})"|([^\s";,]{1,70}))\s*(?:;|$)/i

/** The boundary that a content type names; null when it is no form. */
export const boundaryOf = (contentType: string | undefined): string | null => {
  if (contentType === undefined || !/^multipart\/form-data\s*;/i.test(contentType)) return null
  const found = boundaryIn.exec(contentType)
  return found?.[1] ?? found?.[2] ?? null
}

const disposition = /^content-disposition:\s*form-data\s*;(.*)$/i
const parameter = (text: string, name: string): string | null =>
  new RegExp(`(?:^|;)\\s*${name}="((?:[^"\\\\]|\\\\.)*)"`, "i").exec(text)?.[1] ?? null

/** What a field's headers say: null when they do not name it. */
const described = (headers: string): Pick<Field, "name" | "isFile"> | null => {
  const all = headers.split("\r\n").flatMap((line) => disposition.exec(line)?.[1] ?? [])
  const [parameters] = all
  const name = parameters === undefined || all.length > 1 ? null : parameter(parameters, "name")
  return name === null || parameters === undefined ? null : { name, isFile: /(?:^|;)\s*filename\*?=/i.test(parameters) }
}

export const parse = (bytes: Buffer, boundary: string): Either.Either<Form, GatewayError.GatewayError> => {
  const delimiter = Buffer.from(`\r\n--${boundary}`)
  const fields: Array<Field> = []
  // The first delimiter has no line before it.
  if (!bytes.subarray(0, delimiter.length - 2).equals(delimiter.subarray(2))) {
    return invalid(`it does not begin with its boundary, --${boundary}`)
  }
  let at = delimiter.length - 2
  while (bytes.toString("latin1", at, at + 2) === "\r\n") {
    const headersEnd = bytes.subarray(at, at + maxHeaderBytes).indexOf("\r\n\r\n")
    if (headersEnd === -1) return invalid(`the headers of field ${fields.length + 1} do not end`)
    const field = described(bytes.toString("utf8", at + 2, at + headersEnd))
    if (field === null) return invalid(`field ${fields.length + 1} has no name in its Content-Disposition`)
    const start = at + headersEnd + 4
    // A value that begins with a boundary: to some readers it is none, and the next field begins.
    const end = bytes.indexOf(delimiter, start - 2)
    if (end < start) return invalid(`the field "${field.name}" does not end with the boundary`)
    if (fields.length === maxFields) return invalid(`it has more than ${maxFields} fields`)
    fields.push({ ...field, value: { start, end } })
    at = end + delimiter.length
  }
  return bytes.toString("latin1", at, at + 2) === "--"
    ? Either.right({ fields })
    : invalid("it does not end with its boundary and two dashes")
}

/** The texts of a form's fields; of a name that is there more than once, all of them. Files are left out. */
export const texts = (bytes: Buffer, { fields }: Form): { readonly [name: string]: string | ReadonlyArray<string> } => {
  const all = new Map<string, string | ReadonlyArray<string>>()
  for (const { isFile, name, value } of fields) {
    if (isFile) continue
    const text = bytes.toString("utf8", value.start, value.end)
    const known = all.get(name)
    all.set(name, known === undefined ? text : [...(typeof known === "string" ? [known] : known), text])
  }
  return Object.fromEntries(all)
}

/** The form without its boundaries: the same for two bodies that differ in nothing else. */
export const contents = (bytes: Buffer, { fields }: Form): Buffer =>
  Buffer.concat(
    fields.flatMap(({ isFile, name, value }) => [
      Buffer.from(JSON.stringify([name, isFile, value.end - value.start])),
      bytes.subarray(value.start, value.end)
    ])
  )
