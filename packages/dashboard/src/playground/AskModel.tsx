/** Any model, answered as it streams. */
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import { type FormEvent, useEffect, useRef, useState } from "react"
import { Link } from "wouter"
import * as Client from "../api/Client.ts"
import * as Problem from "../api/Problem.ts"
import { useAsk } from "../api/Query.tsx"
import { useSession } from "../api/Session.tsx"
import { Alert, Button, Field, Panel } from "../design/Parts.tsx"
import * as Format from "../format/Format.ts"
import { ask } from "./Chat.ts"

/** The row is settled a moment after the answer's last byte. */
const soon = Schedule.intersect(Schedule.spaced("200 millis"), Schedule.recurs(10))

const Cost = ({ id }: { readonly id: string }) => {
  const detail = useAsk(["request", "settled", id], (api) =>
    api.ledger.request({ path: { id } }).pipe(
      Effect.filterOrFail(
        ({ request }) => request.status !== "open",
        () => Problem.of(null)
      ),
      Effect.retry(soon)
    )
  )
  if (detail.data === undefined) return detail.error === null ? null : <>The ledger does not know it yet. </>
  const { request } = detail.data
  return (
    <>
      {request.provider}/{request.model}, {Format.counted(request.total_tokens ?? 0, "token")},{" "}
      <strong>{Format.usd(request.cost_usd)}</strong>, {Format.duration(request.latency_ms)} (first token{" "}
      {Format.duration(request.first_token_ms)}).{" "}
    </>
  )
}

interface Answer {
  readonly text: string
  readonly failure: string | null
  /** Of the request; null until it is answered. */
  readonly id: string | null
}

const nothing: Answer = { text: "", failure: null, id: null }

/** Sends one question at a time; leaving the page, or stopping, ends it at the provider as well. */
const useAnswer = () => {
  const { client, refused } = useSession()
  const [answer, setAnswer] = useState<Answer>(nothing)
  const [running, setRunning] = useState<AbortController | null>(null)
  const latest = useRef<AbortController>(null)
  useEffect(() => () => latest.current?.abort(), [])
  const send = (question: Parameters<typeof ask>[1]) => {
    const controller = new AbortController()
    latest.current = controller
    setRunning(controller)
    setAnswer(nothing)
    const told = (text: string) => setAnswer((before) => ({ ...before, text: before.text + text }))
    void Client.run(ask(client, question, told), controller.signal)
      .then(
        (id) => setAnswer((before) => ({ ...before, id })),
        (error: unknown) => {
          if (controller.signal.aborted) return
          const { kind, message } = Problem.of(error)
          if (kind === "locked") refused(message)
          setAnswer((before) => ({ ...before, failure: message }))
        }
      )
      .finally(() => setRunning(null))
  }
  return { answer, isRunning: running !== null, send, stop: () => running?.abort() }
}

export const AskModel = () => {
  const models = useAsk(["models"], (api) => api.models.list())
  const [model, setModel] = useState("demo/echo")
  const [system, setSystem] = useState("")
  const [prompt, setPrompt] = useState("")
  const [limit, setLimit] = useState("")
  const [problem, setProblem] = useState<string | null>(null)
  const { answer, isRunning, send, stop } = useAnswer()
  const submit = (event: FormEvent) => {
    event.preventDefault()
    const maxTokens = limit.trim() === "" ? null : Number(limit)
    if (prompt.trim() === "") return setProblem("Write a prompt first.")
    if (maxTokens !== null && !(Number.isInteger(maxTokens) && maxTokens > 0)) {
      return setProblem("The most tokens is a whole number above 0.")
    }
    setProblem(null)
    send({ model, system, prompt, maxTokens })
  }
  return (
    <Panel title="Ask a model">
      <form className="form" onSubmit={submit}>
        <Field label="Model" hint="A name of the configuration, or provider/model">
          <input list="models" value={model} onChange={({ target }) => setModel(target.value)} />
        </Field>
        <datalist id="models">
          {models.data?.data.slice(0, 500).map(({ id }) => (
            <option key={id} value={id} />
          ))}
        </datalist>
        <Field label="System prompt">
          <textarea rows={1} value={system} onChange={({ target }) => setSystem(target.value)} />
        </Field>
        <Field label="Prompt">
          <textarea rows={4} value={prompt} onChange={({ target }) => setPrompt(target.value)} />
        </Field>
        <Field label="Most tokens of the answer">
          <input inputMode="numeric" size={8} value={limit} onChange={({ target }) => setLimit(target.value)} />
        </Field>
        {problem === null ? null : <Alert>{problem}</Alert>}
        <div className="row">
          <Button submit tone="primary" disabled={isRunning}>
            Send
          </Button>
          {isRunning ? <Button onClick={stop}>Stop</Button> : null}
        </div>
      </form>
      <h3 id="answer">Answer</h3>
      <div aria-live="polite" aria-labelledby="answer" role="log" tabIndex={0} className="answer">
        {answer.text === "" ? (
          <span className="fine">{isRunning ? "Waiting for the first token…" : "It streams in here."}</span>
        ) : (
          Format.bounded(answer.text)
        )}
      </div>
      {answer.failure === null ? null : <Alert>{Format.bounded(answer.failure, 4000)}</Alert>}
      {answer.id === null ? null : (
        <p className="fine">
          <Cost id={answer.id} />
          <Link href={`/requests/${answer.id}`}>Details</Link>
        </p>
      )}
    </Panel>
  )
}
