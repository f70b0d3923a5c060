/** The tools of one server, and a form to call them with. */
import type { McpToolResult } from "@penstock/schema/McpTool"
import { useState } from "react"
import { useAsk, useTell } from "../api/Query.tsx"
import { Alert, Badge, Empty, Field, Loaded, Panel } from "../design/Parts.tsx"
import { SchemaForm } from "../form/SchemaForm.tsx"
import * as Format from "../format/Format.ts"

/** Text as text, whatever else as the JSON that it came in. */
const contentOf = ({ content }: McpToolResult): string =>
  content
    .map((part) => (part.type === "text" && typeof part["text"] === "string" ? part["text"] : Format.json(part, 4000)))
    .join("\n")

const Result = ({ result }: { readonly result: McpToolResult }) => (
  <>
    <h3>
      Result <Badge tone={result.isError ? "bad" : "good"}>{result.isError ? "the tool failed" : "ok"}</Badge>
    </h3>
    <pre tabIndex={0} role="region" aria-label="Result of the call">
      {Format.bounded(contentOf(result))}
    </pre>
    {result.structuredContent === undefined ? null : (
      <pre tabIndex={0} role="region" aria-label="Structured result of the call">
        {Format.json(result.structuredContent)}
      </pre>
    )}
  </>
)

interface Call {
  readonly tool: string
  readonly input: { readonly [name: string]: unknown }
}

export const Tools = ({ server }: { readonly server: string }) => {
  const tools = useAsk(["mcp", server], (api) => api.mcp.tools({ path: { name: server } }))
  const [chosen, choose] = useState<string | null>(null)
  const call = useTell((api, { input, tool }: Call) =>
    api.mcp.call({ path: { name: server, tool }, payload: { arguments: input } })
  )
  return (
    <Panel title={`Tools of ${server}`} wide>
      <Loaded query={tools}>
        {({ tools }) => {
          const tool = tools.find(({ name }) => name === chosen) ?? tools[0]
          if (tool === undefined) {
            return <Empty title="It has no tools">Or none that the configuration lets through (`tools`).</Empty>
          }
          return (
            <div className="form">
              <Field label="Tool">
                <select
                  value={tool.name}
                  onChange={({ target }) => {
                    choose(target.value)
                    call.reset()
                  }}
                >
                  {tools.map(({ name }) => (
                    <option key={name}>{name}</option>
                  ))}
                </select>
              </Field>
              <p className="fine">{Format.bounded(tool.description, 1000)}</p>
              <SchemaForm
                key={tool.name}
                schema={tool.input_schema}
                submit="Call"
                busy={call.isPending}
                onSubmit={(input) => call.mutate({ tool: tool.name, input })}
              />
              {call.error === null ? null : <Alert>{Format.bounded(call.error.message, 4000)}</Alert>}
              {call.data === undefined ? null : <Result result={call.data} />}
            </div>
          )
        }}
      </Loaded>
    </Panel>
  )
}
