import { assert, describe, it } from "@effect/vitest"
import * as Demand from "@penstock/gateway/budgets/Demand"
import * as Estimate from "@penstock/gateway/budgets/Estimate"
import type { ModelFacts } from "@penstock/gateway/ledger/PriceBook"
import type { ChatRequest } from "@penstock/schema/ChatRequest"
import { priceFromUsdPerMillion } from "@penstock/schema/Money"
import { costOf, Price } from "@penstock/schema/Price"
import * as Usage from "@penstock/schema/Usage"
import * as fc from "effect/FastCheck"
import { everything, transcriptOf } from "../failover/streams.ts"
import { streamed } from "../protocols/completions.ts"

const unknown: ModelFacts = { contextWindow: null, maxOutputTokens: null }
const price = (rates: Partial<Record<Usage.Bucket, number>>): Price =>
  new Price(
    Object.fromEntries(
      Usage.buckets.map((bucket) => [bucket, priceFromUsdPerMillion(rates[bucket] ?? 0)])
    ) as ConstructorParameters<typeof Price>[0]
  )

const demandOf = (json: Record<string, unknown>) => Demand.ofBody(Buffer.byteLength(JSON.stringify(json)), json)
const saying = (content: unknown, more: object = {}) =>
  demandOf({ model: "m", messages: [{ role: "user", content }], ...more })
const worst = (demand: Demand.Demand, facts = unknown) => Estimate.worstCase(demand, facts)

/** Texts with the tokens that OpenAI's `o200k_base` and `cl100k_base` make of them. */
const measured = [
  {
    text: "A penstock is a sluice or gate that controls water flow, or an enclosed pipe that delivers water to hydro turbines and sewerage systems. The term is inherited from the earlier technology of mill ponds and watermills.",
    tokens: [44, 45]
  },
  {
    text: "Ein Druckrohr führt das Wasser aus einem höher gelegenen Speicher zur Turbine eines Kraftwerks. Es muss auch den Druckstößen standhalten, die beim schnellen Schließen der Absperrorgane entstehen.",
    tokens: [43, 55]
  },
  {
    text: "Напорный трубопровод подводит воду под давлением к турбинам гидроэлектростанции. Он должен выдерживать гидравлический удар при быстром закрытии затвора.",
    tokens: [44, 73]
  },
  {
    text: "压力管道是从水库或压力前池向水轮机输送水流的管道。它必须能够承受阀门快速关闭时产生的水锤压力。",
    tokens: [41, 59]
  },
  {
    text: "水圧管路は、貯水池や水槽から水車へ水を導くための管路である。弁を急に閉じたときに生じる水撃作用に耐えなければならない。",
    tokens: [55, 72]
  },
  { text: "पेनस्टॉक एक बंद पाइप है जो जलाशय से टरबाइन तक पानी पहुँचाता है।", tokens: [36, 66] },
  {
    text: "const sum = (values: ReadonlyArray<number>): number => {\n  let total = 0\n  for (const value of values) total += value\n  return total\n}\n",
    tokens: [38, 37]
  }
]

