/**
 * The load generator, in a process of its own. A job comes as a message, its figures go back as one; every answer is
 * checked, and a wrong one is counted as broken.
 *
 * A target is `{port, path, headers}`.
 */
import { connect } from "node:net"
import { makeReader } from "./http.mjs"

const serialise = ({ port, path, headers }, body) => {
  const text = JSON.stringify(body)
  const lines = Object.entries({
    host: `127.0.0.1:${port}`,
    "content-type": "application/json",
    "content-length": Buffer.byteLength(text),
    ...headers
  })
  return Buffer.from(
    `POST ${path} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}`).join("\r\n")}\r\n\r\n${text}`
  )
}

/** A kept connection: `send(request, onBody)` completes with the answer's status. */
const open = (port) =>
  new Promise((resolve, reject) => {
    const socket = connect({ port, host: "127.0.0.1", noDelay: true })
    let pending
    let status = 0
    const fail = (error) => {
      reject(error)
      pending?.fail(error)
      pending = undefined
    }
    const read = makeReader({
      onHead: (head) => {
        status = Number(head.slice(9, 12))
      },
      onBody: (bytes) => pending.onBody(bytes),
      onEnd: () => {
        const { done } = pending
        pending = undefined
        done(status)
      }
    })
    socket.on("data", (chunk) => {
      try {
        read(chunk)
      } catch (error) {
        socket.destroy(error)
      }
    })
    socket.on("error", fail)
    socket.on("close", () => fail(new Error("the gateway closed the connection in the middle of an answer")))
    socket.once("connect", () =>
      resolve({
        /** The callbacks of one exchange: `onBody(bytes)`, `done(status)`, `fail(error)`. */
        send: (request, callbacks) => {
          pending = callbacks
          socket.write(request)
        },
        close: () => socket.destroy()
      })
    )
  })

const quantile = (sorted, q) => sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN

const summary = (values) => {
  const sorted = Float64Array.from(values).sort()
  return {
    count: sorted.length,
    p50: quantile(sorted, 0.5),
    p99: quantile(sorted, 0.99),
    max: sorted.at(-1) ?? Number.NaN
  }
}

/** A fixed number of connections, each sending its next request when its answer is complete, for a fixed time. */
const closedLoop = async ({ target, connections, millis, body, marker }) => {
  const request = serialise(target, body)
  const expected = Buffer.from(marker)
  const latencies = []
  const problems = []
  const pool = await Promise.all(Array.from({ length: connections }, () => open(target.port)))
  const start = performance.now()
  const stop = start + millis
  await Promise.all(
    pool.map(
      (connection) =>
        new Promise((resolve) => {
          let sent = 0
          let found = false
          const callbacks = {
            onBody: (bytes) => {
              found ||= bytes.includes(expected)
            },
            done: (status) => {
              const now = performance.now()
              latencies.push(now - sent)
              if (status !== 200 || !found) problems.push(`status ${status}, answer ${found ? "whole" : "wrong"}`)
              if (now < stop) next(now)
              else resolve()
            },
            fail: (error) => {
              problems.push(error.message)
              resolve()
            }
          }
          const next = (now) => {
            sent = now
            found = false
            connection.send(request, callbacks)
          }
          next(performance.now())
        })
    )
  )
  const seconds = (performance.now() - start) / 1000
  for (const connection of pool) connection.close()
  return { requests: latencies.length, seconds, rps: latencies.length / seconds, latency: summary(latencies), problems }
}

/** A frame of the upstream's, in the words of each dialect; what is said again in whole at an end is none. */
const FRAME = /"(?:content|text|delta)":\s*"f(\d+) "/
/** How an answer says that its model has ended it, and what ends the stream. */
const STOP = /"finish_reason":\s*"stop"|"stop_reason":"end_turn"|"type":"response\.completed"/
const END = /^\[DONE\]$|"type":"(?:message_stop|response\.completed)"/

/** Reads one stream and tells when each frame came and what was wrong with it. */
const readStream = (connection, request, { frames, usage }) =>
  new Promise((resolve) => {
    const sent = performance.now()
    const seen = { firstToken: Number.NaN, gaps: [], problems: [] }
    let text = ""
    let next = 0
    let last = sent
    let stops = 0
    let dones = 0
    let usages = 0
    const event = (data) => {
      if (dones > 0) seen.problems.push("data after the end mark")
      if (STOP.test(data)) stops++
      if (END.test(data)) {
        dones++
        return
      }
      const number = FRAME.exec(data)
      if (number !== null) {
        const now = performance.now()
        if (Number(number[1]) !== next) seen.problems.push(`frame ${number[1]} instead of ${next}`)
        if (next === 0) seen.firstToken = now - sent
        else seen.gaps.push(now - last)
        last = now
        next = Number(number[1]) + 1
      } else if (/"prompt_tokens":\s*57\b/.test(data)) {
        usages++
      }
    }
    connection.send(request, {
      onBody: (bytes) => {
        text += bytes.latin1Slice()
        let at = 0
        for (let end = text.indexOf("\n", at); end !== -1; end = text.indexOf("\n", at)) {
          if (text.startsWith("data: ", at)) event(text.slice(at + 6, end))
          at = end + 1
        }
        text = text.slice(at)
      },
      done: (status) => {
        if (status !== 200) seen.problems.push(`status ${status}`)
        if (next !== frames) seen.problems.push(`${next} of ${frames} frames`)
        if (stops !== 1) seen.problems.push(`${stops} finish reasons`)
        if (dones !== 1) seen.problems.push(`${dones} end marks`)
        if (usages !== (usage ? 1 : 0)) seen.problems.push(`${usages} usage chunks`)
        resolve(seen)
      },
      fail: (error) => {
        seen.problems.push(error.message)
        resolve(seen)
      }
    })
  })

/** The targets take turns, stream by stream, so that whatever disturbs the machine disturbs them alike. Each may have a body of its own. */
const firstTokens = async ({ targets, workers, rounds, warmup, body, expect }) => {
  const figures = targets.map(() => ({ firstTokens: [], problems: [] }))
  const worker = async (offset) => {
    const connections = await Promise.all(targets.map(({ port }) => open(port)))
    const requests = targets.map((target) => serialise(target, target.body ?? body))
    for (let round = 0; round < rounds + warmup; round++) {
      for (let turn = 0; turn < targets.length; turn++) {
        const index = (turn + round + offset) % targets.length
        const seen = await readStream(connections[index], requests[index], expect)
        figures[index].problems.push(...seen.problems)
        if (round >= warmup) figures[index].firstTokens.push(seen.firstToken)
      }
    }
    for (const connection of connections) connection.close()
  }
  await Promise.all(Array.from({ length: workers }, (_, offset) => worker(offset)))
  return figures.map(({ firstTokens, problems }) => ({
    streams: (rounds + warmup) * workers,
    firstToken: summary(firstTokens),
    problems
  }))
}

/** Many streams at once, begun one after the other over `spreadMillis`. */
const manyStreams = async ({ target, streams, spreadMillis, body, expect }) => {
  const request = serialise(target, body)
  const pool = await Promise.all(Array.from({ length: streams }, () => open(target.port)))
  const seen = await Promise.all(
    pool.map(async (connection, index) => {
      await new Promise((resolve) => setTimeout(resolve, (index * spreadMillis) / streams))
      return readStream(connection, request, expect)
    })
  )
  for (const connection of pool) connection.close()
  return {
    streams,
    firstToken: summary(seen.map(({ firstToken }) => firstToken)),
    gap: summary(seen.flatMap(({ gaps }) => gaps)),
    frames: seen.reduce((total, { gaps }) => total + gaps.length + 1, 0),
    problems: seen.flatMap(({ problems }) => problems)
  }
}

const jobs = { closedLoop, firstTokens, manyStreams }

process.on("message", ({ job, options }) => {
  jobs[job](options).then(
    (figures) => process.send({ figures }),
    (error) => process.send({ error: error.stack })
  )
})
process.on("disconnect", () => process.exit(0))
