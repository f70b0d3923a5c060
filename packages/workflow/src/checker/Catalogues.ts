/**
 * What the checker asks of the world: which models, tools, workflows and hosts there are. Plain ports, filled from a
 * configuration by the server and the CLI, and from data by tests. One that is absent is not checked against.
 */
import type { NanoDollars, PicoDollarsPerToken } from "@penstock/schema/Money"
import type { JsonSchema } from "../types/Shape.ts"
import type { Type } from "../types/Type.ts"

export interface ModelFacts {
  /** Input and output together, in tokens; null when it is not known. */
  readonly contextTokens: number | null
  readonly maxOutputTokens: number | null
  /** Null when it is not known; 0 only where a model is free. */
  readonly price: { readonly input: PicoDollarsPerToken; readonly output: PicoDollarsPerToken } | null
}

export interface ModelCatalogue {
  readonly find: (name: string) => ModelFacts | null
  /** For suggestions. */
  readonly names: ReadonlyArray<string>
}

export interface ToolFacts {
  readonly inputSchema: JsonSchema
  readonly outputSchema: JsonSchema | null
}

export interface ToolCatalogue {
  readonly servers: ReadonlyArray<string>
  /** Whether others may yet come: a name that none of these has is no mistake for certain then. */
  readonly mayGrow?: boolean
  /** Null for a server that could not be asked. */
  readonly tools: (server: string) => ReadonlyMap<string, ToolFacts> | null
}

export interface WorkflowFacts {
  readonly inputs: JsonSchema | null
  readonly outputType: Type
  /** Names of the workflows that it calls itself. */
  readonly calls: ReadonlyArray<string>
  /** The most that a run costs; null when that is not known. */
  readonly worstCost: NanoDollars | null
}

export interface WorkflowCatalogue {
  readonly find: (name: string) => WorkflowFacts | null
  readonly names: ReadonlyArray<string>
}

export interface HostList {
  /** `host` as in an address: `api.example.com` or `localhost:8080`. */
  readonly allows: (host: string) => boolean
  readonly names: ReadonlyArray<string>
}

export interface Catalogues {
  readonly models?: ModelCatalogue
  readonly tools?: ToolCatalogue
  readonly workflows?: WorkflowCatalogue
  readonly hosts?: HostList
  /** Names of the secrets. */
  readonly secrets?: ReadonlyArray<string>
}
