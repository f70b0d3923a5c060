/** The gateway between real clients and scripted providers: one of each protocol, and one nobody has configured. */
import OpenAI, { APIError } from "openai"
import * as Penstock from "./Penstock.ts"
import * as Upstream from "./Upstream.ts"

export type ProviderName = "mock" | "anthropic" | "ollama"

/** A model of each scripted provider, under the name that a caller uses. */
export const models: { readonly [P in ProviderName]: string } = {
  mock: "mock/upstream-model",
  anthropic: "claude-sonnet-4-5",
  ollama: "llama3.2"
}

export const providerNames = ["mock", "anthropic", "ollama"] as const

export interface Lab {
  readonly penstock: Penstock.Penstock
  readonly upstreams: { readonly [P in ProviderName]: Upstream.Upstream }
  readonly client: OpenAI
  readonly close: () => Promise<void>
}

/** USD per million tokens of `mock`: cheap to multiply by hand. */
export const price = { input: 0.15, output: 0.6, cacheRead: 0.075 }

/** Lines of a section, indented by two spaces. */
interface Own {
  readonly providers?: string
  readonly models?: string
}

/**
 * The configuration of every lab: one attempt, so that what a provider did wrong is seen. `more` is appended, and
 * `own` are lines for the sections that are there.
 */
export const config = (mock: string, more = "", { models: named = "", providers = "" }: Own = {}): string =>
  `providers:
  mock: { protocol: openai, base_url: "${mock}/v1", api_key: mock-secret-key, pricing: { input: ${price.input}, output: ${price.output}, cache_read: ${price.cacheRead} } }
  unpriced: { protocol: openai, base_url: "${mock}/v1", api_key: mock-secret-key }
  keyless: { protocol: openai, base_url: "${mock}/v1", api_key: "\${env.UNSET_KEY}" }
  gone: { protocol: openai, base_url: "http://127.0.0.1:9/v1", api_key: nobody-listens }
${providers}models:
  fast: mock/upstream-model
${named}defaults: { retry: { max: 0 } }
${more}`

export const clientOf = (penstock: Penstock.Penstock, apiKey = "no key is asked for"): OpenAI =>
  new OpenAI({ baseURL: `${penstock.url}/v1`, apiKey, maxRetries: 0 })

export const start = async (more = "", env: { readonly [name: string]: string } = {}, own: Own = {}): Promise<Lab> => {
  const upstreams = {
    mock: await Upstream.start(),
    anthropic: await Upstream.start(),
    ollama: await Upstream.start()
  }
  const close = () => Promise.all(Object.values(upstreams).map((upstream) => upstream.close()))
  try {
    const penstock = await Penstock.start({
      config: config(upstreams.mock.url, more, own),
      env: {
        ANTHROPIC_API_KEY: "anthropic-secret-key",
        ANTHROPIC_BASE_URL: upstreams.anthropic.url,
        OLLAMA_BASE_URL: upstreams.ollama.url,
        ...env
      }
    })
    return {
      penstock,
      upstreams,
      client: clientOf(penstock),
      close: async () => {
        await close()
        await penstock.stop()
      }
    }
  } catch (error) {
    await close()
    throw error
  }
}

/** A provider's ordinary answer with this content, whole or streamed as the request asks. */
export const says =
  (said: Parameters<typeof Upstream.ordinary>[1]): Upstream.Script =>
  (request) =>
    Upstream.ordinary(request, said)

/** Answers that have nothing to say but that the gateway still lives. */
export const isAlive = async (penstock: Penstock.Penstock): Promise<boolean> => {
  const answer = await clientOf(penstock).chat.completions.create({
    model: "demo/echo",
    messages: [{ role: "user", content: "alive" }]
  })
  return answer.choices[0]?.message.content === "alive"
}

export interface Row {
  readonly id: string
  readonly model: string
  readonly provider: string
  readonly requested_model: string
  readonly key_name: string | null
  readonly stream: boolean
  readonly prompt_tokens: number | null
  readonly completion_tokens: number | null
  readonly total_tokens: number | null
  readonly cache_read_tokens: number | null
  readonly reasoning_tokens: number | null
  readonly cost_usd: number | null
  readonly cost_nanousd: number | null
  readonly latency_ms: number | null
  readonly first_token_ms: number | null
  readonly attempts: number
  readonly success: boolean
  readonly status: "open" | "ok" | "error" | "partial" | "interrupted"
  readonly error: string | null
  /** Whether the counts are our own estimate. */
  readonly estimated: boolean
  readonly timestamp: string
}

export const rows = async (penstock: Penstock.Penstock, query = "limit=1000"): Promise<ReadonlyArray<Row>> => {
  const response = await fetch(`${penstock.url}/v1/requests?${query}`)
  const page = (await response.json()) as { readonly requests: ReadonlyArray<Row> }
  return page.requests
}

/** The row of a request once it is settled, which is a moment after its last byte; undefined for one without a row. */
export const row = async (penstock: Penstock.Penstock, id: string | null): Promise<Row> => {
  const deadline = performance.now() + 10_000
  for (;;) {
    const found = (await rows(penstock)).find((each) => each.id === id)
    if (found !== undefined && found.status !== "open") return found
    if (performance.now() > deadline) throw new Error(`no settled row for ${id}: ${JSON.stringify(found)}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

/** The error that a promise rejects with. */
export const failureOf = async (promise: PromiseLike<unknown>): Promise<APIError> => {
  try {
    await promise
  } catch (error) {
    if (error instanceof APIError) return error
    throw error
  }
  throw new Error("it did not fail")
}
