/** The text of a configuration to begin with: short, and with the next steps as comments. */
import type { Found } from "@penstock/server/config/Discovery"

export interface Choices {
  readonly auth: "none" | "keys"
  /** USD per day, for everybody together; null for no limit. */
  readonly budget: number | null
}

/** The variables that hold the secrets of `auth: keys`. */
export const secrets = ["PENSTOCK_ADMIN_KEY", "PENSTOCK_KEY"] as const

/** Which model the names that everybody calls stand for: the first of those that the machine can reach. */
const firstModel = ({ ollama, vendors }: Found): string => {
  const names = new Set(vendors.map(({ name }) => name))
  if (names.has("openai")) return "openai/gpt-4o-mini"
  if (names.has("anthropic")) return "claude-haiku"
  const [local] = ollama ?? []
  return local === undefined ? "demo/echo" : `ollama/${local}`
}

const providerLines = ({ ollama, vendors }: Found): ReadonlyArray<string> => {
  const builtIn = vendors.flatMap(({ baseUrl, name, variable }) =>
    baseUrl === null ? [`#   ${name}: its key is in ${variable}`] : []
  )
  const own = vendors.flatMap(({ baseUrl, name, variable }) =>
    baseUrl === null
      ? []
      : [`  ${name}:`, "    protocol: openai", `    base_url: ${baseUrl}`, `    api_key: "\${env.${variable}}"`]
  )
  const local = ollama === null ? [] : [`#   ollama: it runs, with ${ollama.length} models`]
  return [
    "# Where models live. openai, anthropic, ollama and demo exist without being named; found here:",
    ...(builtIn.length + local.length === 0 ? ["#   demo, which needs no key and is no AI"] : [...builtIn, ...local]),
    ...(own.length === 0
      ? [
          "# A vendor that speaks OpenAI's protocol is a few lines:",
          "# providers:",
          '#   groq: { protocol: openai, base_url: https://api.groq.com/openai/v1, api_key: "${env.GROQ_API_KEY}" }'
        ]
      : ["providers:", ...own])
  ]
}

const serverLines = (auth: Choices["auth"]): ReadonlyArray<string> =>
  auth === "none"
    ? [
        "server:",
        "  host: 127.0.0.1 # loopback only: nobody is asked for a key",
        "  port: 8080",
        "  auth: none # keys: a request needs one of `keys`, and others may be let in"
      ]
    : ["server:", "  host: 127.0.0.1 # 0.0.0.0 lets others in", "  port: 8080", "  auth: keys"]

const keyLines = (auth: Choices["auth"]): ReadonlyArray<string> =>
  auth === "none"
    ? []
    : [
        "",
        "# Who may ask. PENSTOCK_ADMIN_KEY opens the ledger and makes further keys: POST /v1/keys.",
        "keys:",
        "  - name: first",
        '    key: "${env.PENSTOCK_KEY}"',
        '    models: ["*"]',
        "    # budget: { usd: 1, per: day }",
        "    # rate: { requests_per_minute: 60 }"
      ]

const budgetLines = (budget: number | null): ReadonlyArray<string> => [
  "",
  "# For everybody together. Never exceeded: the worst case of a request is reserved before it is sent.",
  budget === null ? "# budget: { usd: 10, per: day }" : `budget: { usd: ${budget}, per: day }`
]

export const render = (choices: Choices, found: Found): string =>
  [
    "# Penstock's configuration. Every key: docs/configuration.md. Check it with: penstock config",
    "",
    ...serverLines(choices.auth),
    "",
    "database: penstock.db",
    "",
    ...providerLines(found),
    "",
    "# Names of your own, and what happens behind them.",
    "models:",
    "  default:",
    "    targets:",
    `      - ${firstModel(found)}`,
    "      # - a second one, tried when the first one fails",
    ...keyLines(choices.auth),
    ...budgetLines(choices.budget),
    ""
  ].join("\n")

/** `.env` with the secrets that it lacks; the rest of it stays as it is. */
export const withSecrets = (text: string, made: ReadonlyMap<string, string>): string => {
  const begun = text === "" || text.endsWith("\n") ? text : `${text}\n`
  return begun + [...made].map(([name, secret]) => `${name}=${secret}\n`).join("")
}
