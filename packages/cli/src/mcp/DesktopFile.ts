/**
 * The servers of a desktop client's JSON file, as ours. What looks like a secret becomes the name of a variable: the
 * configuration file is often shared, and secrets are not. Pure.
 */
import * as Either from "effect/Either"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import type { Entry } from "./ServerEntry.ts"

const Texts = Schema.Record({ key: Schema.String, value: Schema.String })

/** What several clients write; what else they write is left aside. */
const Server = Schema.Struct({
  command: Schema.optional(Schema.String),
  args: Schema.optional(Schema.Array(Schema.String)),
  env: Schema.optional(Texts),
  url: Schema.optional(Schema.String),
  headers: Schema.optional(Texts)
})
const Servers = Schema.Record({ key: Schema.String, value: Server })
const File = Schema.parseJson(
  Schema.Union(
    Schema.Struct({ mcpServers: Servers }),
    // One editor's word for it.
    Schema.Struct({ servers: Servers })
  )
)
const decode = Schema.decodeUnknownEither(File)

export interface Imported {
  /** Ours: what a name may not hold is replaced. */
  readonly name: string
  readonly entry: Entry
  /** Variables that have to be set, and where each one's value stands in the file. */
  readonly secrets: ReadonlyArray<{ readonly variable: string; readonly place: string }>
}

const secretName = /key|token|secret|passw|auth|credential|cookie/i
const secretValue = /^(?:Bearer |Basic |sk-|ghp_|gho_|github_pat_|glpat-|xox[a-z]-|AKIA|AIza)/
const variableOf = (...parts: ReadonlyArray<string>): string => {
  const name = parts.join("_").toUpperCase().replaceAll(/\W/g, "_")
  return /^\d/.test(name) ? `_${name}` : name
}

/** `${` would begin one of our variables; `${env:NAME}` of one editor is one. */
const plain = (text: string): string =>
  text.replaceAll(/\$\{(?:env:(\w+)\})?/g, (_, name: string | undefined) =>
    name === undefined ? "$${" : `\${env.${name}}`
  )

const legalName = (name: string): string =>
  name
    .replaceAll(/[^A-Za-z0-9_-]/g, "-")
    .replaceAll(/_{2,}/g, "_")
    .slice(0, 32)
    .replaceAll(/^[-_]+|[-_]+$/g, "")

const convert = (original: string, server: typeof Server.Type): Imported => {
  const secrets: Array<Imported["secrets"][number]> = []
  const name = legalName(original)
  const hide = (variable: string, place: string): string => {
    secrets.push({ variable, place: `${original}.${place}` })
    return `\${env.${variable}}`
  }
  const values = (kind: "env" | "headers", texts: typeof Texts.Type) =>
    Object.fromEntries(
      Object.entries(texts).map(([key, value]) => {
        const isNamed = value.includes("${")
        const isSecret = !isNamed && (secretName.test(key) || secretValue.test(value))
        if (!isSecret) return [key, plain(value)]
        const variable = kind === "env" ? variableOf(key) : variableOf(name, key)
        const [, scheme] = /^(Bearer |Basic )/.exec(value) ?? []
        return [key, `${scheme ?? ""}${hide(variable, `${kind}.${key}`)}`]
      })
    )
  /** `--api-key sk-…` and `--api-key=sk-…`. */
  const args = (given: ReadonlyArray<string>) =>
    given.map((arg, index) => {
      const before = given[index - 1] ?? ""
      const [, flag, value] = /^(--?[\w-]+)=(.+)$/.exec(arg) ?? []
      if (flag !== undefined && value !== undefined && (secretName.test(flag) || secretValue.test(value))) {
        return `${flag}=${hide(variableOf(name, flag.replace(/^-+/, "")), `args[${index}]`)}`
      }
      const isNamed = before.startsWith("-") && !before.includes("=") && secretName.test(before) && !arg.startsWith("-")
      return isNamed || secretValue.test(arg)
        ? hide(variableOf(name, isNamed ? before.replace(/^-+/, "") : `ARG_${index}`), `args[${index}]`)
        : plain(arg)
    })
  const entry: Entry = {
    ...(server.command === undefined ? {} : { command: plain(server.command) }),
    ...(server.args === undefined || server.args.length === 0 ? {} : { args: args(server.args) }),
    ...(server.env === undefined ? {} : { env: values("env", server.env) }),
    ...(server.url === undefined ? {} : { url: plain(server.url) }),
    ...(server.headers === undefined ? {} : { headers: values("headers", server.headers) })
  }
  return { name, entry, secrets }
}

/** What is wrong with the file is told without its values. */
export const read = (text: string): Either.Either<ReadonlyArray<Imported>, string> =>
  Either.mapBoth(decode(text), {
    onLeft: (error) => {
      const [issue] = ParseResult.ArrayFormatter.formatErrorSync(error)
      const place = issue?.path.map(String).join(".") ?? ""
      return `expected {"mcpServers": {"name": {"command": "…"}}}${place === "" ? "" : `, and another value at ${place}`}`
    },
    onRight: (file) =>
      Object.entries("mcpServers" in file ? file.mcpServers : file.servers).map(([name, server]) =>
        convert(name, server)
      )
  })
