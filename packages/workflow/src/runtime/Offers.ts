/** The tools that a step offers to its model: tools of MCP servers, and workflows, under names that providers allow. */
import * as ToolName from "@penstock/gateway/mcp/ToolName"
import type { Tool } from "@penstock/schema/ChatRequest"
import * as Effect from "effect/Effect"
import type { ToolChoice } from "../compiler/Plan.ts"
import * as StepError from "./StepError.ts"
import type { ToolFailure } from "./Tools.ts"
import type { World } from "./World.ts"

export type Target =
  | { readonly _tag: "Tool"; readonly server: string; readonly tool: string }
  | { readonly _tag: "Workflow"; readonly name: string }

export interface Offer {
  readonly target: Target
  readonly declared: Tool
}

/** A workflow takes any object where its file does not say. */
const anything = { type: "object" }

const workflowOffer = (world: World, name: string) => {
  const plan = world.callees.get(name)?.plan
  const description = plan?.description ?? null
  return { server: "workflow", tool: name, description, parameters: plan?.inputSchema ?? anything }
}

const offersOf = (world: World, choice: ToolChoice) => {
  if (choice._tag === "Workflow") return Effect.succeed([workflowOffer(world, choice.name)])
  return Effect.map(world.tools.list(choice.server, world.caller), (tools) =>
    tools
      .filter(({ name }) => choice._tag === "Server" || name === choice.tool)
      .map(({ description, inputSchema, name }) => ({
        server: choice.server,
        tool: name,
        description,
        parameters: inputSchema
      }))
  )
}

/** A tool that is named twice is offered once. */
export const of = (
  world: World,
  choices: ReadonlyArray<ToolChoice>,
  step: string
): Effect.Effect<ReadonlyArray<Offer>, StepError.StepError> =>
  Effect.forEach(choices, (choice) => offersOf(world, choice)).pipe(
    Effect.mapError(({ message, reason }: ToolFailure) => StepError.make(step, reason, message)),
    Effect.map((lists) => {
      const all = [...new Map(lists.flat().map((tool) => [JSON.stringify([tool.server, tool.tool]), tool])).values()]
      const names = ToolName.assign(all.map(({ server, tool }) => ({ server, tool, prefix: "always" })))
      return all.map(({ description, parameters, server, tool }, at): Offer => ({
        target: server === "workflow" ? { _tag: "Workflow", name: tool } : { _tag: "Tool", server, tool },
        declared: {
          name: names[at] ?? tool,
          ...(description === null ? {} : { description }),
          parameters: { ...parameters }
        }
      }))
    })
  )
