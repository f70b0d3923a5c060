/** Any workflow, with a form made from its inputs; its run is followed on a page of its own. */
import { useState } from "react"
import { useLocation } from "wouter"
import { useAsk, useTell } from "../api/Query.tsx"
import { Alert, Empty, Field, Loaded, Panel } from "../design/Parts.tsx"
import { SchemaForm } from "../form/SchemaForm.tsx"
import * as Format from "../format/Format.ts"

interface Start {
  readonly name: string
  readonly input: unknown
}

/** Starts a run and goes to where it is followed. */
export const useStart = () => {
  const [, navigate] = useLocation()
  const start = useTell(
    (api, { input, name }: Start) => api.workflows.start({ path: { name }, headers: {}, payload: { input } }),
    "runs"
  )
  return {
    failure: start.error?.message ?? null,
    isStarting: start.isPending,
    begin: (given: Start) => start.mutate(given, { onSuccess: ({ run_id }) => navigate(`/runs/${run_id}`) })
  }
}

export const StartWorkflow = () => {
  const workflows = useAsk(["workflows"], (api) => api.workflows.list(), { every: 15_000 })
  const [chosen, choose] = useState<string | null>(null)
  const { begin, failure, isStarting } = useStart()
  return (
    <Panel title="Run a workflow">
      <Loaded query={workflows}>
        {({ workflows }) => {
          const sound = workflows.filter(({ valid }) => valid)
          const workflow = sound.find(({ name }) => name === chosen) ?? sound[0]
          if (workflow === undefined) {
            return (
              <Empty title="There is no workflow that can be run">
                Put a file into the <code>workflows</code> folder, or start from a template:
                <pre>penstock new my-workflow</pre>
              </Empty>
            )
          }
          return (
            <div className="form">
              <Field label="Workflow">
                <select value={workflow.name} onChange={({ target }) => choose(target.value)}>
                  {sound.map(({ name }) => (
                    <option key={name}>{name}</option>
                  ))}
                </select>
              </Field>
              {workflow.description === null ? null : <p>{workflow.description}</p>}
              <p className="fine">A run costs at most {Format.usd(workflow.max_cost_usd)}.</p>
              <SchemaForm
                key={workflow.name}
                schema={workflow.inputs}
                submit="Run"
                busy={isStarting}
                onSubmit={(input) => begin({ name: workflow.name, input })}
              />
              {failure === null ? null : <Alert>{failure}</Alert>}
            </div>
          )
        }}
      </Loaded>
    </Panel>
  )
}
