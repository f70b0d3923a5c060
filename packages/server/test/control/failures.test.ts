import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Scope from "effect/Scope"
import { post, start } from "./harness.ts"

interface Case {
  readonly why: string
  readonly path: string
  readonly init?: RequestInit
  readonly status: number
  readonly code: string
  readonly param?: string
  readonly message: RegExp
}

const cases: ReadonlyArray<Case> = [
  { why: "unknown path", path: "/v1/modles", status: 404, code: "not_found", message: /Did you mean \/v1\/models\?/ },
  { why: "version left out", path: "/models", status: 404, code: "not_found", message: /Did you mean \/v1\/models\?/ },
  { why: "version twice", path: "/v1/v1/models", status: 404, code: "not_found", message: /mean \/v1\/models\?/ },
  { why: "nothing near", path: "/wp-admin/setup.php", status: 404, code: "not_found", message: /See \/docs/ },
  {
    why: "wrong method",
    path: "/v1/models",
    init: { method: "POST" },
    status: 405,
    code: "method_not_allowed",
    message: /takes GET, not POST/
  },
  {
    why: "data plane by GET",
    path: "/v1/chat/completions",
    status: 405,
    code: "method_not_allowed",
    message: /takes POST, not GET/
  },
  {
    why: "wrong method on a model",
    path: "/v1/models/a/b",
    init: { method: "DELETE" },
    status: 405,
    code: "method_not_allowed",
    message: /takes GET/
  },
  {
    why: "empty body",
    path: "/v1/explain",
    init: post(""),
    status: 400,
    code: "invalid_request",
    message: /body is empty.*Send JSON/
  },
  {
    why: "no JSON",
    path: "/v1/explain",
    init: post("{model"),
    status: 400,
    code: "invalid_request",
    message: /not JSON/
  },
  {
    why: "no object",
    path: "/v1/explain",
    init: post("[1]"),
    status: 400,
    code: "invalid_request",
    message: /^The body is no JSON object\. Send JSON that names a model/
  },
  {
    why: "null",
    path: "/v1/keys",
    init: post("null"),
    status: 400,
    code: "invalid_request",
    message: /^The body is no JSON object\. Send JSON that names the key/
  },
  {
    why: "no object as an MCP server",
    path: "/v1/mcp/servers",
    init: post("[]"),
    status: 400,
    code: "invalid_request",
    message: /^The body is no JSON object\. Send JSON: \{"name": "docs"/
  },
  {
    why: "JSON that is deeper than whoever walks it has stack for",
    path: "/v1/keys",
    init: post(`{"name":${"[".repeat(300)}${"]".repeat(300)}}`),
    status: 400,
    code: "invalid_request",
    message: /^The body's JSON is nested deeper than 256 levels\.$/
  },
  {
    why: "a long value in the wrong place, which is not sent back whole",
    path: "/v1/keys",
    init: post({ name: ["x".repeat(900)] }),
    status: 400,
    code: "invalid_request",
    param: "name",
    message: /^name: Expected string, actual \["x{198}…$/
  },
  {
    why: "no model",
    path: "/v1/explain",
    init: post({}),
    status: 400,
    code: "invalid_request",
    param: "model",
    message: /model: is missing/
  },
  {
    why: "a model that is no text",
    path: "/v1/explain",
    init: post({ model: 5 }),
    status: 400,
    code: "invalid_request",
    param: "model",
    message: /Expected .*actual 5/
  },
  {
    why: "empty model",
    path: "/v1/explain",
    init: post({ model: "" }),
    status: 400,
    code: "invalid_request",
    param: "model",
    message: /non empty/
  },
  {
    why: "too large",
    path: "/v1/explain",
    init: post({ model: "x".repeat(2000) }),
    status: 413,
    code: "too_large",
    message: /1024 bytes of `server\.max_body`/
  },
  {
    why: "misspelt filter",
    path: "/v1/requests?modle=x",
    status: 400,
    code: "invalid_request",
    param: "modle",
    message: /unexpected, expected: .*"model"/
  },
  {
    why: "limit that is no number",
    path: "/v1/requests?limit=ten",
    status: 400,
    code: "invalid_request",
    param: "limit",
    message: /"ten"/
  },
  {
    why: "limit out of range",
    path: "/v1/requests?limit=5000",
    status: 400,
    code: "invalid_request",
    param: "limit",
    message: /between 1 and 1000/
  },
  {
    why: "unknown status",
    path: "/v1/requests?status=fine",
    status: 400,
    code: "invalid_request",
    param: "status",
    message: /Expected "open" or "ok" or .*, actual "fine"/
  },
  {
    why: "unknown format",
    path: "/v1/requests?format=xml",
    status: 400,
    code: "invalid_request",
    param: "format",
    message: /"csv"/
  },
  {
    why: "a cursor that is none",
    path: "/v1/requests?cursor=zzz",
    status: 400,
    code: "invalid_request",
    param: "cursor",
    message: /./
  },
  {
    why: "the same in CSV",
    path: "/v1/requests?cursor=zzz&format=csv",
    status: 400,
    code: "invalid_request",
    param: "cursor",
    message: /./
  },
  {
    why: "unknown dimension",
    path: "/v1/costs?by=modle",
    status: 400,
    code: "invalid_request",
    param: "by.0",
    message: /Expected "model" or "provider"/
  },
  {
    why: "a day that is none",
    path: "/v1/costs?from=2026-02-30",
    status: 400,
    code: "invalid_request",
    param: "from",
    message: /a day such as/
  }
]

const config = { server: { max_body: "1kb" } }

/** One for all cases: it keeps nothing between two requests. */
const shared = Effect.runSync(
  Effect.cached(Effect.flatMap(Scope.make(), (scope) => Scope.extend(start({ config }), scope)))
)

describe("failures", () => {
  for (const { code, init, message, param, path, status, why } of cases) {
    it.effect(`${status} ${code}: ${why}`, () =>
      Effect.gen(function* () {
        const { ask } = yield* shared
        const answer = yield* ask(path, init)
        assert.strictEqual(answer.status, status, answer.text)
        assert.deepStrictEqual(Object.keys(answer.json), ["error"])
        assert.match(answer.json.error.message, message)
        assert.strictEqual(answer.json.error.code, code)
        assert.strictEqual(answer.json.error.type, "invalid_request_error")
        assert.strictEqual(answer.json.error.param, param ?? null)
        assert.match(answer.headers.get("x-request-id") ?? "", /^req_[0-9a-f]{24}$/)
      })
    )
  }

  it.scoped("405 names the methods that the path takes", () =>
    Effect.gen(function* () {
      const { ask } = yield* start()
      assert.strictEqual((yield* ask("/v1/models", { method: "PUT" })).headers.get("allow"), "HEAD, GET")
      assert.strictEqual((yield* ask("/v1/explain")).headers.get("allow"), "POST")
    })
  )

  it.scoped("a body without a declared length is cut off at the limit", () =>
    Effect.gen(function* () {
      const { ask } = yield* start({ config })
      let pulled = 0
      const body = new ReadableStream({
        pull: (controller) => {
          pulled++
          controller.enqueue(new Uint8Array(512).fill(32))
        }
      })
      const answer = yield* ask("/v1/explain", { method: "POST", body, duplex: "half" } as RequestInit)
      assert.strictEqual(answer.status, 413)
      assert.isBelow(pulled, 50)
    })
  )

  it.scoped("a defect is 500 with the request's id, and tells nothing of its cause", () =>
    Effect.gen(function* () {
      const { ask } = yield* start({
        providers: { mock: { models: Effect.die(new Error("the secret of the house")) } }
      })
      const { headers, json, status, text } = yield* ask("/v1/models")
      assert.strictEqual(status, 500)
      assert.strictEqual(json.error.code, "internal")
      assert.strictEqual(json.error.type, "server_error")
      assert.include(json.error.message, headers.get("x-request-id"))
      assert.notInclude(text, "secret")
    })
  )
})

describe("x-request-id", () => {
  it.scoped("is the caller's when it is one, else a new one each time", () =>
    Effect.gen(function* () {
      const { ask } = yield* start()
      const idFor = (id: string) =>
        Effect.map(ask("/health", { headers: { "x-request-id": id } }), ({ headers }) => headers.get("x-request-id"))
      assert.strictEqual(yield* idFor("8f14e45f-ceea-467f-a8d1-5a1b1c2d3e4f"), "8f14e45f-ceea-467f-a8d1-5a1b1c2d3e4f")
      for (const bad of ["short", "white space in it", "x".repeat(200), '<script>"']) {
        assert.match((yield* idFor(bad)) ?? "", /^req_[0-9a-f]{24}$/)
      }
      assert.notStrictEqual(yield* idFor(""), yield* idFor(""))
    })
  )
})

describe("HEAD", () => {
  it.scoped("is answered as GET, without a body", () =>
    Effect.gen(function* () {
      const { ask } = yield* start()
      for (const path of ["/health", "/", "/v1/models", "/openapi.json"]) {
        const { status, text } = yield* ask(path, { method: "HEAD" })
        assert.deepStrictEqual([status, text], [200, ""], path)
      }
    })
  )
})

describe("CORS", () => {
  it.scoped("is off: no page of another origin may read an answer", () =>
    Effect.gen(function* () {
      const { ask } = yield* start()
      const { headers } = yield* ask("/v1/requests", { headers: { origin: "https://evil.test" } })
      assert.isNull(headers.get("access-control-allow-origin"))
      const preflight = yield* ask("/v1/requests", { method: "OPTIONS", headers: { origin: "https://evil.test" } })
      assert.strictEqual(preflight.status, 403)
      assert.isNull(preflight.headers.get("access-control-allow-origin"))
    })
  )
})
