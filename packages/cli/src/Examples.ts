/** Command lines that can be typed as they stand, below the help of each command. The tests parse every one. */
import * as HelpDoc from "@effect/cli/HelpDoc"

export type Example = readonly [line: string, meaning: string]

/** By the command's words; the command itself is the empty text. */
export const examples: { readonly [command: string]: ReadonlyArray<Example> } = {
  "": [
    ["penstock init", "write a configuration to begin with"],
    ["penstock serve --port 9000", "serve the gateway"],
    ["penstock doctor --format json", "what is wrong, for a program"],
    ["penstock run summarize --input text=@README.md", "run a workflow"],
    ["penstock --completions zsh", "completions for a shell"]
  ],
  serve: [
    ["penstock serve", "on http://127.0.0.1:8080, with penstock.yaml where there is one"],
    ["penstock serve --config staging.yaml --port 9000", "another configuration, another port"]
  ],
  init: [
    ["penstock init", "asks a few questions"],
    ["penstock init --yes --auth keys --budget 20", "asks none: keys, and at most 20 USD a day"]
  ],
  config: [
    ["penstock config", "what is in force, as YAML"],
    ["penstock config --config staging.yaml --format json", "of another file, for a program"]
  ],
  doctor: [
    ["penstock doctor", "asks providers and MCP servers too"],
    ["penstock doctor --offline --format json", "this machine alone, for a program"]
  ],
  mcp: [
    ["penstock mcp --config penstock.yaml", "an MCP server for a client that starts programs"],
    ["penstock mcp list", "the servers that Penstock itself has"]
  ],
  "mcp add": [
    ["penstock mcp add docs https://example.test/mcp --header 'Authorization=Bearer ${env.DOCS_TOKEN}'", "by address"],
    ["penstock mcp add files -- npx -y @modelcontextprotocol/server-filesystem .", "a program with its arguments"]
  ],
  "mcp list": [
    ["penstock mcp list", "starts each once"],
    ["penstock mcp list --format json", "for a program"]
  ],
  "mcp call": [
    ["penstock mcp call files read_text_file --arg path=README.md", "the text that the tool gives"],
    ["penstock mcp call files write_file --arg path=copy.md --arg content=@README.md", "an argument from a file"]
  ],
  "mcp inspect": [
    ["penstock mcp inspect files", "tools with their arguments, resources, prompts"],
    ["penstock mcp inspect files --format json", "with the arguments' whole schemas"]
  ],
  "mcp import": [["penstock mcp import claude_desktop_config.json", "secrets stay where they are, and are named"]],
  check: [
    ["penstock check", "every file of the workflows' folder"],
    ["penstock check workflows/summarize.yaml --offline", "one file, without asking anybody"],
    ["penstock check --format json", "every finding with its place, for a program"]
  ],
  plan: [
    ["penstock plan workflows/summarize.yaml", "steps, and what they cost at most"],
    ["penstock plan workflows/summarize.yaml --offline --format json", "for a program"]
  ],
  graph: [
    ["penstock graph workflows/review-batch.yaml", "Mermaid, for Markdown"],
    ["penstock graph workflows/review-batch.yaml --format svg", "an image"]
  ],
  run: [
    ["penstock run summarize --input text=@README.md", "a workflow of the folder, a file as its input"],
    [
      "penstock run workflows/summarize.yaml --memory --format text --input text=Hello",
      "the output alone, nothing kept"
    ],
    ["penstock run summarize --server http://127.0.0.1:8080 --input text=Hello", "at a server"]
  ],
  runs: [
    ["penstock runs --limit 5", "the newest five"],
    ["penstock runs RUN --format json", "one with its steps, for a program"],
    ["penstock runs --server http://127.0.0.1:8080", "those of a server"]
  ],
  "runs resume": [
    ["penstock runs resume RUN", "go on where it was cut short"],
    ["penstock runs resume RUN --approve review", "and approve what the step review asks"]
  ],
  "runs cancel": [["penstock runs cancel RUN --server http://127.0.0.1:8080", "one that goes on at a server"]],
  replay: [
    ["penstock replay RUN", "on what was recorded, at no cost"],
    ["penstock replay RUN --from draft --model gpt-4o-mini", "a step and what follows for real, with another model"]
  ],
  test: [
    ["penstock test", "every file of the workflows' folder"],
    ["penstock test workflows/summarize.yaml --format json", "one file, for a program"],
    ["penstock test workflows/summarize.yaml --record", "take what it gives as what is expected"]
  ],
  new: [["penstock new greeting", "workflows/greeting.yaml, which runs as it stands"]]
}

/** Below the help of a command. */
export const footer = (command: string): HelpDoc.HelpDoc => {
  const lines = Object.hasOwn(examples, command) ? (examples[command] ?? []) : []
  return HelpDoc.blocks([
    HelpDoc.h1("EXAMPLES"),
    ...lines.flatMap(([line, meaning]) => [HelpDoc.p(`# ${meaning}`), HelpDoc.p(`$ ${line}`)])
  ])
}
