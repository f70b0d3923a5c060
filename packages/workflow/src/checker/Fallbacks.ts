/** What a fallback makes of its step. */
import type { Fallback, Step } from "../document/Step.ts"
import type { ModelStep } from "./Models.ts"

/** The step as a fallback changes it. A part that the step's type does not have changes nothing. */
export const withPart = (step: Step, part: Fallback): Step => {
  switch (step.type) {
    case "llm":
      return { ...withModelPart(step, part), ...(part.prompt === undefined ? {} : { messages: undefined }) }
    case "agent":
      return withModelPart(step, part)
    case "mcp_tool":
      return {
        ...step,
        server: part.server ?? step.server,
        tool: part.tool ?? step.tool,
        params: part.params ?? step.params
      }
    case "http":
      return { ...step, url: part.url ?? step.url }
    case "workflow":
      return { ...step, uses: part.uses ?? step.uses, with: part.with ?? step.with }
    default:
      return step
  }
}

const withModelPart = <S extends ModelStep>(step: S, part: Fallback): S => ({
  ...step,
  model: part.model ?? step.model,
  prompt: part.prompt ?? step.prompt,
  system: part.system ?? step.system,
  temperature: part.temperature ?? step.temperature,
  max_tokens: part.max_tokens ?? step.max_tokens
})
