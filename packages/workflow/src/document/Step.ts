/**
 * The steps of a workflow, once: the decoder, the messages, the compiler and the editor's schema derive from here.
 * `type` tells them apart; everything else that a step may have is in its struct or in `common`.
 */
import { strictStruct } from "@penstock/schema/config/Fields"
import * as Schema from "effect/Schema"
import {
  Budget,
  Cache,
  Condition,
  Count,
  Data,
  DataRecord,
  Duration,
  Id,
  ModelChain,
  Retry,
  Shape,
  Text,
  Variable
} from "./Fields.ts"

/** A named interface, so that the type of a step can contain itself. */
export interface StepList extends ReadonlyArray<Step> {}

const Steps: Schema.Schema<StepList> = Schema.suspend(() => StepArray).annotations({
  identifier: "Steps",
  description: "a list of steps"
})

const Tools = Schema.Array(Schema.NonEmptyString).annotations({
  description: "a list of server/tool, server/* or workflow:name"
})

const Role = Schema.Literal("system", "user", "assistant")
const Message = strictStruct({ role: Role, content: Data })

/** What a fallback changes about its step, or the value that stands in for the step's output. */
const Fallback = strictStruct({
  value: Schema.optional(Data),
  model: Schema.optional(ModelChain),
  prompt: Schema.optional(Text),
  system: Schema.optional(Text),
  temperature: Schema.optional(Schema.Number),
  max_tokens: Schema.optional(Count),
  server: Schema.optional(Text),
  tool: Schema.optional(Text),
  params: Schema.optional(DataRecord),
  url: Schema.optional(Text),
  uses: Schema.optional(Text),
  with: Schema.optional(DataRecord)
}).annotations({ description: "a changed part of the step, or a `value`" })
export type Fallback = typeof Fallback.Type

const common = {
  id: Schema.propertySignature(Id).annotations({ description: "Its name in the file: no other step has it" }),
  description: Schema.optional(Text),
  output: Schema.optional(Variable).annotations({ description: "The variable that holds what it gives" }),
  if: Schema.optional(Condition).annotations({ description: "Whether it runs; else it is skipped and gives null" }),
  needs: Schema.optional(Schema.Array(Id)).annotations({ description: "Steps that it waits for" }),
  retry: Schema.optional(Retry).annotations({ description: "Further attempts after one that failed" }),
  timeout: Schema.optional(Duration).annotations({ description: "For one attempt" }),
  deadline: Schema.optional(Duration).annotations({ description: "For all attempts together" }),
  fallback: Schema.optional(Schema.NonEmptyArray(Fallback)).annotations({
    description: "What is tried after the last attempt"
  }),
  on_error: Schema.optional(Schema.Literal("fail", "continue")).annotations({ description: "continue: it gives null" }),
  catch: Schema.optional(Steps).annotations({ description: "Steps that run when it fails, with `error`" }),
  undo: Schema.optional(Steps).annotations({ description: "Steps that run when a later step fails" }),
  cache: Schema.optional(Cache),
  budget: Schema.optional(Budget),
  idempotency_key: Schema.optional(Text),
  mock: Schema.optional(Data).annotations({ description: "What it gives in a rehearsal" })
}

const step = <Type extends string, Fields extends Schema.Struct.Fields>(type: Type, fields: Fields) =>
  strictStruct({ ...common, type: Schema.Literal(type), ...fields })

const temperature = Schema.optional(Schema.Number.pipe(Schema.between(0, 2, { description: "a number from 0 to 2" })))

const LlmStep = step("llm", {
  model: Schema.optional(ModelChain),
  prompt: Schema.optional(Text),
  messages: Schema.optional(Schema.NonEmptyArray(Message)),
  system: Schema.optional(Text),
  output_schema: Schema.optional(Shape),
  temperature,
  max_tokens: Schema.optional(Count),
  stream: Schema.optional(Schema.Boolean),
  tools: Schema.optional(Tools)
}).annotations({ description: "One answer of a model" })

