/**
 * A mock OpenAI server in a process of its own: every answer is serialised before the first request comes. A stream is
 * asked for in the prompt, as `frames=40 every=25`; its frames are numbered `f0 `, `f1 `…, so that a lost, doubled or
 * reordered one is seen.
 */
import { createServer } from "node:net"
import { makeReader } from "./http.mjs"

export const USAGE = { prompt_tokens: 57, completion_tokens: 64, total_tokens: 121 }

const TEXT =
  "A penstock is the gate that lets water in and the pipe that carries it down to the turbine. The gate decides how " +
  "much flows, and the pipe decides where it goes; between them nothing may leak, because what is lost on the way " +
  "down never turns the wheel. bench-end"

const completion = JSON.stringify({
  id: "chatcmpl-bench",
  object: "chat.completion",
  created: 1_700_000_000,
  model: "bench",
  choices: [
    { index: 0, message: { role: "assistant", content: TEXT, refusal: null }, logprobs: null, finish_reason: "stop" }
  ],
  usage: USAGE,
  system_fingerprint: "fp_bench"
})

const whole = Buffer.from(
  `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(completion)}\r\n\r\n${completion}`
)

const inChunk = (text) => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`

const frame = (choices, rest) =>
  `data: ${JSON.stringify({ id: "chatcmpl-bench", object: "chat.completion.chunk", created: 1_700_000_000, model: "bench", system_fingerprint: "fp_bench", choices, ...rest })}\n\n`

const delta = (value, finish = null) => frame([{ index: 0, delta: value, logprobs: null, finish_reason: finish }])

const streamHead = Buffer.from(
  "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncache-control: no-cache\r\ntransfer-encoding: chunked\r\n\r\n" +
    inChunk(delta({ role: "assistant", content: "" }) + delta({ content: "f0 " }))
)

const frames = []
const numbered = (index) => (frames[index] ??= Buffer.from(inChunk(delta({ content: `f${index} ` }))))

const tail = (usage) =>
  Buffer.from(
    `${inChunk(delta({}, "stop"))}${usage ? inChunk(frame([], { usage: USAGE })) : ""}${inChunk("data: [DONE]\n\n")}0\r\n\r\n`
  )
const tails = { plain: tail(false), usage: tail(true) }

const stream = (socket, body) => {
  const asked = /frames=(\d+) every=(\d+)/.exec(body)
  const count = Number(asked?.[1] ?? 1)
  const end = /"include_usage"\s*:\s*true/.test(body) ? tails.usage : tails.plain
  socket.write(streamHead)
  let next = 1
  const tick = () => {
    if (next < count && !socket.destroyed) {
      socket.write(numbered(next++))
    } else {
      clearInterval(timer)
      socket.write(end)
    }
  }
  const timer = setInterval(tick, Number(asked?.[2] ?? 1))
}

const serve = (socket) => {
  let body = ""
  socket.setNoDelay(true)
  socket.on("error", () => {})
  socket.on(
    "data",
    makeReader({
      onHead: () => {
        body = ""
      },
      onBody: (bytes) => {
        body += bytes.latin1Slice()
      },
      onEnd: () => {
        if (/"stream"\s*:\s*true/.test(body)) stream(socket, body)
        else socket.write(whole)
      }
    })
  )
}

if (process.send !== undefined) {
  const server = createServer(serve)
  server.listen(0, "127.0.0.1", 4096, () => process.send({ port: server.address().port }))
  process.on("disconnect", () => process.exit(0))
}
