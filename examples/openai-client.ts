/**
 * The official OpenAI client against Penstock: only the base URL differs.
 *
 *     npm start                              # in one terminal
 *     node examples/dist/openai-client.js    # in another
 */
import OpenAI from "openai"

const model = process.env["MODEL"] ?? "demo/extract"
const client = new OpenAI({
  baseURL: process.env["PENSTOCK_URL"] ?? "http://127.0.0.1:8080/v1",
  // With `server.auth: keys` this is one of your virtual keys; otherwise anything.
  apiKey: process.env["PENSTOCK_KEY"] ?? "none"
})

const text =
  "A weir holds the river back. The gate decides how much of it is let in. " +
  "The penstock carries the water down to the turbine. At Niederried it is 80 metres long."

// A streamed answer.
const stream = await client.chat.completions.create({
  model,
  stream: true,
  stream_options: { include_usage: true },
  messages: [{ role: "user", content: `Summarise: ${text}` }]
})
for await (const chunk of stream) {
  process.stdout.write(chunk.choices[0]?.delta.content ?? "")
  if (chunk.usage) console.log(`\n(${chunk.usage.total_tokens} tokens)`)
}

// JSON that fits a schema.
const facts = await client.chat.completions.create({
  model,
  messages: [{ role: "user", content: text }],
  response_format: {
    type: "json_schema",
    json_schema: {
      name: "facts",
      strict: true,
      schema: {
        type: "object",
        properties: { length: { type: "number" }, summary: { type: "string" } },
        required: ["length", "summary"],
        additionalProperties: false
      }
    }
  }
})
console.log(facts.choices[0]?.message.content)

// A tool call, and the answer to its result.
const question = { role: "user" as const, content: "How deep is the water at the weir?" }
const tools = [
  {
    type: "function" as const,
    function: {
      name: "water_depth",
      description: "The depth of the water at a place, in metres",
      parameters: { type: "object", properties: { place: { type: "string" } }, required: ["place"] }
    }
  }
]
const asked = await client.chat.completions.create({ model, messages: [question], tools })
const call = asked.choices[0]?.message.tool_calls?.[0]
if (asked.choices[0] !== undefined && call?.type === "function") {
  console.log(`${call.function.name}(${call.function.arguments})`)
  const answer = await client.chat.completions.create({
    model,
    tools,
    messages: [
      question,
      asked.choices[0].message,
      { role: "tool", tool_call_id: call.id, content: "The water is 4.2 metres deep." }
    ]
  })
  console.log(answer.choices[0]?.message.content)
}
