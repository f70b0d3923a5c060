/** Workflow files: what they do, and an editor that knows the language as well as the server does. */
import { compile } from "@penstock/workflow/compiler/Compiler"
import { useDeferredValue, useMemo, useState } from "react"
import { Link, useParams } from "wouter"
import { useAsk } from "../api/Query.tsx"
import { Badge, Empty, Loaded, PageHead, Panel } from "../design/Parts.tsx"
import { Table } from "../design/Table.tsx"
import * as Format from "../format/Format.ts"
import { Diagnostics } from "./Diagnostics.tsx"
import { Editor } from "./Editor.tsx"
import { WorkflowGraph } from "./WorkflowGraph.tsx"

const List = () => {
  const workflows = useAsk(["workflows"], (api) => api.workflows.list(), { every: 5000 })
  return (
    <Panel title="Files of the workflows folder">
      <Loaded query={workflows}>
        {({ workflows }) =>
          workflows.length === 0 ? (
            <Empty title="There are no workflows">
              Start from a template:
              <pre>penstock new my-workflow</pre>
            </Empty>
          ) : (
            <Table
              caption="Workflows"
              rows={workflows}
              keyOf={({ file }) => file}
              columns={[
                {
                  title: "Name",
                  cell: ({ name }) => <Link href={`/workflows/${encodeURIComponent(name)}`}>{name}</Link>
                },
                {
                  title: "State",
                  cell: ({ diagnostics, valid }) => (
                    <Badge tone={valid ? "good" : "bad"}>
                      {valid ? "can be run" : Format.counted(diagnostics.length, "finding")}
                    </Badge>
                  )
                },
                { title: "Costs at most", figure: true, cell: ({ max_cost_usd }) => Format.usd(max_cost_usd) },
                { title: "What it does", cell: ({ description }) => description ?? "" }
              ]}
            />
          )
        }
      </Loaded>
    </Panel>
  )
}

const Edited = ({ file, source }: { readonly file: string; readonly source: string }) => {
  const [text, setText] = useState(source)
  const settled = useDeferredValue(text)
  const { diagnostics } = useMemo(() => compile(settled, { file }), [settled, file])
  return (
    <div className="panels">
      <Panel title={file} wide>
        <p className="fine">
          Checked as you type, and not saved: the file is the server’s. Copy what you like into your editor.
        </p>
        <Editor initial={source} diagnostics={diagnostics} onChange={setText} />
        <Diagnostics diagnostics={diagnostics} />
      </Panel>
      <Panel title="Drawn" wide>
        <WorkflowGraph source={settled} />
      </Panel>
    </div>
  )
}

const Details = ({ name }: { readonly name: string }) => {
  const workflow = useAsk(["workflow", name], (api) => api.workflows.get({ path: { name } }))
  return <Loaded query={workflow}>{({ file, source }) => <Edited key={file} file={file} source={source} />}</Loaded>
}

export const WorkflowsPage = () => {
  const { name } = useParams<{ name?: string }>()
  return (
    <>
      <PageHead title={name ?? "Workflows"}>
        {name === undefined ? null : <Link href="/workflows">Back to the list</Link>}
      </PageHead>
      {name === undefined ? <List /> : <Details name={name} />}
    </>
  )
}
