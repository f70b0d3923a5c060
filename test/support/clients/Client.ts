/**
 * What people do with a client, whatever it is called: an adapter says how it is done with one of them, and the matrix
 * asks all of them the same.
 */

/** Where the gateway is and which model is meant. */
export interface Ask {
  /** The gateway's origin, without `/v1`. */
  readonly url: string
  readonly model: string
}

export interface Said {
  readonly text: string
  /** Tokens, as the client counts them. */
  readonly input: number | undefined
  readonly output: number | undefined
}

/** A failure as the client throws it. */
export interface Failure {
  /** Undefined for a failure inside a stream. */
  readonly status: number | undefined
  /** Whether the client made of it the kind of error that its documentation names. */
  readonly typed: boolean
  readonly message: string
}

export interface Client {
  /** As the table names it. */
  readonly name: string
  readonly package: string
  readonly path: "/v1/chat/completions" | "/v1/responses" | "/v1/messages"
  readonly text: (ask: Ask) => Promise<Said>
  /** The text of a stream, as the pieces in which the client gives it. */
  readonly stream: (ask: Ask) => Promise<ReadonlyArray<string>>
  /** Lets the model call `weather`, gives it the results, and says what it says then. */
  readonly tools: (ask: Ask) => Promise<string>
  /** The same streamed. */
  readonly toolsStreamed: (ask: Ask) => Promise<string>
  /** An answer of the shape `place`. */
  readonly object: (ask: Ask) => Promise<unknown>
  /** Asks about `picture`. */
  readonly image: (ask: Ask) => Promise<string>
  /** A refused request. */
  readonly failure: (ask: Ask) => Promise<Failure>
  /** A stream that breaks in its middle. */
  readonly broken: (ask: Ask) => Promise<Failure>
  /** Begins to read a stream, and leaves. */
  readonly leave: (ask: Ask) => Promise<void>
}

/** The least a caller asks; the scripted providers know what is meant by it. */
export const prompts = {
  text: "Say hello.",
  stream: "Say hello in pieces.",
  tools: "How is the weather in Oslo and in Rome?",
  object: "Where is it how cold?",
  image: "What is in the picture?",
  failure: "Refuse this.",
  broken: "Break off in the middle.",
  leave: "Talk until I leave."
} as const
export type Feature = keyof typeof prompts

/** A PNG of one pixel. */
export const picture =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="

export const weather = {
  name: "weather",
  description: "The weather in a city",
  parameters: {
    type: "object",
    properties: { city: { type: "string", description: "The city's name" } },
    required: ["city"],
    additionalProperties: false
  }
} as const

/** What the tool finds, by its arguments. */
export const weatherIn = (city: string): string => (city === "Oslo" ? "cold in Oslo" : `warm in ${city}`)

export const weatherFor = (args: unknown): string =>
  weatherIn(typeof args === "object" && args !== null && "city" in args ? String(args.city) : "nowhere")

export const place = {
  type: "object",
  properties: { city: { type: "string" }, degrees: { type: "number" } },
  required: ["city", "degrees"],
  additionalProperties: false
} as const

/** The error that a promise rejects with. */
export const thrown = async (promise: PromiseLike<unknown>): Promise<unknown> => {
  try {
    await promise
  } catch (error) {
    return error
  }
  throw new Error("it did not fail")
}

export const gathered = async <A>(
  items: AsyncIterable<A>,
  text: (item: A) => string
): Promise<ReadonlyArray<string>> => {
  const pieces: Array<string> = []
  for await (const item of items) {
    const piece = text(item)
    if (piece !== "") pieces.push(piece)
  }
  return pieces
}

/** Reads until there is text, and leaves. Clients differ in what an abort makes of the loop: an end or an error. */
export const leaving = async (pieces: AsyncIterable<string>, controller: AbortController): Promise<void> => {
  try {
    for await (const piece of pieces) if (piece !== "") controller.abort()
  } catch (error) {
    if (!controller.signal.aborted) throw error
  }
}

export const mapped = async function* <A>(items: AsyncIterable<A>, text: (item: A) => string): AsyncGenerator<string> {
  for await (const item of items) yield text(item)
}
