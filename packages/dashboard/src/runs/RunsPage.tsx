/** Runs of workflows: which there were, and one as it goes. */
import { useParams } from "wouter"
import { Link } from "wouter"
import { useAsk } from "../api/Query.tsx"
import { Badge, Empty, Loaded, PageHead, Panel } from "../design/Parts.tsx"
import { Table } from "../design/Table.tsx"
import * as Format from "../format/Format.ts"
import { RunDetails } from "./RunDetails.tsx"
import { toneOf } from "./Tones.ts"

const List = () => {
  const runs = useAsk(["runs"], (api) => api.runs.list({ urlParams: {} }), { every: 2000 })
  return (
    <Panel title="Newest first">
      <Loaded query={runs}>
        {({ runs }) =>
          runs.length === 0 ? (
            <Empty title="Nothing was run yet">
              Start a workflow in the <Link href="/playground">playground</Link>, or
              <pre>{`curl -X POST ${location.origin}/v1/workflows/NAME/runs -H 'content-type: application/json' -d '{"input": {}}'`}</pre>
            </Empty>
          ) : (
            <Table
              caption="Runs"
              rows={runs}
              keyOf={({ run_id }) => run_id}
              columns={[
                {
                  title: "Began",
                  cell: ({ created_at, run_id }) => <Link href={`/runs/${run_id}`}>{Format.time(created_at)}</Link>
                },
                { title: "Workflow", cell: ({ workflow }) => workflow },
                { title: "Status", cell: ({ status }) => <Badge tone={toneOf(status)}>{status}</Badge> },
                { title: "Key", cell: ({ key_name }) => key_name ?? "–" },
                {
                  title: "Cost",
                  figure: true,
                  cell: ({ metrics }) => (metrics === null ? "–" : Format.usd(metrics.total_cost_usd))
                },
                {
                  title: "Tokens",
                  figure: true,
                  cell: ({ metrics }) => (metrics === null ? "–" : Format.count(metrics.total_tokens))
                },
                { title: "Took", figure: true, cell: ({ metrics }) => Format.duration(metrics?.latency_ms) },
                { title: "Error", cell: ({ error }) => error?.message ?? "" }
              ]}
            />
          )
        }
      </Loaded>
    </Panel>
  )
}

export const RunsPage = () => {
  const { id } = useParams<{ id?: string }>()
  return (
    <>
      <PageHead title={id === undefined ? "Runs" : "Run"}>
        {id === undefined ? null : <Link href="/runs">Back to the list</Link>}
      </PageHead>
      {id === undefined ? <List /> : <RunDetails key={id} id={id} />}
    </>
  )
}
