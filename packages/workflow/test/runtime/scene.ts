/** Everything that a run reaches out to, scripted; and the run brought to its end by the clock of the test. */
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Engine from "@penstock/workflow/runtime/Engine"
import * as Http from "@penstock/workflow/runtime/Http"
import { Runs } from "@penstock/workflow/runtime/Runs"
import * as Tools from "@penstock/workflow/runtime/Tools"
import { Secrets } from "@penstock/workflow/runtime/World"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/TestClock"
import * as Gateway from "./scripted.ts"

export interface WebAnswer {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: unknown
  readonly millis?: number
}

export interface Scripts {
  readonly answers?: Gateway.Script
  /** What a URL answers, one answer after the other. */
  readonly http?: Readonly<Record<string, ReadonlyArray<WebAnswer>>>
  readonly secrets?: Readonly<Record<string, string>>
}

/** What was sent to the web, as a case writes it down. */
export interface Sent {
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | null
}

export interface ToolCall {
  readonly tool: string
  readonly args: unknown
  readonly key: string | undefined
}

const structured = (value: unknown): Tools.ToolResult => ({ content: [], structuredContent: value, isError: false })
const text = (said: string, isError = false): Tools.ToolResult => ({ content: [{ type: "text", text: said }], isError })

const numberOf = (args: unknown): number => (args as { value: number }).value

/** A server of functions that are easy to foresee. */
const math: Readonly<
  Record<string, (args: unknown, calls: number) => Effect.Effect<Tools.ToolResult, Tools.ToolFailure>>
> = {
  double: (args) => Effect.succeed(structured({ value: 2 * numberOf(args) })),
  break: () => Effect.succeed(text("broken", true)),
  say: (args) => Effect.succeed(text(String((args as { text: string }).text))),
  parts: () =>
    Effect.succeed({
      content: [{ type: "text", text: "a" }, { type: "image" }, { type: "text", text: "b" }],
      isError: false
    }),
  lines: () =>
    Effect.succeed({
      content: [
        { type: "text", text: "a" },
        { type: "text", text: "b" }
      ],
      isError: false
    }),
  /** Cannot be reached the first time. */
  flaky: (_args, calls) =>
    calls === 1
      ? Effect.fail(new Tools.ToolFailure({ reason: "network", message: "the line is dead" }))
      : Effect.succeed(text("back again")),
  hang: () => Effect.never
}

const toolsOf = () => {
  const calls: Array<ToolCall> = []
  const layer = Layer.succeed(Tools.Tools, {
    list: (server) =>
      server === "math"
        ? Effect.succeed(
            Object.keys(math).map((name) => ({
              name,
              description: `the tool ${name}`,
              inputSchema: { type: "object" }
            }))
          )
        : Effect.fail(new Tools.ToolFailure({ reason: "invalid_request", message: `there is no server "${server}"` })),
    call: (server, tool, args, _asker, options) =>
      Effect.suspend(() => {
        calls.push({ tool: `${server}/${tool}`, args, key: options?.idempotencyKey })
        const known = server === "math" ? math[tool] : undefined
        return known === undefined
          ? Effect.fail(new Tools.ToolFailure({ reason: "invalid_request", message: `there is no tool "${tool}"` }))
          : known(args, calls.filter((call) => call.tool === `${server}/${tool}`).length)
      })
  })
  return { calls, layer }
}

/** Only `api.example.com` may be reached; the client would reach anything. */
const hosts = { allows: (host: string) => host === "api.example.com", names: ["api.example.com"] }

/** Bodies that are too long to be written down in a case. */
const sizes: Readonly<Record<string, string>> = { BIG: "x".repeat(100_000), HUGE: "x".repeat(9_000_000) }

const httpOf = (scripts: Scripts["http"] = {}) => {
  const sent: Array<Sent> = []
  const client = HttpClient.make((request, url) =>
    Effect.gen(function* () {
      const { body, headers, method } = request
      const said = body._tag === "Uint8Array" ? new TextDecoder().decode(body.body) : null
      sent.push({ method, url: url.href, headers: { ...headers }, body: said })
      const answers = scripts[url.href] ?? [{ status: 404 }]
      const earlier = sent.filter((one) => one.url === url.href).length - 1
      const answer = answers[Math.min(earlier, answers.length - 1)]!
      if (answer.millis !== undefined) yield* Effect.sleep(answer.millis)
      const isText = typeof answer.body === "string" || answer.body === undefined
      const text = isText ? ((answer.body as string | undefined) ?? "") : JSON.stringify(answer.body)
      const status = answer.status ?? 200
      const web = new Response(status === 204 ? null : (sizes[text] ?? text), {
        status,
        headers: { ...(isText ? {} : { "content-type": "application/json" }), ...answer.headers }
      })
      return HttpClientResponse.fromWeb(request, web)
    })
  )
  const layer = Http.layer(hosts).pipe(Layer.provide(Layer.succeed(HttpClient.HttpClient, client)))
  return { sent, layer }
}

export const make = ({ answers, http, secrets = {} }: Scripts = {}) => {
  const gateway = Gateway.make(answers)
  const tools = toolsOf()
  const web = httpOf(http)
  const layer = Engine.layerMemory.pipe(
    Layer.provide(
      Layer.mergeAll(
        gateway.layer,
        tools.layer,
        web.layer,
        Layer.succeed(Secrets, () => secrets)
      )
    )
  )
  return { layer, requests: gateway.requests, seen: gateway.seen, calls: tools.calls, sent: web.sent }
}

/** Lets whatever can go on without the clock do so. */
export const settled = Effect.yieldNow().pipe(Effect.repeatN(60))

/** Lets the run go on until it rests or ends; time passes only by the clock of the test. */
export const toEnd = (id: string) =>
  Effect.gen(function* () {
    const runs = yield* Runs
    const fiber = yield* Effect.fork(runs.await(id))
    for (let minute = 0; minute < 100 && fiber.unsafePoll() === null; minute++) {
      yield* settled
      yield* TestClock.adjust("1 minute")
    }
    return yield* Fiber.join(fiber)
  })
