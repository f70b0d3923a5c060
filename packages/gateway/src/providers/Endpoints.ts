/**
 * What can be asked of which provider: what its protocol has a way for, unless its configuration says otherwise
 * (`providers.*.endpoints`).
 *
 * Servers that speak OpenAI's protocol are taken to have all of it but responses, which few of them have. One that has
 * less says so itself, with a 404; declared, it is not asked, and another target is.
 */
import { EndpointName } from "@penstock/schema/config/Endpoints"
import type { ProviderConfig, ProviderProtocol } from "@penstock/schema/config/PenstockConfig"
import * as GatewayError from "@penstock/schema/GatewayError"
import type { Provider } from "./Provider.ts"

/** What there is a way for, by protocol. */
export const possible: { readonly [P in ProviderProtocol]: ReadonlyArray<EndpointName> } = {
  openai: EndpointName.literals,
  anthropic: ["chat"],
  ollama: ["chat", "embeddings"],
  demo: ["chat", "embeddings"]
}

export const of = (name: string, { endpoints, protocol }: ProviderConfig): ReadonlySet<EndpointName> =>
  new Set(endpoints ?? possible[protocol].filter((endpoint) => endpoint !== "responses" || name === "openai"))

type Having = Pick<Provider, "endpoints">

const converses = ({ endpoints }: Having): boolean => endpoints.has("chat") || endpoints.has("responses")

/** Whether it can be asked for this, if need be in other words: conversations are translated into each other. */
export const answers = (provider: Having, asked: EndpointName): boolean => {
  switch (asked) {
    case "chat":
    case "responses":
      return converses(provider)
    case "completions":
      return provider.endpoints.has("completions") || converses(provider)
    default:
      return provider.endpoints.has(asked)
  }
}

const listed = (names: ReadonlyArray<string>): string =>
  names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`

/** Nobody in the plan can be asked for this: who can. */
export const missing = (
  asked: EndpointName,
  model: string,
  refusing: ReadonlyArray<string>,
  all: ReadonlyArray<Provider>
): GatewayError.GatewayError => {
  const able = all.filter((provider) => answers(provider, asked))
  const ready = able.filter((provider) => provider.missing === null).map(({ name }) => name)
  const others = able.flatMap((provider) =>
    provider.missing === null ? [] : [`${provider.name} once ${provider.missing.setting} is set`]
  )
  const who = [...ready, ...others]
  return GatewayError.make(
    "invalid_request",
    `The model "${model}" is at ${listed([...new Set(refusing)])}, where there is no endpoint for ${asked}. ` +
      (who.length === 0
        ? "No provider of this gateway has one."
        : `These have one: ${listed(who)}. Name a model of theirs, as \`provider/model\`.`),
    { param: "model", code: "unsupported_endpoint" }
  )
}
