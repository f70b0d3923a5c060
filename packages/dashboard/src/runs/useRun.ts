/** A run as it goes: its state, asked again whenever an event says that it changed, and tokens as they come. */
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import { isEnded } from "@penstock/schema/Run"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { useQueryClient } from "@tanstack/react-query"
import { useEffect, useState } from "react"
import * as Client from "../api/Client.ts"
import * as Events from "../api/Events.ts"
import { useAsk } from "../api/Query.tsx"
import { useSession } from "../api/Session.tsx"

/** Tokens of a step, by its path. */
export type Live = ReadonlyMap<string, string>

/** So much of a step's text is kept on the page. */
const mostLive = 20_000

const Token = Schema.parseJson(
  Schema.Struct({
    path: Schema.optional(Schema.NullOr(Schema.String)),
    step: Schema.optional(Schema.NullOr(Schema.String)),
    text: Schema.optional(Schema.String)
  })
)
const decodeToken = Schema.decodeUnknownOption(Token)

const append = (live: Live, path: string, text: string): Live =>
  new Map(live).set(path, ((live.get(path) ?? "") + text).slice(-mostLive))

export const useRun = (id: string) => {
  const { client } = useSession()
  const queries = useQueryClient()
  const [live, setLive] = useState<Live>(new Map())
  const run = useAsk(["run", id], (api) => api.runs.get({ path: { id } }))
  const hasEnded = run.data !== undefined && isEnded(run.data.status)
  useEffect(() => {
    if (hasEnded) return
    const controller = new AbortController()
    const follow = Effect.gen(function* () {
      const { events } = yield* Events.open(
        client.http,
        HttpClientRequest.get(`/v1/runs/${encodeURIComponent(id)}/events`)
      )
      yield* Stream.runForEach(events, ({ data, event }) =>
        Effect.sync(() => {
          if (event !== "token") return void queries.invalidateQueries({ queryKey: ["run", id] })
          const token = decodeToken(data)
          if (token._tag === "None") return
          const { path, step, text } = token.value
          setLive((before) => append(before, path ?? step ?? "", text ?? ""))
        })
      )
    })
    // What is missed while the connection is broken shows in the state, which is asked for at its end.
    void Client.run(follow, controller.signal)
      .catch(() => {})
      .finally(() => queries.invalidateQueries({ queryKey: ["run", id] }))
    return () => controller.abort()
  }, [client, hasEnded, id, queries])
  return { run, live }
}
