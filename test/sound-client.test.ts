/** OpenAI's official client for sound: texts that are spoken, and files that are written down. */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { toFile } from "openai"
import * as Lab from "./support/Lab.ts"
import * as OpenApi from "./support/OpenApi.ts"
import * as OperationsLab from "./support/OperationsLab.ts"
import * as Upstream from "./support/Upstream.ts"
import * as Wire from "./support/Wire.ts"

let lab: OperationsLab.OperationsLab
let mock: Upstream.Upstream
let spare: Upstream.Upstream
const judges = OpenApi.present ? OpenApi.judges() : null
/** What is wrong with a value by OpenAI's description; null when nothing is, or nobody judges. */
const faultOf = (schema: string, value: unknown) => judges?.(schema)(value) ?? null

beforeAll(async () => {
  lab = await OperationsLab.start()
  mock = lab.mock
  spare = lab.spare
})
afterAll(() => lab.close())

const rowOf = (headers: Headers | undefined) => Lab.row(lab.penstock, headers?.get("x-request-id") ?? null)
const last = () => mock.requests.at(-1)!
const sse = (...events: ReadonlyArray<object>) => events.map((event) => Wire.sse(event))
const post = (path: string, body: object) =>
  fetch(`${lab.penstock.url}${path}`, { method: "POST", body: JSON.stringify(body) })

describe("speech", () => {
  const sound = Uint8Array.from({ length: 70_000 }, (_, at) => at % 251)
  const mp3 = { "content-type": "audio/mpeg" }

  it("comes as it is made, byte for byte, as the provider names it", async () => {
    const gate = Upstream.gate()
    mock.next({ headers: mp3, body: [sound.subarray(0, 1000), gate.opened, sound.subarray(1000)] })
    const { data, response } = await lab.client.audio.speech
      .create({ model: "mock/tts-1", voice: "alloy", input: "Hello" })
      .withResponse()
    assert.strictEqual(response.headers.get("content-type"), "audio/mpeg")
    const reader = data.body!.getReader()
    const first = await reader.read()
    // It is here before the rest was written.
    assert.isAbove(first.value!.length, 0)
    gate.open()
    const all = [first.value!]
    for (let piece = await reader.read(); !piece.done; piece = await reader.read()) all.push(piece.value)
    assert.isTrue(Buffer.concat(all).equals(sound))
    assert.deepStrictEqual(last().json, { model: "tts-1", voice: "alloy", input: "Hello" })
    const row = await rowOf(response.headers)
    assert.deepStrictEqual([row.status, row.stream, row.cost_nanousd], ["ok", true, null])
    assert.isNotNull(row.first_token_ms)
  })

  it("comes as events, whose last one has counts of sound", async () => {
    mock.next(
      Upstream.eventStream(
        ...sse(
          { type: "speech.audio.delta", audio: "aGk=" },
          { type: "speech.audio.done", usage: { input_tokens: 3, output_tokens: 100, total_tokens: 103 } }
        )
      )
    )
    const { data, response } = await lab.client.audio.speech
      .create({ model: "mock/gpt-4o-mini-tts", voice: "alloy", input: "Hi", stream_format: "sse" })
      .withResponse()
    const text = await data.text()
    assert.include(text, "speech.audio.done")
    assert.include(text, ": x-penstock-cost-usd: 0.00020045")
    const row = await rowOf(response.headers)
    assert.deepStrictEqual([row.prompt_tokens, row.completion_tokens, row.cost_nanousd], [3, 100, 3 * 150 + 100 * 2000])
  })

  it("that breaks in the middle breaks its connection: an end would say that it is whole", async () => {
    mock.next({ headers: mp3, body: [sound.subarray(0, 1000), 20, Upstream.reset] })
    const response = await post("/v1/audio/speech", { model: "either", voice: "alloy", input: "Hello" })
    assert.strictEqual(response.status, 200)
    const failure = await response.arrayBuffer().then(
      () => null,
      (error: unknown) => error
    )
    assert.isNotNull(failure)
    assert.strictEqual((await rowOf(response.headers)).status, "error")
  })

  for (const [what, script] of [
    ["500s", { status: 500, body: "oops" }],
    ["a reset", { headless: true }],
    ["an empty body", { headers: mp3, body: "" }]
  ] as const) {
    it(`is tried again, and then asked of the next target, before its first byte: ${what}`, async () => {
      mock.next(script, script)
      spare.next({ headers: mp3, body: sound })
      const { data, response } = await lab.client.audio.speech
        .create({ model: "either", voice: "alloy", input: "Hello" })
        .withResponse()
      assert.strictEqual((await data.arrayBuffer()).byteLength, sound.length)
      assert.deepStrictEqual(
        ["provider", "attempts", "fallback"].map((name) => response.headers.get(`x-penstock-${name}`)),
        ["spare", "3", "true"]
      )
    })
  }

  it("is aborted at once when the caller leaves, and nobody guesses what it cost", async () => {
    mock.next({ headers: mp3, body: [sound, Upstream.hang] })
    const controller = new AbortController()
    const { data, response } = await lab.client.audio.speech
      .create({ model: "mock/tts-1", voice: "alloy", input: "Leave" }, { signal: controller.signal })
      .withResponse()
    await data.body!.getReader().read()
    controller.abort()
    assert.strictEqual((await mock.nextAbort()).json.input, "Leave")
    const row = await rowOf(response.headers)
    assert.deepStrictEqual([row.status, row.prompt_tokens, row.cost_nanousd], ["partial", null, null])
  })

  it("may be of any length", async () => {
    const piece = sound.subarray(0, 65_536)
    mock.next({ headers: mp3, body: Array.from({ length: 64 }, () => piece) })
    const response = await post("/v1/audio/speech", { model: "mock/tts-1", voice: "alloy", input: "Long" })
    assert.strictEqual((await response.arrayBuffer()).byteLength, 64 * 65_536)
  })
})

