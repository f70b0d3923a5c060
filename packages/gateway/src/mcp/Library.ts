/**
 * What servers offer beside tools: resources, templates of them, and prompts. One shape for a conversation, for a
 * server and for the whole hub; what is in it stays in the protocol's own words.
 */
import type * as Effect from "effect/Effect"
import type { JsonObject } from "../wire/Json.ts"

/** The lists that a server may say to have changed. */
export const listKinds = ["tools", "resources", "prompts"] as const
export type ListKind = (typeof listKinds)[number]

export interface Resource {
  readonly uri: string
  readonly name: string
}

export interface ResourceTemplate {
  /** RFC 6570. */
  readonly uriTemplate: string
  readonly name: string
}

export interface Prompt {
  readonly name: string
}

/** One argument of a prompt or of a template, half typed. */
export interface Completion {
  readonly ref:
    | { readonly type: "ref/prompt"; readonly name: string }
    | { readonly type: "ref/resource"; readonly uri: string }
  readonly argument: { readonly name: string; readonly value: string }
  /** Arguments that are settled already. */
  readonly context?: { readonly arguments?: { readonly [name: string]: string } | undefined } | undefined
}

export interface Library<E> {
  /** Empty where a server has none; so are the other lists. */
  readonly resources: Effect.Effect<ReadonlyArray<Resource>, E>
  readonly templates: Effect.Effect<ReadonlyArray<ResourceTemplate>, E>
  readonly prompts: Effect.Effect<ReadonlyArray<Prompt>, E>
  /** `{contents}` of a resource. */
  readonly read: (uri: string) => Effect.Effect<JsonObject, E>
  /** `{description?, messages}` of a prompt. */
  readonly prompt: (name: string, args: { readonly [name: string]: string }) => Effect.Effect<JsonObject, E>
  /** `{completion: {values, …}}`; without values where a server knows none. */
  readonly complete: (completion: Completion) => Effect.Effect<JsonObject, E>
}
