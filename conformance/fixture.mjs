/** What the conformance suite expects a server to offer, over stdio: Penstock passes it on under the same names. */
import { fromJsonSchema, McpServer, ResourceTemplate } from "@modelcontextprotocol/server"
import { StdioServerTransport } from "@modelcontextprotocol/server/stdio"
import * as z from "zod"

const png = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
const wav = "UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YQAAAAA="

const server = new McpServer({ name: "conformance-fixture", version: "1.0.0" })

const text = (words) => ({ type: "text", text: words })
const image = { type: "image", data: png, mimeType: "image/png" }
const embedded = (uri, words, mimeType = "text/plain") => ({
  type: "resource",
  resource: { uri, mimeType, text: words }
})
const tool = (name, description, run) => server.registerTool(name, { description }, run)

tool("test_simple_text", "Answers with a text", () => ({
  content: [text("This is a simple text response for testing.")]
}))
tool("test_image_content", "Answers with an image", () => ({ content: [image] }))
tool("test_audio_content", "Answers with a sound", () => ({
  content: [{ type: "audio", data: wav, mimeType: "audio/wav" }]
}))
tool("test_embedded_resource", "Answers with a resource", () => ({
  content: [embedded("test://embedded-resource", "This is an embedded resource content.")]
}))
tool("test_multiple_content_types", "Answers with several kinds of content", () => ({
  content: [
    text("Multiple content types test:"),
    image,
    embedded("test://mixed-content-resource", '{"test":"data","value":123}', "application/json")
  ]
}))
tool("test_error_handling", "Fails", () => ({
  isError: true,
  content: [text("This tool intentionally returns an error for testing")]
}))
tool("test_tool_with_progress", "Tells its progress", async ({ mcpReq }) => {
  for (const progress of [0, 50, 100]) {
    const params = { progressToken: mcpReq._meta?.progressToken ?? 0, progress, total: 100 }
    await mcpReq.notify({ method: "notifications/progress", params })
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  return { content: [text("done")] }
})

server.registerResource("static-text", "test://static-text", { mimeType: "text/plain" }, ({ href }) => ({
  contents: [{ uri: href, mimeType: "text/plain", text: "This is the content of the static text resource." }]
}))
server.registerResource("static-binary", "test://static-binary", { mimeType: "image/png" }, ({ href }) => ({
  contents: [{ uri: href, mimeType: "image/png", blob: png }]
}))
server.registerResource(
  "template",
  new ResourceTemplate("test://template/{id}/data", { list: undefined }),
  { mimeType: "application/json" },
  ({ href }, { id }) => ({
    contents: [
      {
        uri: href,
        mimeType: "application/json",
        text: JSON.stringify({ id, templateTest: true, data: `Data for ID: ${id}` })
      }
    ]
  })
)

const user = (content) => ({ role: "user", content })
server.registerPrompt("test_simple_prompt", { description: "A prompt" }, () => ({
  messages: [user(text("This is a simple prompt for testing."))]
}))
server.registerPrompt(
  "test_prompt_with_arguments",
  { description: "A prompt of two arguments", argsSchema: z.object({ arg1: z.string(), arg2: z.string() }) },
  ({ arg1, arg2 }) => ({ messages: [user(text(`Prompt with arguments: arg1='${arg1}', arg2='${arg2}'`))] })
)
server.registerPrompt(
  "test_prompt_with_embedded_resource",
  { description: "A prompt with a resource", argsSchema: z.object({ resourceUri: z.string() }) },
  ({ resourceUri }) => ({
    messages: [
      user(embedded(resourceUri, "Embedded resource content for testing.")),
      user(text("Please process the embedded resource above."))
    ]
  })
)
server.registerPrompt("test_prompt_with_image", { description: "A prompt with an image" }, () => ({
  messages: [user(image), user(text("Please analyze the image above."))]
}))

/** A schema in the words of 2020-12, which must arrive as it is. */
const address = { type: "object", properties: { street: { type: "string" }, city: { type: "string" } } }
const inputSchema = fromJsonSchema({
  $schema: "https://json-schema.org/draft/2020-12/schema",
  type: "object",
  $defs: { address },
  properties: { name: { type: "string" }, address: { $ref: "#/$defs/address" } },
  additionalProperties: false
})
server.registerTool("json_schema_2020_12_tool", { description: "Has a schema of 2020-12", inputSchema }, () => ({
  content: [text("done")]
}))

await server.connect(new StdioServerTransport())
