/** A workflow file, once. */
import { strictStruct } from "@penstock/schema/config/Fields"
import * as Schema from "effect/Schema"
import { Budget, Data, DataRecord, Duration, ModelChain, Retry, Shape, Text, Variable } from "./Fields.ts"
import { Steps } from "./Step.ts"

/** Any text, as files have long had it; what calls a workflow may know it by its file's name. */
const Name = Schema.String.pipe(Schema.minLength(1), Schema.maxLength(200, { description: "a name" }))

const Trigger = Schema.Union(
  strictStruct({ cron: Schema.NonEmptyString }),
  strictStruct({ webhook: Schema.NonEmptyString }),
  strictStruct({ event: Schema.NonEmptyString })
).annotations({ description: "a mapping with `cron`, `webhook` or `event`" })
export type Trigger = typeof Trigger.Type

const Defaults = strictStruct({
  model: Schema.optional(ModelChain),
  retry: Schema.optional(Retry),
  timeout: Schema.optional(Duration),
  deadline: Schema.optional(Duration),
  temperature: Schema.optional(Schema.Number),
  max_tokens: Schema.optional(Schema.Positive.pipe(Schema.int()))
})
export type Defaults = typeof Defaults.Type

const Test = strictStruct({
  name: Schema.optional(Text),
  input: Schema.optional(Data),
  mocks: Schema.optional(DataRecord),
  expect: Schema.optional(Data)
})

export const Workflow = strictStruct({
  name: Schema.propertySignature(Name).annotations({ description: "What it is called by" }),
  description: Schema.optional(Text),
  version: Schema.optional(Schema.Union(Schema.String, Schema.Number)).annotations({ description: "a version" }),
  inputs: Schema.optional(Shape).annotations({ description: "What a run is given as `input`" }),
  models: Schema.optional(Schema.Record({ key: Variable, value: ModelChain })).annotations({
    description: "Names of the file's own for models"
  }),
  defaults: Schema.optional(Defaults).annotations({ description: "For every step that does not say otherwise" }),
  baseline: Schema.optional(ModelChain).annotations({
    description: "The model to compare with: what a run saved is told in its metrics"
  }),
  budget: Schema.optional(Budget).annotations({ description: "For a whole run" }),
  timeout: Schema.optional(Duration).annotations({ description: "For a whole run" }),
  schedule: Schema.optional(Schema.Literal("sequential", "auto")).annotations({
    description: "auto: steps wait only for what they use"
  }),
  on: Schema.optional(Schema.Array(Trigger)).annotations({ description: "What starts a run" }),
  steps: Steps,
  catch: Schema.optional(Steps).annotations({ description: "Steps that run when the workflow fails" }),
  finally: Schema.optional(Steps).annotations({ description: "Steps that run in any case" }),
  output: Schema.optional(Schema.Union(Schema.String, DataRecord)).annotations({
    description: "a variable's name, an expression, or a mapping of expressions"
  }),
  tests: Schema.optional(Schema.Array(Test))
}).annotations({ identifier: "Workflow" })
export type Workflow = typeof Workflow.Type
