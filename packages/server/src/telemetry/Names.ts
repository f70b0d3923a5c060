/**
 * Every metric, once: its name, what it counts and by which labels. Where OpenTelemetry's conventions for generative AI
 * and MCP have a name it is theirs; the rest begins with `penstock`, or with `process`. Prometheus gets the same names
 * in its own spelling (`prometheusName`).
 */

export interface Instrument {
  readonly name: string
  readonly kind: "counter" | "gauge" | "histogram"
  /** In the notation of UCUM, as the conventions have it. */
  readonly unit: "s" | "By" | "USD" | "1" | `{${string}}`
  readonly description: string
  readonly labels: ReadonlyArray<string>
  /** Upper bounds of a histogram's buckets. */
  readonly boundaries?: ReadonlyArray<number>
}

/** The conventions name these bounds. */
const seconds = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92]
const firstTokenSeconds = [0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10]
const toolSeconds = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300]

/** Attributes that spans and metrics share. */
export const attributes = {
  operation: "gen_ai.operation.name",
  provider: "gen_ai.provider.name",
  requestModel: "gen_ai.request.model",
  responseModel: "gen_ai.response.model",
  inputTokens: "gen_ai.usage.input_tokens",
  outputTokens: "gen_ai.usage.output_tokens",
  cacheReadTokens: "gen_ai.usage.cache_read.input_tokens",
  tokenType: "gen_ai.token.type",
  systemInstructions: "gen_ai.system_instructions",
  inputMessages: "gen_ai.input.messages",
  outputMessages: "gen_ai.output.messages",
  toolName: "gen_ai.tool.name",
  workflowName: "gen_ai.workflow.name",
  errorType: "error.type",
  httpStatus: "http.response.status_code",
  mcpMethod: "mcp.method.name",
  mcpServer: "penstock.mcp.server",
  requestId: "penstock.request.id",
  runId: "penstock.run.id",
  key: "penstock.key",
  status: "penstock.status",
  outcome: "penstock.attempt.outcome",
  attempt: "penstock.attempt.number",
  cost: "penstock.cost.usd",
  firstToken: "penstock.time_to_first_token",
  step: "penstock.step.path",
  stepType: "penstock.step.type"
} as const

const at = attributes

/** What a request is counted by. The model as the provider knows it: names that callers make up lead nowhere. */
const target = [at.operation, at.provider, at.responseModel]

