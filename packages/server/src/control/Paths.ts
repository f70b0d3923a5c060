/** What exists where: for an answer to a wrong path or method that helps. */
import * as HttpApi from "@effect/platform/HttpApi"
import { dataPlanePaths } from "@penstock/schema/api/DataPlane"
import { PenstockApi } from "@penstock/schema/api/PenstockApi"
import { type GatewayError, make } from "@penstock/schema/GatewayError"
import { nearest } from "@penstock/schema/Suggestion"

/** Served beside the API. */
export const documentPaths = { spec: "/openapi.json", docs: "/docs", dashboard: "/dashboard" } as const

const known: ReadonlyMap<string, ReadonlyArray<string>> = (() => {
  const methods = new Map<string, ReadonlyArray<string>>(Object.entries(dataPlanePaths))
  for (const path of Object.values(documentPaths)) methods.set(path, ["GET"])
  HttpApi.reflect(PenstockApi, {
    onGroup: () => {},
    onEndpoint: ({ endpoint }) => {
      methods.set(endpoint.path, [...(methods.get(endpoint.path) ?? []), endpoint.method])
    }
  })
  return methods
})()

/** A parameter is one segment, but for a model's name, which may have slashes in it. */
const patternOf = (path: string): RegExp =>
  new RegExp(`^${path.replaceAll(".", "\\.").replace(":model", ".+").replaceAll(/:\w+/g, "[^/]+")}$`)

const patterns = [...known].map(([path, methods]) => ({ pattern: patternOf(path), methods }))

/** People leave out the version, or write it twice because their client adds it to the base URL. */
const respelled = (path: string): string | null =>
  [`/v1${path}`, path.replace(/^\/v1(?=\/v1\/)/, ""), path.replace(/\/+$/, ""), path.replaceAll(/\/+/g, "/")].find(
    (candidate) => candidate !== path && known.has(candidate)
  ) ?? null

export interface Missed {
  readonly error: GatewayError
  /** Methods that the path takes; empty when there is no such path. */
  readonly allow: ReadonlyArray<string>
}

/** What to answer when nothing serves this method and path. */
export const missed = (method: string, path: string): Missed => {
  for (const { methods, pattern } of patterns) {
    if (pattern.test(path)) {
      if (methods.includes(method === "HEAD" ? "GET" : method)) {
        return {
          error: make("invalid_request", "The path has a part that is too long, or not escaped well."),
          allow: []
        }
      }
      const allow = methods.includes("GET") ? ["HEAD", ...methods] : methods
      return { error: make("method_not_allowed", `${path} takes ${methods.join(" or ")}, not ${method}.`), allow }
    }
  }
  const meant = respelled(path) ?? nearest(path, [...known.keys()])
  const hint = meant === null ? `See ${documentPaths.docs} for what exists.` : `Did you mean ${meant}?`
  return { error: make("not_found", `There is no ${path.slice(0, 200)} here. ${hint}`), allow: [] }
}
