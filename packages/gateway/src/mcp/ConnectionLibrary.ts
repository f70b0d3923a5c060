/** Resources and prompts of one conversation. */
import type { Client } from "@modelcontextprotocol/client"
import * as Effect from "effect/Effect"
import type { Library } from "./Library.ts"

/** Runs a request of the SDK and tells its failure in our words. */
type Attempt<E> = <A>(run: (signal: AbortSignal) => PromiseLike<A>) => Effect.Effect<A, E>

/** The SDK's own timer is never to fire; a list is asked for anew, for whoever lists after a change. */
const options = (signal: AbortSignal, timeout: number) => ({ signal, timeout, cacheMode: "refresh" as const })

/** `timeout`: of the SDK's timer, in milliseconds. Pages are walked to the last. */
export const make = <E>(client: Client, attempt: Attempt<E>, timeout: number): Library<E> => {
  const ifOffered = <A>(
    what: "resources" | "prompts" | "completions",
    none: A,
    run: (signal: AbortSignal) => PromiseLike<A>
  ): Effect.Effect<A, E> =>
    Effect.suspend(() => (client.getServerCapabilities()?.[what] === undefined ? Effect.succeed(none) : attempt(run)))
  return {
    resources: ifOffered("resources", [], (signal) =>
      client.listResources(undefined, options(signal, timeout)).then(({ resources }) => resources)
    ),
    templates: ifOffered("resources", [], (signal) =>
      client
        .listResourceTemplates(undefined, options(signal, timeout))
        .then(({ resourceTemplates }) => resourceTemplates)
    ),
    prompts: ifOffered("prompts", [], (signal) =>
      client.listPrompts(undefined, options(signal, timeout)).then(({ prompts }) => prompts)
    ),
    read: (uri) => attempt((signal) => client.readResource({ uri }, options(signal, timeout))),
    prompt: (name, args) =>
      attempt((signal) => client.getPrompt({ name, arguments: { ...args } }, { signal, timeout })),
    complete: ({ argument, context, ref }) => {
      const settled = context?.arguments === undefined ? {} : { context: { arguments: { ...context.arguments } } }
      return ifOffered<{ readonly completion: { readonly values: ReadonlyArray<string> } }>(
        "completions",
        { completion: { values: [] } },
        (signal) => client.complete({ ref, argument, ...settled }, { signal, timeout })
      )
    }
  }
}