describe("the most that a call can use", () => {
  it("covers what real tokenizers make of a text, in every script", () => {
    for (const { text, tokens } of [...measured, { text: "🎉🚀👩‍👩‍👧‍👦💧⚡️🔧", tokens: [22, 33] }]) {
      assert.isAtLeast(worst(saying(text)).input, Math.max(...tokens))
    }
  })

  it("to read is no more than the body's bytes and a little for how a conversation begins", () => {
    const demand = saying("x".repeat(1000))
    assert.strictEqual(
      demand.bytes,
      JSON.stringify({ model: "m", messages: [{ role: "user", content: "" }] }).length + 1000
    )
    assert.strictEqual(worst(demand).input, demand.bytes + 16)
    assert.strictEqual(
      worst(saying("x", { tools: [{ type: "function" }] })).input - 16,
      saying("x", { tools: [{ type: "function" }] }).bytes + 1000
    )
  })

  it("to write is the caller's limit, else the model's, else 4,096, for each answer", () => {
    const facts = { contextWindow: null, maxOutputTokens: 16_384 }
    assert.strictEqual(worst(saying("x")).output, 4096)
    assert.strictEqual(worst(saying("x"), facts).output, 16_384)
    assert.strictEqual(worst(saying("x", { max_tokens: 50 })).output, 50)
    assert.strictEqual(worst(saying("x", { max_tokens: 50, max_completion_tokens: 70 })).output, 70)
    assert.strictEqual(worst(saying("x", { max_tokens: 100_000 }), facts).output, 16_384)
    assert.strictEqual(worst(saying("x", { max_tokens: 50, n: 4 })).output, 200)
    for (const nonsense of [0, -5, 1.5, "many", null, Number.NaN]) {
      assert.strictEqual(worst(saying("x", { max_tokens: nonsense, n: nonsense })).output, 4096)
    }
  })

  it("counts a picture as a picture, however many bytes it is sent in", () => {
    const data = "A".repeat(2_000_000)
    const sent = [
      { type: "image_url", image_url: { url: `data:image/png;base64,${data}` } },
      { type: "image_url", image_url: { url: "https://example.test/a.png" } },
      { type: "input_image", image_url: `data:image/png;base64,${data}` },
      { type: "image", source: { type: "base64", media_type: "image/png", data } },
      { type: "image", source: { type: "url", url: "https://example.test/a.png" } }
    ]
    for (const part of sent) {
      const { input } = worst(saying([part]))
      assert.isAtLeast(input, 48_169)
      assert.isAtMost(input, 51_000)
    }
    const low = { type: "image_url", image_url: { url: "https://example.test/a.png", detail: "low" } }
    assert.isAtLeast(worst(saying([low])).input, 2833)
    assert.isAtMost(worst(saying([low])).input, 4000)
    assert.isAtLeast(worst(saying([{ type: "tool_result", content: [sent[3]] }])).input, 48_169)
    assert.isAtMost(worst(saying([{ type: "tool_result", content: [sent[3]] }])).input, 51_000)
  })

  it("counts sound by its length, and documents by the most pages there may be", () => {
    // A minute at the lowest rate of an MP3: 32 tokens a second at most.
    const minute = { type: "input_audio", input_audio: { format: "mp3", data: "A".repeat(80_000) } }
    assert.isAtLeast(worst(saying([minute])).input, 60 * 32)
    assert.isAtMost(worst(saying([minute])).input, 3000)
    const pdf = {
      type: "file",
      file: { filename: "a.pdf", file_data: `data:application/pdf;base64,${"A".repeat(4000)}` }
    }
    for (const part of [
      pdf,
      { type: "file", file: { file_id: "file-1" } },
      { type: "document", source: { type: "url" } }
    ]) {
      assert.isAtLeast(worst(saying([part])).input, 100 * 4600)
    }
    // Text is text, wrapped up or not.
    const text = { type: "file", file: { file_data: `data:text/plain;base64,${"A".repeat(4000)}` } }
    assert.isAtMost(worst(saying([text])).input, 4300)
    assert.isAtLeast(worst(saying([text])).input, 3000)
  })

  it("is the same for a program's request, give or take how it is written", () => {
    const data = "A".repeat(100_000)
    const request: ChatRequest = {
      model: "m",
      messages: [
        {
          role: "user",
          content: [
            { type: "text", text: "é".repeat(500) },
            { type: "image", source: { type: "base64", mediaType: "image/png", data } },
            { type: "audio", format: "wav", data }
          ]
        }
      ],
      maxTokens: 10,
      extra: { n: 2 }
    }
    const tokens = worst(Demand.ofRequest(request))
    assert.strictEqual(tokens.output, 20)
    assert.isAtLeast(tokens.input, 1000 + 50_000 + 2500)
    assert.isAtMost(tokens.input, 1500 + 50_000 + 2500)
  })
})

