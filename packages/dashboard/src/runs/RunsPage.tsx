/** Runs of workflows: which there were, and one as it goes. */
import { Link, useLocation, useParams, useSearch } from "wouter"
import { useAsk } from "../api/Query.tsx"
import { Pager, usePages } from "../design/Pager.tsx"
import { Badge, Empty, Field, Loaded, PageHead, Panel } from "../design/Parts.tsx"
import { Table } from "../design/Table.tsx"
import * as Format from "../format/Format.ts"
import * as Filter from "./Filter.ts"
import { RunDetails } from "./RunDetails.tsx"
import { toneOf } from "./Tones.ts"

const pageSize = 50

const nothing = (isFiltered: boolean) =>
  isFiltered ? (
    <Empty title="No run is like that">
      <Link href="/runs">Show all runs</Link>, or choose another workflow or status.
    </Empty>
  ) : (
    <Empty title="Nothing was run yet">
      Start a workflow in the <Link href="/playground">playground</Link>, or
      <pre>{`curl -X POST ${location.origin}/v1/workflows/NAME/runs -H 'content-type: application/json' -d '{"input": {}}'`}</pre>
    </Empty>
  )

const List = ({ filter }: { readonly filter: Filter.Filter }) => {
  const pages = usePages()
  const { cursor } = pages
  const page = useAsk(
    ["runs", filter, cursor],
    (api) => api.runs.list({ urlParams: { ...filter, limit: pageSize, ...(cursor === undefined ? {} : { cursor }) } }),
    // Runs of older pages go on as well.
    { every: 2000 }
  )
  return (
    <Loaded query={page}>
      {({ next, runs }) =>
        runs.length === 0 ? (
          nothing(filter.workflow !== undefined || filter.status !== undefined)
        ) : (
          <>
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
                { title: "Error", cell: ({ error }) => (error === null ? "" : Format.bounded(error.message, 200)) }
              ]}
            />
            <Pager pages={pages} next={next} shown={Format.counted(runs.length, "run")} />
          </>
        )
      }
    </Loaded>
  )
}

const Filters = ({ filter }: { readonly filter: Filter.Filter }) => {
  const [, navigate] = useLocation()
  const workflows = useAsk(["workflows"], (api) => api.workflows.list())
  const named = workflows.data?.workflows.map(({ name }) => name) ?? []
  // Runs outlive their files: a name that the address has is a name.
  const names = filter.workflow === undefined || named.includes(filter.workflow) ? named : [filter.workflow, ...named]
  const choices = { workflow: names, status: Filter.statuses }
  return (
    <div className="filters">
      {(["workflow", "status"] as const).map((part) => (
        <Field key={part} label={part === "workflow" ? "Workflow" : "Status"}>
          <select
            value={filter[part] ?? ""}
            onChange={({ target }) => navigate(`/runs${Filter.changed(filter, part, target.value)}`)}
          >
            <option value="">any</option>
            {choices[part].map((choice) => (
              <option key={choice}>{choice}</option>
            ))}
          </select>
        </Field>
      ))}
    </div>
  )
}

const Listed = () => {
  const search = useSearch()
  const filter = Filter.fromSearch(search)
  return (
    <Panel title="Newest first">
      <Filters filter={filter} />
      <List key={search} filter={filter} />
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
      {id === undefined ? <Listed /> : <RunDetails key={id} id={id} />}
    </>
  )
}
