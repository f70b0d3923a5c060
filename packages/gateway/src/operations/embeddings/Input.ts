/** What is to be embedded: one or several, each a text, or a text's tokens for those who have a tokenizer of their own. */
import { likely } from "../../budgets/Estimate.ts"
import { listIn } from "../../wire/Json.ts"

export type Item = string | ReadonlyArray<number>

export interface Input {
  readonly items: ReadonlyArray<Item>
  /** Whether these are tokens, which mean something only to the model whose tokenizer they are from. */
  readonly tokens: boolean
}

export const none: Input = { items: [], tokens: false }

const isText = (value: unknown): value is string => typeof value === "string" && value !== ""

const isToken = (value: unknown): value is number =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= 0

const areTokens = (value: unknown): value is ReadonlyArray<number> =>
  Array.isArray(value) && value.length > 0 && value.every(isToken)

/** Null when it is none of the four shapes. */
export const read = (input: unknown): Input | null => {
  if (isText(input)) return { items: [input], tokens: false }
  if (areTokens(input)) return { items: [input], tokens: true }
  const items = listIn(input)
  if (items.length === 0) return null
  if (items.every(isText)) return { items, tokens: false }
  return items.every(areTokens) ? { items, tokens: true } : null
}

/** Tokens of one request, all texts together, that OpenAI takes. */
const maxTokens = 300_000

/** On the high side: no script has fewer than two bytes a token (see `likely`, which is right on the whole). */
const tokensOf = (item: Item): number => (typeof item === "string" ? 2 * likely(Buffer.byteLength(item)) : item.length)

/** In as few batches as the limits allow, in order. An item that is too large by itself gets a batch of its own. */
export const batches = ({ items }: Input, maxItems: number): ReadonlyArray<ReadonlyArray<Item>> => {
  const all: Array<Array<Item>> = []
  let batch: Array<Item> = []
  let tokens = 0
  for (const item of items) {
    const more = tokensOf(item)
    if (batch.length === maxItems || (batch.length > 0 && tokens + more > maxTokens)) {
      all.push(batch)
      batch = []
      tokens = 0
    }
    batch.push(item)
    tokens += more
  }
  all.push(batch)
  return all
}