const AgentStep = step("agent", {
  model: Schema.optional(ModelChain),
  prompt: Text,
  system: Schema.optional(Text),
  tools: Tools,
  max_turns: Schema.propertySignature(Count).annotations({
    description: "The most calls to the model: the worst case needs a bound"
  }),
  output_schema: Schema.optional(Shape),
  temperature,
  max_tokens: Schema.optional(Count),
  stop_when: Schema.optional(Condition)
}).annotations({ description: "A model that calls tools until it has its answer" })

const McpToolStep = step("mcp_tool", {
  server: Schema.NonEmptyString,
  tool: Schema.NonEmptyString,
  params: Schema.optional(DataRecord)
}).annotations({ description: "One call of a tool" })

const HttpStep = step("http", {
  method: Schema.optional(Schema.Literal("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD")),
  url: Schema.NonEmptyString,
  headers: Schema.optional(Schema.Record({ key: Schema.String, value: Schema.String })),
  body: Schema.optional(Data)
}).annotations({ description: "One call of an allowed host" })

const WorkflowStep = step("workflow", {
  uses: Schema.NonEmptyString,
  with: Schema.optional(DataRecord)
}).annotations({ description: "A run of another workflow" })

const SetStep = step("set", { values: DataRecord }).annotations({ description: "Values of one's own" })

const ParallelStep = step("parallel", {
  branches: Schema.Record({ key: Id, value: Steps }),
  join: Schema.optional(Schema.Literal("all", "any", "settled"))
}).annotations({ description: "Branches that run at the same time" })

const ForeachStep = step("foreach", {
  in: Schema.Union(Schema.String, Schema.Array(Data)).annotations({ description: "an expression that gives a list" }),
  as: Schema.optional(Variable),
  concurrency: Schema.optional(Count),
  on_item_error: Schema.optional(Schema.Literal("fail", "skip", "collect")),
  steps: Steps
}).annotations({ description: "Steps for each item of a list" })

const Case = strictStruct({ when: Condition, steps: Steps })
const SwitchStep = step("switch", {
  cases: Schema.NonEmptyArray(Case),
  else: Schema.optional(Steps)
}).annotations({ description: "The first case whose condition holds" })

const LoopStep = step("loop", {
  until: Condition,
  max: Schema.propertySignature(Count).annotations({ description: "The most rounds: the worst case needs a bound" }),
  steps: Steps
}).annotations({ description: "Steps again and again until a condition holds" })

const ApproveStep = step("approve", {
  prompt: Text,
  form: Schema.optional(Shape),
  on_timeout: Schema.optional(Schema.Literal("approve", "reject", "fail"))
}).annotations({ description: "A person's yes or no" })

const WaitStep = step("wait", {
  for: Schema.optional(Duration),
  until: Schema.optional(Condition),
  event: Schema.optional(Schema.NonEmptyString)
}).annotations({ description: "Waits for a time, a condition or an event" })

const EmitStep = step("emit", { event: Schema.NonEmptyString, data: Schema.optional(Data) }).annotations({
  description: "An event in the run's stream"
})

const FailStep = step("fail", {
  message: Text,
  code: Schema.optional(Schema.NonEmptyString)
}).annotations({ description: "Ends the run as failed" })

export const Step = Schema.Union(
  LlmStep,
  AgentStep,
  McpToolStep,
  HttpStep,
  WorkflowStep,
  SetStep,
  ParallelStep,
  ForeachStep,
  SwitchStep,
  LoopStep,
  ApproveStep,
  WaitStep,
  EmitStep,
  FailStep
).annotations({ identifier: "Step", description: "a step: a mapping with `id` and `type`" })
export type Step = typeof Step.Type
export type StepType = Step["type"]
export type StepOf<Type extends StepType> = Extract<Step, { readonly type: Type }>

const StepArray: Schema.Schema<StepList> = Schema.Array(Step).pipe(
  Schema.minItems(1, { description: "a list of at least one step" })
)

export { Steps }
