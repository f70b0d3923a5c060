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
import { useSettled } from "./useSettled.ts"
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

/** What the language says of a text at once, and the server's own findings when it has looked at it. */
const useFindings = (text: string, file: string) => {
  const local = useMemo(() => compile(text, { file }).diagnostics, [text, file])
  const settled = useSettled(text)
  const checked = useAsk(["check", file, settled], (api) => api.workflows.check({ payload: { source: settled, file } }))
  const isAnswered = checked.data !== undefined && !checked.isPlaceholderData && settled === text
  const against = isAnswered
    ? "Checked against this server’s models, tools, hosts and workflows."
    : checked.error === null
      ? "Checking against what this server knows…"
      : `Checked without what this server knows: ${checked.error.message}`
  return { diagnostics: isAnswered ? checked.data.diagnostics : local, against }
}

const Edited = ({ file, source }: { readonly file: string; readonly source: string }) => {
  const [text, setText] = useState(source)
  const deferred = useDeferredValue(text)
  const { against, diagnostics } = useFindings(deferred, file)
  return (
    <div className="panels">
      <Panel title={file} wide>
        <p className="fine">
          {text === source ? (
            "What you change here is checked as you type, and never saved: the file is the server’s."
          ) : (
            <>
              <Badge tone="warn">not saved</Badge> The file on the server is as it was. Copy this text into it to keep
              your changes; leaving this page loses them.
            </>
          )}
        </p>
        <Editor initial={source} diagnostics={diagnostics} onChange={setText} />
        <p className="fine">{against}</p>
        <Diagnostics diagnostics={diagnostics} />
      </Panel>
      <Panel title="Drawn" wide>
        <WorkflowGraph source={deferred} />
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
