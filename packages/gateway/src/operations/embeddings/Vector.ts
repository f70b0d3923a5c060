/**
 * A vector on the wire: numbers, or their 32-bit floats in base64, least significant byte first, which is a quarter of
 * the bytes. Models compute in 32 bits or fewer, so that both say the same: each converts into the other exactly.
 */

export type Vector = ReadonlyArray<number> | string

export const formats = ["float", "base64"] as const
export type Format = (typeof formats)[number]

const isFinite = (value: unknown): value is number => typeof value === "number" && Number.isFinite(value)

/** Null for what is no vector. */
export const read = (value: unknown): Vector | null => {
  if (typeof value === "string") return value !== "" && Buffer.byteLength(value, "base64") % 4 === 0 ? value : null
  return Array.isArray(value) && value.length > 0 && value.every(isFinite) ? value : null
}

const toBase64 = (numbers: ReadonlyArray<number>): string => {
  const bytes = Buffer.allocUnsafe(numbers.length * 4)
  for (const [at, number] of numbers.entries()) bytes.writeFloatLE(number, at * 4)
  return bytes.toString("base64")
}

const toNumbers = (base64: string): ReadonlyArray<number> => {
  const bytes = Buffer.from(base64, "base64")
  return Array.from({ length: bytes.length / 4 }, (_, at) => bytes.readFloatLE(at * 4))
}

export const numbersOf = (vector: Vector): ReadonlyArray<number> =>
  typeof vector === "string" ? toNumbers(vector) : vector

export const isIn = (vector: Vector, format: Format): boolean => (typeof vector === "string") === (format === "base64")

export const written = (vector: Vector, format: Format): Vector => {
  if (format === "float") return numbersOf(vector)
  return typeof vector === "string" ? vector : toBase64(vector)
}