describe("what the worst case costs", () => {
  const tokens = { input: 1000, output: 500 }
  const plain = saying("x")

  it("is each token at the dearest rate that can apply to it", () => {
    const rates = price({ input: 3, cacheRead: 0.3, cacheWrite5m: 3.75, cacheWrite1h: 6, output: 15, reasoning: 15 })
    // 1,000 × 6 + 500 × 15 USD per million.
    assert.strictEqual(Estimate.worstCaseCost(plain, tokens, rates), 13_500_000)
  })

  it("has rates for audio only where there is audio", () => {
    const rates = price({ input: 2.5, inputAudio: 40, output: 10, outputAudio: 80 })
    assert.strictEqual(Estimate.worstCaseCost(plain, tokens, rates), 7_500_000)
    const heard = saying([{ type: "input_audio", input_audio: { data: "AAAA" } }])
    assert.strictEqual(Estimate.worstCaseCost(heard, tokens, rates), 45_000_000)
    assert.strictEqual(Estimate.worstCaseCost(saying("x", { modalities: ["audio"] }), tokens, rates), 42_500_000)
  })

  it("is rounded up, and is all the money there is when it would be more", () => {
    assert.strictEqual(Estimate.worstCaseCost(plain, { input: 1, output: 0 }, price({ input: 0.000001 })), 1)
    assert.strictEqual(Estimate.worstCaseCost(plain, { input: 0, output: 0 }, price({ input: 1 })), 0)
    const endless = worst(saying("x", { max_tokens: Number.MAX_SAFE_INTEGER }))
    assert.strictEqual(Estimate.worstCaseCost(plain, endless, price({ output: 60 })), Number.MAX_SAFE_INTEGER)
  })

  it("is never less than what a call within it costs, whatever its tokens turn out to be", () => {
    const rate = fc.integer({ min: 0, max: 200_000_000 })
    const rates = fc
      .record(Object.fromEntries(Usage.buckets.map((bucket) => [bucket, rate])))
      .map((each) => new Price(each as ConstructorParameters<typeof Price>[0]))
    const count = fc.nat(200_000)
    const used = fc.record({
      input: count,
      cacheRead: count,
      cacheWrite5m: count,
      cacheWrite1h: count,
      output: count,
      reasoning: count
    })
    fc.assert(
      fc.property(rates, used, (price, counts) => {
        const usage = Usage.make(counts)
        const hold = Estimate.worstCaseCost(plain, { input: usage.promptTokens, output: usage.completionTokens }, price)
        assert.isAtLeast(hold, costOf(usage, price))
      })
    )
  })
})

describe("the likely usage of an answer that ended early", () => {
  const sent = (text: string) =>
    transcriptOf([
      { type: "start", id: "a", model: "m" },
      { type: "text-start", index: 0 },
      { type: "text-delta", index: 0, text }
    ])

  it("is within half and double of what real tokenizers count, in every script", () => {
    for (const { text, tokens } of measured) {
      const { output } = Estimate.usageOf(saying("x"), sent(text), null)
      for (const real of tokens) {
        assert.isAtLeast(output, real / 2, text)
        assert.isAtMost(output, real * 2, text)
      }
    }
  })

  it("tells reasoning from what was said, tool calls included", () => {
    const transcript = transcriptOf([
      { type: "start", id: "a", model: "m" },
      { type: "reasoning-start", index: 0 },
      { type: "reasoning-delta", index: 0, text: "x".repeat(400) },
      { type: "tool-call-start", index: 1, id: "c", name: "weather" },
      { type: "tool-call-delta", index: 1, arguments: "y".repeat(40) }
    ])
    const usage = Estimate.usageOf(saying("x"), transcript, null)
    assert.strictEqual(usage.reasoning, 100)
    assert.strictEqual(usage.output, 12)
  })

  it("keeps the counts that the provider sent, and adds what it wrote since", () => {
    const known = Usage.make({ input: 10, cacheRead: 2000, output: 1 })
    const usage = Estimate.usageOf(saying("x"), sent("z".repeat(4000)), known)
    assert.deepStrictEqual(usage, Usage.make({ input: 10, cacheRead: 2000, output: 1000 }))
    assert.strictEqual(Estimate.usageOf(saying("x"), sent(""), Usage.make({ input: 1, output: 9 })).output, 9)
  })

  it("takes a picture for what it likely is, and not for its bytes", () => {
    const url = `data:image/png;base64,${"A".repeat(1_000_000)}`
    const { input } = Estimate.usageOf(saying([{ type: "image_url", image_url: { url } }]), sent(""), null)
    assert.isAtLeast(input, 1000)
    assert.isAtMost(input, 1100)
  })

  it("is never more than the worst case", () => {
    const limit = fc.integer({ min: 1, max: 200 })
    const part = fc.oneof(
      fc.string().map((text) => ({ type: "text", text })),
      fc.base64String().map((data) => ({ type: "image_url", image_url: { url: `data:image/png;base64,${data}` } })),
      fc.base64String().map((data) => ({ type: "input_audio", input_audio: { data } })),
      fc.base64String().map((data) => ({ type: "file", file: { file_data: `data:application/pdf;base64,${data}` } }))
    )
    fc.assert(
      fc.property(fc.array(part, { maxLength: 4 }), limit, streamed(everything), (content, max_tokens, { events }) => {
        const demand = saying(content, { max_tokens })
        const usage = Estimate.usageOf(demand, transcriptOf(events), null)
        const most = worst(demand)
        assert.isAtMost(usage.promptTokens, most.input)
        assert.isAtMost(usage.completionTokens, most.output)
      }),
      { numRuns: 500 }
    )
  })
})
