/** One run: where it is, what each step gave, what it waits for, and what can be done about it. */
import { isEnded } from "@penstock/schema/Run"
import type { RunState, RunStep } from "@penstock/schema/api/RunsApi"
import { useState } from "react"
import { useTell } from "../api/Query.tsx"
import { Alert, Badge, Button, Empty, Figure, Loaded, Panel } from "../design/Parts.tsx"
import { Table } from "../design/Table.tsx"
import * as Format from "../format/Format.ts"
import { useStart } from "../playground/StartWorkflow.tsx"
import { WorkflowGraph } from "../workflows/WorkflowGraph.tsx"
import { Approval } from "./Approval.tsx"
import { toneOf } from "./Tones.ts"
import { type Live, useRun } from "./useRun.ts"

const Actions = ({ run }: { readonly run: RunState }) => {
  const cancel = useTell((api, id: string) => api.runs.cancel({ path: { id } }), "run", "runs")
  const { begin, failure, isStarting } = useStart()
  const problem = cancel.error?.message ?? failure
  return (
    <div className="row actions">
      {problem === null ? null : <Alert>{problem}</Alert>}
      {isEnded(run.status) ? (
        <Button disabled={isStarting} onClick={() => begin({ name: run.workflow, input: run.input })}>
          Run again with this input
        </Button>
      ) : (
        <Button tone="danger" disabled={cancel.isPending} onClick={() => cancel.mutate(run.run_id)}>
          Cancel
        </Button>
      )}
    </div>
  )
}

/** A value that a step took or gave. */
const Value = ({ label, value }: { readonly label: string; readonly value: unknown }) => (
  <>
    <h3>{label}</h3>
    <pre tabIndex={0} role="region" aria-label={label}>
      {typeof value === "string" ? Format.bounded(value) : Format.json(value)}
    </pre>
  </>
)

const StepOutput = ({ live, step }: { readonly step: RunStep; readonly live: Live }) => {
  const tokens = live.get(step.path) ?? live.get(step.id)
  return (
    <Panel title={`Step ${step.path.replace(/^steps\//, "")}`}>
      {step.error === null ? null : <Alert>{Format.bounded(step.error.message, 4000)}</Alert>}
      {step.output === null && tokens !== undefined ? (
        <Value label="Streaming" value={tokens} />
      ) : (
        <Value label="Output" value={step.output} />
      )}
    </Panel>
  )
}

const Steps = ({
  choose,
  steps
}: {
  readonly steps: ReadonlyArray<RunStep>
  readonly choose: (path: string) => void
}) =>
  steps.length === 0 ? (
    <Empty title="No step has begun">They are listed here as soon as they do.</Empty>
  ) : (
    <Table
      caption="Steps of this run"
      rows={steps}
      keyOf={({ path }) => path}
      columns={[
        {
          title: "Step",
          cell: ({ path }) => (
            <button type="button" className="as-link" onClick={() => choose(path)}>
              {path.replace(/^steps\//, "")}
            </button>
          )
        },
        { title: "Type", cell: ({ type }) => type },
        { title: "Status", cell: ({ status }) => <Badge tone={toneOf(status)}>{status}</Badge> },
        { title: "Attempts", figure: true, cell: ({ attempts }) => attempts },
        { title: "Tokens", figure: true, cell: ({ tokens }) => Format.count(tokens) },
        { title: "Model", cell: ({ model }) => model ?? "–" },
        { title: "Cost", figure: true, cell: ({ cost_usd }) => Format.usd(cost_usd) },
        {
          title: "Took",
          figure: true,
          cell: ({ ended_at, started_at }) =>
            ended_at === null ? "–" : Format.duration(Date.parse(ended_at) - Date.parse(started_at))
        }
      ]}
    />
  )

export const RunDetails = ({ id }: { readonly id: string }) => {
  const { live, run } = useRun(id)
  const [chosen, choose] = useState<string | null>(null)
  return (
    <Loaded query={run}>
      {(state) => {
        const shown =
          state.steps.find(({ path }) => path === chosen) ?? state.steps.findLast(({ status }) => status !== "skipped")
        return (
          <>
            <dl className="figures">
              <Figure label={state.workflow} value={<Badge tone={toneOf(state.status)}>{state.status}</Badge>} />
              <Figure
                label="Cost"
                value={state.metrics === null ? "–" : Format.usd(state.metrics.total_cost_usd)}
                note="USD"
              />
              <Figure label="Tokens" value={state.metrics === null ? "–" : Format.count(state.metrics.total_tokens)} />
              <Figure label="Took" value={Format.duration(state.metrics?.latency_ms)} />
            </dl>
            <Actions run={state} />
            {state.error === null ? null : (
              <Alert>
                {state.error.step}: {Format.bounded(state.error.message, 4000)}
              </Alert>
            )}
            <div className="panels">
              {state.steps
                .filter(({ status, waiting }) => status === "waiting" && waiting !== null)
                .map((step) => (
                  <Approval key={step.path} runId={id} step={step} />
                ))}
              {state.source === null ? null : (
                <Panel title="Where it is" wide>
                  <WorkflowGraph source={state.source} steps={state.steps} onChoose={choose} />
                </Panel>
              )}
              <Panel title="Steps" wide>
                <Steps steps={state.steps} choose={choose} />
              </Panel>
              {shown === undefined ? null : <StepOutput step={shown} live={live} />}
              <Panel title="Input and output">
                <Value label="Input" value={state.input} />
                {isEnded(state.status) ? <Value label="Output of the run" value={state.output} /> : null}
              </Panel>
            </div>
          </>
        )
      }}
    </Loaded>
  )
}
