/** What a run waits for, and a way to answer. */
import type { RunStep } from "@penstock/schema/api/RunsApi"
import { useTell } from "../api/Query.tsx"
import { Alert, Button, Panel } from "../design/Parts.tsx"
import { SchemaForm } from "../form/SchemaForm.tsx"
import * as Format from "../format/Format.ts"

interface Signal {
  readonly name: string
  readonly payload: unknown
}

export const Approval = ({ runId, step }: { readonly runId: string; readonly step: RunStep }) => {
  const send = useTell(
    (api, { name, payload }: Signal) => api.signals.send({ path: { id: runId, name }, urlParams: {}, payload }),
    "run",
    "runs"
  )
  const { waiting } = step
  if (waiting === null) return null
  if (step.type !== "approve") {
    const event = waiting.event ?? null
    return (
      <Panel title="It waits">
        <p>{event === null ? "For a time." : `For the event ${event}.`}</p>
        {event === null ? null : (
          <Button disabled={send.isPending} onClick={() => send.mutate({ name: event, payload: {} })}>
            Send {event} without data
          </Button>
        )}
        {send.error === null ? null : <Alert>{send.error.message}</Alert>}
      </Panel>
    )
  }
  const answer = (approved: boolean, form: { readonly [name: string]: unknown } = {}) =>
    send.mutate({ name: step.id, payload: { approved, ...form } })
  const { form = null, prompt } = waiting
  return (
    <Panel title={`Approve ${step.id}?`} wide>
      <pre tabIndex={0} role="region" aria-label="What is asked">
        {typeof prompt === "string" ? Format.bounded(prompt) : Format.json(prompt)}
      </pre>
      {send.error === null ? null : <Alert>{send.error.message}</Alert>}
      {form === null ? (
        <div className="row answers">
          <Button tone="primary" disabled={send.isPending} onClick={() => answer(true)}>
            Approve
          </Button>
          <Button tone="danger" disabled={send.isPending} onClick={() => answer(false)}>
            Reject
          </Button>
        </div>
      ) : (
        <>
          <SchemaForm schema={form} submit="Approve" busy={send.isPending} onSubmit={(typed) => answer(true, typed)} />
          <div className="row answers">
            <Button tone="danger" disabled={send.isPending} onClick={() => answer(false)}>
              Reject
            </Button>
          </div>
        </>
      )}
    </Panel>
  )
}
