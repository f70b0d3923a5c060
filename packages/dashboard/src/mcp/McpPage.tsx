/** MCP servers, what their tools take, and what a call gives. */
import type { McpServerReport } from "@penstock/schema/McpTool"
import { useState } from "react"
import { useAsk } from "../api/Query.tsx"
import { Badge, Button, Empty, Loaded, PageHead, Panel, type Tone } from "../design/Parts.tsx"
import { Table } from "../design/Table.tsx"
import * as Format from "../format/Format.ts"
import { Tools } from "./Tools.tsx"

const tones: { readonly [S in McpServerReport["status"]]: Tone } = {
  configured: "plain",
  starting: "info",
  ready: "good",
  degraded: "bad",
  stopped: "plain"
}

const example = `mcp:
  servers:
    files: { command: npx, args: [-y, "@modelcontextprotocol/server-filesystem", "."] }`

export const McpPage = () => {
  const servers = useAsk(["mcp"], (api) => api.mcp.servers(), { every: 5000 })
  const [chosen, choose] = useState<string | null>(null)
  return (
    <>
      <PageHead title="MCP" />
      <div className="panels">
        <Panel title="Servers" wide>
          <Loaded query={servers}>
            {({ servers }) =>
              servers.length === 0 ? (
                <Empty title="No MCP server is configured">
                  Add one to <code>penstock.yaml</code>:<pre>{example}</pre>
                </Empty>
              ) : (
                <Table
                  caption="MCP servers"
                  rows={servers}
                  keyOf={({ name }) => name}
                  columns={[
                    { title: "Name", cell: ({ name }) => <strong>{name}</strong> },
                    { title: "State", cell: ({ status }) => <Badge tone={tones[status]}>{status}</Badge> },
                    { title: "Tools", figure: true, cell: ({ tools }) => Format.count(tools) },
                    { title: "What is wrong", cell: ({ reason }) => reason ?? "" },
                    {
                      title: "Look",
                      cell: ({ name }) => (
                        <Button label={`Tools of ${name}`} onClick={() => choose(name)}>
                          Tools
                        </Button>
                      )
                    }
                  ]}
                />
              )
            }
          </Loaded>
        </Panel>
        {chosen === null ? null : <Tools key={chosen} server={chosen} />}
      </div>
    </>
  )
}
