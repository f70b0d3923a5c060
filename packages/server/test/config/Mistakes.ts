/** One entry for each kind of mistake: the file, where the error stands, and what it says. */
import type { Given } from "./Assemble.ts"

export interface Mistake extends Given {
  readonly name: string
  /** `line:column`, or the source of a value that came from no file. */
  readonly at: string
  readonly path: string
  readonly message: string
  readonly hint?: string
}

export const mistakes: ReadonlyArray<Mistake> = [
  {
    name: "an unknown section",
    yaml: "servers:\n  port: 1\n",
    at: "1:1",
    path: "servers",
    message: 'unknown key "servers"',
    hint: 'did you mean "server"?'
  },
  {
    name: "an unknown key in a section",
    yaml: "server:\n  prot: 9000\n",
    at: "2:3",
    path: "server.prot",
    message: 'unknown key "prot"',
    hint: 'did you mean "port"?'
  },
  {
    name: "an unknown key like no other",
    yaml: "server: {zzzzzzzz: 1}\n",
    at: "1:10",
    path: "server.zzzzzzzz",
    message: 'unknown key "zzzzzzzz"',
    hint: "expected one of host, port, auth, admin_key, max_body, workers, shutdown_grace"
  },
  {
    name: "a section that is misspelled",
    yaml: "telemtry: {}\n",
    at: "1:1",
    path: "telemtry",
    message: "unknown key",
    hint: 'did you mean "telemetry"?'
  },
  {
    name: "a wrong word",
    yaml: "server:\n  auth: key\n",
    at: "2:9",
    path: "server.auth",
    message: 'expected one of none, keys, found "key"',
    hint: 'did you mean "keys"?'
  },
  {
    name: "a text for a number",
    yaml: 'server:\n  port: "80a"\n',
    at: "2:9",
    path: "server.port",
    message: 'expected a port number from 0 to 65535, found "80a"'
  },
  {
    name: "a number out of range",
    yaml: "server:\n  port: 70000\n",
    at: "2:9",
    path: "server.port",
    message: "expected a port number from 0 to 65535, found 70000"
  },
  {
    name: "a mapping for a text",
    yaml: "database: {path: x}\n",
    at: "1:11",
    path: "database",
    message: "found a mapping"
  },
  {
    name: "a text for a mapping",
    yaml: "server: yes please\n",
    at: "1:9",
    path: "server",
    message: 'expected a mapping, found "yes please"'
  },
  {
    name: "a list for the whole file",
    yaml: "- server\n- port\n",
    at: "1:1",
    path: "",
    message: "expected a mapping, found a list"
  },
  {
    name: "a duration without a unit",
    yaml: "server: {shutdown_grace: 30}\n",
    at: "1:26",
    path: "server.shutdown_grace",
    message: "expected a duration such as 500ms, 5s or 10m, at most 24d, found 30",
    hint: "write 30s"
  },
  {
    name: "a duration with an unknown unit",
    yaml: "logging: {retention: 3 weeks}\n",
    at: "1:22",
    path: "logging.retention",
    message: 'expected a duration such as 500ms, 5s, 10m, 24h or 7d, found "3 weeks"'
  },
  {
    name: "a size without a unit",
    yaml: "server:\n  max_body: 25\n",
    at: "2:13",
    path: "server.max_body",
    message: "expected a size such as 512kb, 25mb or 1gb, found 25",
    hint: "write 25mb"
  },
  {
    name: "an address without a scheme",
    yaml: "providers:\n  openai:\n    base_url: api.openai.com\n",
    at: "3:15",
    path: "providers.openai.base_url",
    message: 'expected an http:// or https:// address without a query, found "api.openai.com"'
  },
  {
    name: "an address that cannot be read",
    yaml: "providers: {openai: {base_url: 'http://host:99999'}}\n",
    at: "1:32",
    path: "providers.openai.base_url",
    message: "found one that cannot be read"
  },
  {
    name: "an unknown protocol",
    yaml: "providers:\n  mine: {protocol: opnai, base_url: 'http://localhost:1'}\n",
    at: "2:20",
    path: "providers.mine.protocol",
    message: 'expected one of openai, anthropic, ollama, demo, found "opnai"',
    hint: 'did you mean "openai"?'
  },
  {
    name: "a provider of one's own without a protocol",
    yaml: "providers:\n  groq: {base_url: 'http://localhost:1'}\n",
    at: "2:3",
    path: "providers.groq",
    message: '"protocol" is missing',
    hint: "most vendors speak openai"
  },
  {
    name: "a provider of one's own without an address",
    yaml: "providers:\n  groq: {protocol: openai}\n",
    at: "2:3",
    path: "providers.groq",
    message: '"base_url" is missing'
  },
  {
    name: "a built-in provider with another protocol",
    yaml: "providers: {openai: {protocol: ollama}}\n",
    at: "1:32",
    path: "providers.openai.protocol",
    message: "the built-in provider openai speaks openai",
    hint: "another name"
  },
  {
    name: "a provider's name with a slash",
    yaml: "providers: {a/b: {protocol: demo}}\n",
    at: "1:13",
    path: 'providers."a/b"',
    message: "as a provider's name"
  },
  {
    name: "a header that HTTP does not allow",
    yaml: 'providers:\n  ollama:\n    headers: {x-team: "a\\nb"}\n',
    at: "3:15",
    path: "providers.ollama.headers.x-team",
    message: "expected a header that HTTP allows"
  },
  {
    name: "a negative price",
    yaml: "pricing:\n  overrides:\n    gpt-x: {input: -1, output: 2}\n",
    at: "3:20",
    path: "pricing.overrides.gpt-x.input",
    message: "expected a price in USD per million tokens, 0 or from 0.000001 to 1000000, found -1"
  },
  {
    name: "a price without its output half",
    yaml: "pricing:\n  overrides:\n    gpt-x: {input: 1}\n",
    at: "3:5",
    path: "pricing.overrides.gpt-x.output",
    message: '"output" is missing'
  },
  {
    name: "a model that is a number",
    yaml: "models:\n  fast: 5\n",
    at: "2:9",
    path: "models.fast",
    message: "expected a model name such as openai/gpt-4o-mini, or a mapping with `targets`, found 5"
  },
  {
    name: "a model with `target` for `targets`",
    yaml: "models:\n  fast:\n    target: [openai/gpt-4o]\n",
    at: "3:5",
    path: "models.fast.target",
    message: 'unknown key "target"',
    hint: 'did you mean "targets"?'
  },
  {
    name: "a model without targets",
    yaml: "models:\n  fast: {targets: []}\n",
    at: "2:19",
    path: "models.fast.targets",
    message: "expected a list of at least one target, found an empty list"
  },
  {
    name: "a target without a model",
    yaml: "models:\n  fast:\n    targets:\n      - {weight: 1}\n",
    at: "4:9",
    path: "models.fast.targets[0].model",
    message: '"model" is missing'
  },
  {
    name: "an alias to an unknown provider",
    yaml: "models:\n  fast: antropic/claude-haiku-4-5\n",
    at: "2:9",
    path: "models.fast",
    message: 'no provider is called "antropic"',
    hint: 'did you mean "anthropic"?'
  },
  {
    name: "a target at an unknown provider",
    yaml: "models:\n  fast:\n    targets:\n      - openai/gpt-4o\n      - {model: olama/llama3, weight: 2}\n",
    at: "5:17",
    path: "models.fast.targets[1].model",
    message: 'no provider is called "olama"',
    hint: 'did you mean "ollama"?'
  },
  {
    name: "a target that names a provider alone",
    yaml: "models: {fast: openai/}\n",
    at: "1:16",
    path: "models.fast",
    message: "expected a model after the provider"
  },
  {
    name: "a target that nothing matches",
    yaml: "models: {fast: fsat2}\nroutes: [{match: ['gpt-*'], provider: openai}]\n",
    at: "1:16",
    path: "models.fast",
    message: 'nothing is called "fsat2"'
  },
  {
    name: "an alias of itself",
    yaml: "models:\n  gpt-4o: gpt-4o\n",
    at: "2:11",
    path: "models.gpt-4o",
    message: "gpt-4o → gpt-4o",
    hint: "provider/model"
  },
  {
    name: "aliases in a circle",
    yaml: "models:\n  a: b\n  b: {targets: [openai/x, c]}\n  c: a\n",
    at: "4:6",
    path: "models.c",
    message: "a → b → c → a"
  },
  {
    name: "a model name with a star",
    yaml: "models:\n  'gpt-*': openai/gpt-4o\n",
    at: "2:3",
    path: 'models."gpt-*"',
    message: "expected a name",
    hint: "routes"
  }
]
