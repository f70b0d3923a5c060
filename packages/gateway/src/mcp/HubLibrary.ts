/** Resources and prompts of all servers, each under a name of its own. A server that cannot be asked is left out. */
import * as Suggestion from "@penstock/schema/Suggestion"
import * as Effect from "effect/Effect"
import { listIn } from "../wire/Json.ts"
import type { Completion, Library, Prompt } from "./Library.ts"
import { McpError } from "./McpError.ts"
import * as McpServer from "./McpServer.ts"
import * as ResourceUri from "./ResourceUri.ts"
import * as ToolName from "./ToolName.ts"

export interface Options {
  readonly servers: Effect.Effect<ReadonlyArray<McpServer.McpServer>>
  /** How long a list waits for a server that has yet to start. */
  readonly patience: number
}

interface NamedPrompt {
  /** In the hub. */
  readonly name: string
  readonly server: McpServer.McpServer
  readonly prompt: Prompt
}

/** The servers that mark their addresses. */
const marking = (servers: ReadonlyArray<McpServer.McpServer>) =>
  servers.filter(({ prefix }) => prefix === "always").map(({ name }) => name)

export const make = ({ patience, servers }: Options): Library<McpError> => {
  /** What each server that answers lists. */
  const each = <A, B>(
    list: (server: McpServer.McpServer) => Effect.Effect<ReadonlyArray<A>, McpError>,
    use: (server: McpServer.McpServer, listed: A) => B
  ): Effect.Effect<ReadonlyArray<B>> =>
    Effect.flatMap(servers, (all) =>
      McpServer.askAll(all, patience, (server) =>
        Effect.map(list(server), (listed) => listed.map((item) => use(server, item)))
      )
    ).pipe(Effect.map((lists) => lists.flat()))

  const markedBy = (server: McpServer.McpServer) => (uri: string) => ResourceUri.marked(server.name, server.prefix, uri)

  const resources = each(
    ({ library }) => library.resources,
    (server, resource) => ({ server, resource })
  )
  const templates = each(
    ({ library }) => library.templates,
    (server, template) => ({ server, template })
  )
  const prompts: Effect.Effect<ReadonlyArray<NamedPrompt>> = Effect.map(
    each(
      ({ library }) => library.prompts,
      (server, prompt) => ({ server, prompt })
    ),
    (all) => {
      const names = ToolName.assign(
        all.map(({ prompt, server }) => ({ server: server.name, tool: prompt.name, prefix: server.prefix }))
      )
      return all.map(({ prompt, server }, index) => ({ name: names[index] ?? prompt.name, server, prompt }))
    }
  )

  const findPrompt = (name: string): Effect.Effect<NamedPrompt, McpError> =>
    Effect.flatMap(prompts, (all) => {
      const found = all.find((each) => each.name === name)
      if (found !== undefined) return Effect.succeed(found)
      const names = all.map((each) => each.name)
      const known = names.length === 0 ? "no server has any." : `there are ${names.join(", ")}.`
      return new McpError({
        reason: "unknown_prompt",
        server: "",
        message: `There is no prompt "${name}": ${Suggestion.didYouMean(name, names) ?? known}`
      })
    })

  /** The server of an address or template: by its mark, else by who lists it or has a template for it. */
  const ownerOf = (
    uri: string
  ): Effect.Effect<{ readonly server: McpServer.McpServer; readonly uri: string }, McpError> =>
    Effect.gen(function* () {
      const all = yield* servers
      const place = ResourceUri.placeOf(uri, marking(all))
      const named = all.find(({ name }) => name === place?.server)
      if (place !== null && named !== undefined) return { server: named, uri: place.uri }
      const listed = (yield* resources).find(({ resource }) => resource.uri === uri)
      const owner = listed ?? (yield* templates).find(({ template }) => ResourceUri.couldBe(template.uriTemplate, uri))
      if (owner !== undefined && owner.server.prefix !== "always") return { server: owner.server, uri }
      return yield* new McpError({
        reason: "unknown_resource",
        server: "",
        message: `There is no resource ${uri}: no MCP server lists it or has a template for it.`
      })
    })

  return {
    resources: Effect.map(resources, (all) =>
      all.map(({ resource, server }) => ({ ...resource, uri: markedBy(server)(resource.uri) }))
    ),
    templates: Effect.map(templates, (all) =>
      all.map(({ server, template }) => ({ ...template, uriTemplate: markedBy(server)(template.uriTemplate) }))
    ),
    prompts: Effect.map(prompts, (all) => all.map(({ name, prompt }) => ({ ...prompt, name }))),
    read: (uri) =>
      Effect.flatMap(ownerOf(uri), ({ server, uri }) =>
        Effect.map(server.library.read(uri), (result) => ({
          ...result,
          contents: ResourceUri.inContents(listIn(result["contents"]), markedBy(server))
        }))
      ),
    prompt: (name, args) =>
      Effect.flatMap(findPrompt(name), ({ prompt, server }) =>
        Effect.map(server.library.prompt(prompt.name, args), (result) => ({
          ...result,
          messages: ResourceUri.inMessages(listIn(result["messages"]), markedBy(server))
        }))
      ),
    complete: (completion: Completion) => {
      const { ref } = completion
      return ref.type === "ref/prompt"
        ? Effect.flatMap(findPrompt(ref.name), ({ prompt, server }) =>
            server.library.complete({ ...completion, ref: { type: "ref/prompt", name: prompt.name } })
          )
        : Effect.flatMap(ownerOf(ref.uri), ({ server, uri }) =>
            server.library.complete({ ...completion, ref: { type: "ref/resource", uri } })
          )
    }
  }
}