describe("a file of sound", () => {
  const file = () => toFile(Buffer.from("RIFF sound \r\n--not-the-boundary \u00e9"), "hello.wav", { type: "audio/wav" })
  const heard = {
    text: "Hello.",
    usage: {
      type: "tokens",
      input_tokens: 14,
      input_token_details: { text_tokens: 4, audio_tokens: 10 },
      output_tokens: 5,
      total_tokens: 19
    }
  }

  for (const kind of ["transcriptions", "translations"] as const) {
    it(`is sent to ${kind} with another model's name and nothing else changed`, async () => {
      mock.next({ body: heard })
      const { data, response } = await lab.client.audio[kind]
        .create({ model: "mock/whisper-1", file: await file(), prompt: "a name" })
        .withResponse()
      assert.strictEqual((data as { text: string }).text, "Hello.")
      if (kind === "transcriptions") assert.isNull(faultOf("CreateTranscriptionResponseJson", data))
      const { body, headers, path } = last()
      assert.strictEqual(path, `/v1/audio/${kind}`)
      const form = await new Response(body, { headers: { "content-type": headers["content-type"]! } }).formData()
      assert.deepStrictEqual(
        ["model", "prompt"].map((name) => form.get(name)),
        ["whisper-1", "a name"]
      )
      const sent = form.get("file") as File
      assert.deepStrictEqual([sent.name, sent.type], ["hello.wav", "audio/wav"])
      assert.strictEqual(await sent.text(), await ((await file()) as File).text())
      const row = await rowOf(response.headers)
      assert.deepStrictEqual(
        [row.prompt_tokens, row.completion_tokens, row.cost_nanousd],
        [14, 5, 4 * 150 + 10 * 1000 + 5 * 600]
      )
    })
  }

  it("may come back as subtitles, and be paid by the second", async () => {
    const subtitles = "1\n00:00:00,000 --> 00:00:01,000\nHello.\n"
    mock.next({ headers: { "content-type": "application/x-subrip" }, body: subtitles })
    const { data, response } = await lab.client.audio.transcriptions
      .create({ model: "mock/whisper-1", file: await file(), response_format: "srt" })
      .withResponse()
    assert.strictEqual(data as unknown as string, subtitles)
    assert.strictEqual(response.headers.get("content-type"), "application/x-subrip")
    assert.isNull((await rowOf(response.headers)).cost_nanousd)
    mock.next({ body: { text: "Hello.", usage: { type: "duration", seconds: 1 } } })
    const seconds = await lab.client.audio.transcriptions
      .create({ model: "mock/whisper-1", file: await file() })
      .withResponse()
    assert.isNull((await rowOf(seconds.response.headers)).cost_nanousd)
  })

  it("is written down as it is heard", async () => {
    mock.next(
      Upstream.eventStream(
        ...sse(
          { type: "transcript.text.delta", delta: "Hel" },
          { type: "transcript.text.delta", delta: "lo." },
          { type: "transcript.text.done", ...heard }
        )
      )
    )
    const { data, response } = await lab.client.audio.transcriptions
      .create({ model: "mock/gpt-4o-transcribe", file: await file(), stream: true })
      .withResponse()
    let text = ""
    for await (const event of data) if (event.type === "transcript.text.delta") text += event.delta
    assert.strictEqual(text, "Hello.")
    assert.strictEqual((await rowOf(response.headers)).prompt_tokens, 14)
  })

  it("is sent again whole when a target fails", async () => {
    mock.next({ status: 429, headers: { "retry-after-ms": "1" }, body: Wire.openaiError("slow") }, { headless: true })
    spare.next({ body: heard })
    const { response } = await lab.client.audio.transcriptions
      .create({ model: "either", file: await file() })
      .withResponse()
    assert.deepStrictEqual(
      ["provider", "attempts"].map((name) => response.headers.get(`x-penstock-${name}`)),
      ["spare", "3"]
    )
    assert.include(spare.requests.at(-1)!.body, "RIFF sound")
  })

  it("under an Idempotency-Key is one call, whatever boundary its repeats have", async () => {
    mock.next({ body: heard })
    const before = mock.requests.length
    const ask = async () =>
      lab.client.audio.transcriptions
        .create({ model: "mock/whisper-1", file: await file() }, { headers: { "idempotency-key": "sound-1" } })
        .withResponse()
    await ask()
    assert.strictEqual((await ask()).response.headers.get("idempotent-replayed"), "true")
    assert.strictEqual(mock.requests.length, before + 1)
  })

  it("is refused when it is too large, and when it is no form", async () => {
    const large = await toFile(Buffer.alloc(2 * 1024 * 1024), "large.wav")
    const error = await Lab.failureOf(lab.client.audio.transcriptions.create({ model: "mock/m", file: large }))
    assert.strictEqual(error.status, 413)
    const form = (parts: ReadonlyArray<string>, end = "--b--\r\n") =>
      fetch(`${lab.penstock.url}/v1/audio/transcriptions`, {
        method: "POST",
        headers: { "content-type": "multipart/form-data; boundary=b" },
        body: parts.map((part) => `--b\r\nContent-Disposition: form-data; ${part}\r\n`).join("") + end
      })
    const name = 'name="model"\r\n\r\nmock/m'
    for (const [response, said] of [
      [await post("/v1/audio/transcriptions", { model: "mock/m" }), "multipart/form-data"],
      [await form([]), "has no"],
      [await form([name], ""), "does not end"],
      [await form([name, name]), "got 2"],
      [await form(['name="file"; filename="a"\r\n\r\nx']), "got 0"],
      [await form(['filename="a"\r\n\r\nx']), "no name"],
      [await form([name, 'name="stream"\r\n\r\nperhaps']), '"true" or "false"']
    ] as const) {
      const { error } = (await response.json()) as { error: { message: string } }
      assert.strictEqual(response.status, 400, said)
      if (said !== "has no") assert.include(error.message, said)
    }
  })
})
