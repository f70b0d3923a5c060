import { assert, describe, it } from "@effect/vitest"
import * as RequestCsv from "@penstock/gateway/ledger/RequestCsv"
import { RequestRow } from "@penstock/schema/LedgerEntry"
import * as fc from "effect/FastCheck"

const row = (over: Partial<RequestRow> = {}) =>
  new RequestRow({
    id: "req_1",
    timestamp: "2026-03-10T12:00:00.000Z",
    workflow_name: null,
    key_name: "alice",
    endpoint: "chat.completions",
    requested_model: "fast",
    model: "gpt-4o-mini",
    provider: "openai",
    stream: true,
    prompt_tokens: 10,
    completion_tokens: 5,
    total_tokens: 15,
    cache_read_tokens: 0,
    cache_write_tokens: 0,
    reasoning_tokens: 0,
    cost_usd: 0.00000015,
    cost_nanousd: 150,
    latency_ms: 800,
    first_token_ms: null,
    attempts: 1,
    success: true,
    status: "ok",
    error: null,
    estimated: false,
    saved_usd: null,
    saved_nanousd: null,
    ...over
  })

/** A reader of RFC 4180, to check the writer with. */
const parse = (text: string): Array<Array<string>> => {
  const lines: Array<Array<string>> = []
  let cells: Array<string> = []
  const field = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/gy
  for (let match = field.exec(text); match !== null; match = field.exec(text)) {
    cells.push(match[1] === undefined ? match[2]! : match[1].replaceAll('""', '"'))
    if (match[3] === "\r\n") {
      lines.push(cells)
      cells = []
    }
    if (field.lastIndex === text.length) break
  }
  assert.strictEqual(cells.length, 0)
  return lines
}

describe("requests as CSV", () => {
  it("begin with a header line, also when there are none", () => {
    const header =
      "id,timestamp,workflow_name,key_name,endpoint,requested_model,model,provider,stream,prompt_tokens," +
      "completion_tokens,total_tokens,cache_read_tokens,cache_write_tokens,reasoning_tokens,cost_usd,cost_nanousd," +
      "latency_ms,first_token_ms,attempts,success,status,error,estimated,saved_usd,saved_nanousd\r\n"
    assert.strictEqual(RequestCsv.render([]), header)
    assert.strictEqual(
      RequestCsv.render([row()]),
      `${header}req_1,2026-03-10T12:00:00.000Z,,alice,chat.completions,fast,gpt-4o-mini,openai,true,10,5,15,0,0,0,0.00000015,150,800,,1,true,ok,,false,,\r\n`
    )
  })

  it("come back as they were, whatever the texts hold, and no text begins like a formula", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.fullUnicodeString(), fc.stringOf(fc.constantFrom(..."=+-@,\"\r\n\t'a")))),
        (texts) => {
          const rows = texts.map(([model, error]) => row({ model, error }))
          const [header, ...lines] = parse(RequestCsv.render(rows))
          assert.strictEqual(lines.length, rows.length)
          for (const [index, line] of lines.entries()) {
            for (const name of ["model", "error"] as const) {
              const shown = line[header!.indexOf(name)]!
              assert.isFalse(/^[=+\-@\t\r]/.test(shown))
              const text = rows[index]![name]!
              assert.strictEqual(shown, /^[=+\-@\t\r]/.test(text) ? `'${text}` : text)
            }
          }
        }
      )
    )
  })
})
