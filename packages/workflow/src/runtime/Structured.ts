/** Answers that have to be JSON of a shape: asked for, read, held to the schema, asked for again. */
import type { Message, ResponseFormat } from "@penstock/schema/ChatRequest"
import * as Effect from "effect/Effect"
import type { JsonSchema } from "../types/Shape.ts"
import * as Validate from "../types/Validate.ts"
import * as Model from "./Model.ts"
import * as StepError from "./StepError.ts"
import type { Feedback, Tries } from "./Tries.ts"

export const responseFormat = (schema: JsonSchema): ResponseFormat => ({
  type: "json_schema",
  name: "output",
  schema
})

/** JSON from a text that may have a fence around it, as models like to put one. */
const parse = (text: string): { readonly value: unknown } | null => {
  const fenced = /^\s*```(?:json)?\s*\n([\s\S]*?)\n?```\s*$/.exec(text)
  try {
    return { value: JSON.parse(fenced?.[1] ?? text) }
  } catch {
    return null
  }
}

/** The value, or `invalid_output` with what the model is told when it is asked again. */
export const read = (
  text: string,
  schema: JsonSchema,
  step: string,
  tries: Tries
): Effect.Effect<unknown, StepError.StepError> => {
  const invalid = (problems: ReadonlyArray<string>) => {
    tries.feedback = { answer: text, problems }
    return Effect.fail(
      StepError.make(
        step,
        "invalid_output",
        `the answer is not what output_schema asks for: ${problems.join("; ")}`,
        tries.count
      )
    )
  }
  const parsed = parse(text)
  if (parsed === null) return invalid(["it is not JSON"])
  const violations = Validate.compile(schema)(parsed.value)
  if (violations.length > 0) {
    return invalid(violations.map(({ message, path }) => (path === "" ? message : `${path}: ${message}`)))
  }
  return Effect.succeed(parsed.value)
}

/** The conversation that follows an answer that would not do. */
export const again = (feedback: Feedback | null): ReadonlyArray<Message> =>
  feedback === null
    ? []
    : [
        Model.assistant(feedback.answer === "" ? "(nothing)" : feedback.answer),
        Model.user(
          `That answer cannot be used: ${feedback.problems.join("; ")}. Answer again, with the JSON alone and nothing around it.`
        )
      ]