export const instruments = {
  duration: {
    name: "gen_ai.client.operation.duration",
    kind: "histogram",
    unit: "s",
    description: "From a request's arrival to its last byte",
    labels: [...target, at.errorType],
    boundaries: seconds
  },
  firstToken: {
    name: "gen_ai.server.time_to_first_token",
    kind: "histogram",
    unit: "s",
    description: "From a request's arrival to the first token, where there is one",
    labels: target,
    boundaries: firstTokenSeconds
  },
  tokenUsage: {
    name: "gen_ai.client.token.usage",
    kind: "histogram",
    unit: "{token}",
    description: "Tokens of a request, read and written",
    labels: [...target, at.tokenType],
    boundaries: [1, 4, 16, 64, 256, 1024, 4096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304, 16_777_216, 67_108_864]
  },
  requests: {
    name: "penstock.requests",
    kind: "counter",
    unit: "{request}",
    description: "Requests that were settled; status is ok, error or partial",
    labels: [...target, at.status]
  },
  tokens: {
    name: "penstock.tokens",
    kind: "counter",
    unit: "{token}",
    description: "Tokens by kind, each counted once: fresh input, cache read and write, output, reasoning, audio",
    labels: [at.provider, at.responseModel, at.tokenType]
  },
  cost: {
    name: "penstock.cost",
    kind: "counter",
    unit: "USD",
    description: "What providers billed; requests without a known price are not in it",
    labels: [at.provider, at.responseModel]
  },
  unpriced: {
    name: "penstock.requests.unpriced",
    kind: "counter",
    unit: "{request}",
    description: "Requests whose cost is unknown",
    labels: [at.provider, at.responseModel]
  },
  attempts: {
    name: "penstock.attempts",
    kind: "counter",
    unit: "{attempt}",
    description: "Calls to targets by outcome; error.type is the reason of a failure",
    labels: [at.provider, at.responseModel, at.outcome, at.errorType]
  },
  running: {
    name: "penstock.requests.running",
    kind: "gauge",
    unit: "{request}",
    description: "Requests under way in this process",
    labels: []
  },
  waiting: {
    name: "penstock.requests.waiting",
    kind: "gauge",
    unit: "{request}",
    description: "Requests that wait for others to give back what they hold of a budget",
    labels: []
  },
  breaker: {
    name: "penstock.breaker.state",
    kind: "gauge",
    unit: "1",
    description: "0 closed, 1 half open, 2 open; only targets that have failed",
    labels: [at.provider, at.responseModel]
  },
  budgetSpent: {
    name: "penstock.budget.spent",
    kind: "gauge",
    unit: "USD",
    description: "Spent in a budget's present window",
    labels: ["penstock.budget.scope", "penstock.budget.per"]
  },
  budgetReserved: {
    name: "penstock.budget.reserved",
    kind: "gauge",
    unit: "USD",
    description: "Held back for requests that are not settled yet",
    labels: ["penstock.budget.scope", "penstock.budget.per"]
  },
  budgetLimit: {
    name: "penstock.budget.limit",
    kind: "gauge",
    unit: "USD",
    description: "A budget's limit",
    labels: ["penstock.budget.scope", "penstock.budget.per"]
  },
  runs: {
    name: "penstock.runs.live",
    kind: "gauge",
    unit: "{run}",
    description: "Runs of workflows that have not ended, by status",
    labels: ["penstock.run.status"]
  },
  runsEnded: {
    name: "penstock.runs.ended",
    kind: "counter",
    unit: "{run}",
    description: "Runs of workflows that have ended, by how they did",
    labels: [at.workflowName, "penstock.run.status"]
  },
  mcpCalls: {
    name: "mcp.client.operation.duration",
    kind: "histogram",
    unit: "s",
    description: "Calls of MCP tools",
    labels: [at.mcpMethod, at.mcpServer, at.toolName, at.errorType],
    boundaries: toolSeconds
  },
  cpu: {
    name: "process.cpu.time",
    kind: "counter",
    unit: "s",
    description: "Processor time of this process",
    labels: ["cpu.mode"]
  },
  memory: {
    name: "process.memory.usage",
    kind: "gauge",
    unit: "By",
    description: "Memory of this process that is resident",
    labels: []
  },
  heap: {
    name: "penstock.process.heap",
    kind: "gauge",
    unit: "By",
    description: "Memory that the program's objects take up",
    labels: []
  },
  eventLoop: {
    name: "penstock.process.eventloop.utilization",
    kind: "gauge",
    unit: "1",
    description: "Share of the time since the last look in which the process was busy",
    labels: []
  },
  uptime: {
    name: "process.uptime",
    kind: "gauge",
    unit: "s",
    description: "Since this process began",
    labels: []
  }
} as const satisfies { readonly [name: string]: Instrument }

export const all: ReadonlyArray<Instrument> = Object.values(instruments)

const spelled = (name: string): string => name.replaceAll(/[^A-Za-z0-9_]/g, "_")

const unitSuffixes: { readonly [unit: string]: string } = { s: "_seconds", By: "_bytes", USD: "_usd" }

/** `gen_ai.client.operation.duration` is `gen_ai_client_operation_duration_seconds`, as OpenTelemetry's own rule has it. */
export const prometheusName = (instrument: Instrument): string =>
  `${spelled(instrument.name)}${unitSuffixes[instrument.unit] ?? ""}${instrument.kind === "counter" ? "_total" : ""}`

export const prometheusLabel = spelled
