/** The configuration in force as a person reads it: every default filled in, no secret shown. */
import { PenstockConfig } from "@penstock/schema/config/PenstockConfig"
import * as Record from "effect/Record"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Struct from "effect/Struct"
import { Document, isNode } from "yaml"
import { renderPath } from "./ConfigIssue.ts"
import type { Loaded } from "./ConfigLoader.ts"
import * as Overrides from "./Overrides.ts"
import { withoutCredentials } from "./SecretPaths.ts"

const encode = Schema.encodeSync(PenstockConfig)

const hidden = Redacted.make("<redacted>")

const hide = (values: { readonly [name: string]: unknown }) => Record.map(values, () => hidden)

const redact = (config: PenstockConfig): PenstockConfig => {
  const { admin_key, ...server } = config.server
  return {
    ...config,
    database: withoutCredentials(config.database),
    server: admin_key === undefined ? server : { ...server, admin_key: hidden },
    mcp: {
      ...config.mcp,
      servers: Record.map(config.mcp.servers, ({ env, headers, url, ...rest }) => ({
        ...rest,
        env: hide(env),
        headers: hide(headers),
        ...(url === undefined ? {} : { url: withoutCredentials(url) })
      }))
    },
    keys: config.keys.map((key) => ({ ...key, key: hidden })),
    providers: Object.fromEntries(
      Object.entries(config.providers).map(([name, { api_key, base_url, headers, ...rest }]) => [
        name,
        {
          ...Struct.omit(rest, "key_variable"),
          headers: hide(headers),
          ...(base_url === undefined ? {} : { base_url: withoutCredentials(base_url) }),
          ...(api_key === undefined ? {} : { api_key: hidden })
        }
      ])
    )
  }
}

/** As plain data, in the keys and units of the file. */
const toData = (config: PenstockConfig) => encode(redact(config))

export const renderJson = (loaded: Loaded): string => `${JSON.stringify(toData(loaded.config), null, 2)}\n`

export const renderYaml = (loaded: Loaded): string => {
  const document = new Document(toData(loaded.config), { aliasDuplicateObjects: false })
  document.commentBefore = ` The configuration in force. File: ${loaded.path ?? "none"}.`
  for (const { path } of Overrides.variables) {
    const origin = loaded.origins.get(renderPath(path))
    const node = origin === undefined ? undefined : document.getIn(path, true)
    if (isNode(node)) node.comment = ` from ${origin}`
  }
  for (const [name, { api_key, key_variable }] of Object.entries(loaded.config.providers)) {
    const node = key_variable === undefined ? undefined : document.getIn(["providers", name, "protocol"], true)
    if (isNode(node) && api_key === undefined) node.comment = ` not configured: ${key_variable} is not set`
  }
  return document.toString({ lineWidth: 0 })
}
