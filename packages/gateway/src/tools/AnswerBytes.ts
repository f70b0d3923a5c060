/**
 * A joined answer in the bytes of a caller's dialect. What tools do meanwhile is told in comments of the stream, which
 * clients skip: `: x-penstock-tool: {"server":"files","tool":"read_file","status":"ok","ms":12}`. They also keep a
 * connection alive while a tool takes its time.
 */
import { fold, type StreamEvent } from "@penstock/schema/StreamEvent"
import type { Head, Sink } from "../exchange/Call.ts"
import type { AnswerContext, Dialect } from "../protocols/Dialect.ts"
import type { Activity, AnswerSink } from "./AnswerSink.ts"

/** As JSON, so that no name can end the comment. */
const comment = ({ millis, server, status, tool }: Activity): string =>
  `: x-penstock-tool: ${JSON.stringify({ server, tool, status, ...(millis === undefined ? {} : { ms: millis }) })}\n\n`

const streamed = (dialect: Dialect, context: AnswerContext, sink: Sink<Uint8Array>): AnswerSink => {
  const encoder = dialect.encoder(context)
  return {
    begin: sink.begin,
    write: (events) => {
      let text = ""
      for (const event of events) text += encoder.write(event)
      return text === "" || sink.write(Buffer.from(text))
    },
    activity: (activity) => void sink.write(Buffer.from(comment(activity))),
    onDrain: sink.onDrain,
    complete: () => {},
    end: sink.end
  }
}

const whole = (dialect: Dialect, context: AnswerContext, sink: Sink<Uint8Array>): AnswerSink => {
  const events: Array<StreamEvent> = []
  let last: Head | null = null
  return {
    begin: () => {},
    write: (more) => {
      events.push(...more)
      return true
    },
    activity: () => {},
    onDrain: () => {},
    complete: (head) => {
      last = head
    },
    end: (cost) => {
      const completion = fold(events)
      if (last === null || completion === null) return
      sink.begin(last)
      sink.write(Buffer.from(JSON.stringify(dialect.write(completion, context))))
      sink.end(cost)
    }
  }
}

export const make = (dialect: Dialect, context: AnswerContext, stream: boolean, sink: Sink<Uint8Array>): AnswerSink =>
  stream ? streamed(dialect, context, sink) : whole(dialect, context, sink)
