/** Mistakes in routes, keys, the environment, and in what the file is made of. */
import type { Mistake } from "./Mistakes.ts"

export const moreMistakes: ReadonlyArray<Mistake> = [
  {
    name: "a route to an unknown provider",
    yaml: "routes:\n  - {match: ['gpt-*'], provider: opena}\n",
    at: "2:34",
    path: "routes[0].provider",
    message: 'no provider is called "opena"',
    hint: 'did you mean "openai"?'
  },
  {
    name: "a route whose pattern is a regular expression",
    yaml: "routes:\n  - match: ['*', '^gpt-(4|5)']\n    provider: openai\n",
    at: "2:18",
    path: "routes[0].match[1]",
    message: "expected a pattern in which only * is special"
  },
  {
    name: "a route without patterns",
    yaml: "routes:\n  - {match: [], provider: openai}\n",
    at: "2:13",
    path: "routes[0].match",
    message: "expected a list of at least one pattern, found an empty list"
  },
  {
    name: "a list that is a mapping",
    yaml: "keys:\n  alice: {key: sesame-open}\n",
    at: "2:3",
    path: "keys",
    message: "expected a list, found a mapping"
  },
  {
    name: "a key that is too short",
    yaml: "keys:\n  - {name: alice, key: hush}\n",
    at: "2:24",
    path: "keys[0].key",
    message: "expected a string of at least 8 characters, found something else"
  },
  {
    name: "two keys of one name",
    yaml: "keys:\n  - {name: alice, key: aaaaaaaa}\n  - {name: alice, key: bbbbbbbb}\n",
    at: "3:12",
    path: "keys[1].name",
    message: "was given to keys[0] before"
  },
  {
    name: "one key twice",
    yaml: "keys:\n  - {name: alice, key: aaaaaaaa}\n  - {name: bob, key: aaaaaaaa}\n",
    at: "3:22",
    path: "keys[1].key",
    message: "the same key as that of alice"
  },
  {
    name: "a key that is the admin key",
    yaml: "keys:\n  - {name: alice, key: aaaaaaaa}\n",
    env: { PENSTOCK_ADMIN_KEY: "aaaaaaaa" },
    at: "2:24",
    path: "keys[0].key",
    message: "the same key as the admin key"
  },
  {
    name: "auth by keys without any",
    yaml: "server:\n  auth: keys\n",
    at: "2:9",
    path: "server.auth",
    message: "lets nobody in",
    hint: "PENSTOCK_ADMIN_KEY"
  },
  {
    name: "an open gateway on every address",
    yaml: "server:\n  host: 0.0.0.0\n",
    at: "2:9",
    path: "server.host",
    message: "lets others reach a gateway without keys",
    hint: "--insecure"
  },
  {
    name: "an open gateway on every address by environment",
    env: { HOST: "0.0.0.0" },
    at: "HOST (environment)",
    path: "server.host",
    message: "lets others reach a gateway without keys"
  },
  {
    name: "a port in the environment that is none",
    env: { PORT: "eighty" },
    at: "PORT (environment)",
    path: "server.port",
    message: 'expected a port number from 0 to 65535, found "eighty"'
  },
  {
    name: "a port in .env that is none",
    dotenv: "# mine\nPORT=99999\n",
    at: ".env:2:1",
    path: "server.port",
    message: "expected a port number from 0 to 65535, found 99999"
  },
  {
    name: "a log level that is none",
    env: { LOG_LEVEL: "verbos" },
    at: "LOG_LEVEL (environment)",
    path: "logging.level",
    message: "expected one of trace, debug, info, warning, error, none"
  },
  {
    name: "an address in the environment that is none",
    yaml: "providers: {}\n",
    env: { OLLAMA_BASE_URL: "localhost:11434" },
    at: "OLLAMA_BASE_URL (environment)",
    path: "providers.ollama.base_url",
    message: "expected an http:// or https:// address"
  },
  {
    name: "a variable that is not set",
    yaml: "keys:\n  - name: alice\n    key: ${env.ALICE_KEY}\n",
    at: "3:10",
    path: "keys[0].key",
    message: "the environment variable ALICE_KEY is not set",
    hint: "set ALICE_KEY"
  },
  {
    name: "a variable that is set to nothing",
    yaml: "database: ${env.DB}\n",
    env: { DB: "" },
    at: "1:11",
    path: "database",
    message: "the environment variable DB is not set"
  },
  {
    name: "a placeholder without env",
    yaml: "database: ${DB}\n",
    env: { DB: "x" },
    at: "1:11",
    path: "database",
    message: "expected ${env.NAME}, found ${DB}",
    hint: "write ${env.DB}"
  },
  {
    name: "a database that this version does not have",
    env: { PENSTOCK_DATABASE: "postgres://user:pass@db/x" },
    at: "PENSTOCK_DATABASE (environment)",
    path: "database",
    message: "expected the path of an SQLite file"
  },
  {
    name: "a key given twice",
    yaml: "server:\n  port: 1\n  port: 2\n",
    at: "3:3",
    path: "",
    message: "this key was given before"
  },
  {
    name: "a tag",
    yaml: "database: !file x.db\n",
    at: "1:11",
    path: "",
    message: "tags are not accepted"
  },
  {
    name: "an alias without its anchor",
    yaml: "database: *nowhere\n",
    at: "1:11",
    path: "database",
    message: "no anchor &nowhere"
  },
  {
    name: "an alias that contains itself",
    yaml: "providers: &a\n  x: *a\n",
    at: "2:6",
    path: "providers.x",
    message: "this alias contains itself"
  },
  {
    name: "aliases without end",
    yaml: `a: &a x\nmodels:\n${Array.from({ length: 200 }, (_, index) => `  m${index}: *a\n`).join("")}`,
    at: "103:9",
    path: "models.m100",
    message: "more than 100 aliases"
  },
  {
    name: "a bracket left open",
    yaml: "routes: [{match: ['x'], provider: openai}\nserver: {}\n",
    at: "2:1",
    path: "",
    message: "not valid YAML"
  },
  {
    name: "a tab for indentation",
    yaml: "server:\n\tport: 1\n",
    at: "2:1",
    path: "",
    message: "not valid YAML"
  },
  {
    name: "two documents",
    yaml: "server: {}\n---\nserver: {}\n",
    at: "2:1",
    path: "",
    message: "not valid YAML"
  }
]
