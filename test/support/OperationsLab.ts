/** A gateway whose providers have endpoints beside conversations, or say that they have not. */
import * as Lab from "./Lab.ts"
import * as Upstream from "./Upstream.ts"

/** Tests may fail as often as they like. */
const config = (mock: string, spare: string) => `
server: { max_body: 1mb }
cache: { enabled: true }
providers:
  mock: { protocol: openai, base_url: "${mock}/v1", api_key: mock-secret-key, pricing: { input: 0.15, output: 0.6, input_audio: 1, output_audio: 2 } }
  unpriced: { protocol: openai, base_url: "${mock}/v1", api_key: mock-secret-key }
  spare: { protocol: openai, base_url: "${spare}/v1", api_key: spare-secret-key }
  silent: { protocol: openai, base_url: "${spare}/v1", api_key: spare-secret-key, endpoints: [chat] }
models:
  either: { targets: [silent/none, mock/first, spare/second], retry: { max: 1, delay: 1ms } }
defaults: { retry: { max: 0 }, breaker: { failures: 10000 } }
`

export interface OperationsLab extends Lab.Lab {
  readonly mock: Upstream.Upstream
  readonly spare: Upstream.Upstream
}

const inForce = async (url: string, model: string) => {
  for (const deadline = performance.now() + 10_000; performance.now() < deadline;) {
    if ((await fetch(`${url}/v1/models/${model}`)).status === 200) return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new Error(`the configuration with ${model} did not come into force`)
}

export const start = async (): Promise<OperationsLab> => {
  const spare = await Upstream.start()
  const lab = await Lab.start()
  const { mock } = lab.upstreams
  lab.penstock.writeConfig(config(mock.url, spare.url))
  await inForce(lab.penstock.url, "either")
  return {
    ...lab,
    mock,
    spare,
    close: async () => {
      await lab.close()
      await spare.close()
    }
  }
}
