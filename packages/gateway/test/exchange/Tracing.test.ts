import { assert, describe, it } from "@effect/vitest"
import * as Tracing from "@penstock/gateway/exchange/Tracing"
import { PenstockConfig } from "@penstock/schema/config/PenstockConfig"
import * as FastCheck from "effect/FastCheck"
import * as Schema from "effect/Schema"

const trace = "0af7651916cd43dd8448eb211c80319c"
const span = "b7ad6b7169203331"
const id = "req_0192f0a1b2c3d4e5f6a7b8c9"

describe("traceparent", () => {
  it("is read where it is one of the W3C's, and counts for nothing where it is not", () => {
    const read = (header: string) => Tracing.parse(header, false)
    assert.deepStrictEqual(read(`00-${trace}-${span}-01`), {
      traceId: trace,
      parentId: span,
      sampled: true,
      recorded: false
    })
    assert.strictEqual(read(`00-${trace}-${span}-00`)?.sampled, false)
    assert.strictEqual(read(`cc-${trace}-${span}-01-what-comes-later`)?.traceId, trace)
    for (const header of [
      "",
      "hello",
      `ff-${trace}-${span}-01`,
      `00-${"0".repeat(32)}-${span}-01`,
      `00-${trace}-${"0".repeat(16)}-01`,
      `00-${trace}-${span}-01-more`,
      `00-${trace.toUpperCase()}-${span}-01`,
      `00-${trace}-${span}`
    ]) {
      assert.isNull(read(header), header)
    }
    assert.isNull(Tracing.parse([`00-${trace}-${span}-01`], false))
  })

  it("a provider is told of our span where a collector hears of it, else of the caller's", () => {
    const own = `00-${trace}-${Tracing.spanId(id, 2)}-01`
    const ofCaller = `00-${trace}-${span}-01`
    const read = (recorded: boolean) => Tracing.parse(ofCaller, recorded) ?? assert.fail("not read")
    assert.strictEqual(Tracing.header(read(true), id, 2), own)
    assert.strictEqual(Tracing.header(read(false), id, 2), ofCaller)
    assert.strictEqual(Tracing.header({ ...read(true), sampled: false }, id, 2), `00-${trace}-${span}-00`)
  })

  it("what a run asks for is in the trace of whoever started it, and without a collector goes on from his span", () => {
    const config = (telemetry: object) => Schema.decodeUnknownSync(PenstockConfig)({ telemetry })
    const heard = config({ otlp_endpoint: "http://127.0.0.1:4318" })
    const run = `run_${id.slice("req_".length)}`
    const theirs = Tracing.parse(`00-${trace}-${span}-01`, false) ?? assert.fail("not read")
    const header = (of: ReturnType<typeof Tracing.ofRun>) => (of === undefined ? null : Tracing.header(of, id))
    assert.strictEqual(header(Tracing.ofRun(config({}), { id: run, step: "steps/say" })), null)
    assert.strictEqual(
      header(Tracing.ofRun(config({}), { id: run, step: "steps/say", trace: theirs })),
      `00-${trace}-${span}-01`
    )
    const inside = Tracing.ofRun(heard, { id: run, step: "steps/say", trace: theirs })
    assert.deepInclude(inside, { traceId: trace, parentId: Tracing.stepSpanId(run, "steps/say"), recorded: true })
    assert.deepInclude(Tracing.aroundRun({ id: run, trace: theirs }), { traceId: trace, parentId: span })
    const alone = Tracing.ofRun(heard, { id: run, step: "steps/say" })
    assert.strictEqual(alone?.traceId, Tracing.beginning(run).traceId)
  })

  it("whatever the id, what is written can be read, and no two spans of a request have one id", () => {
    const hex = FastCheck.stringMatching(/^[0-9a-f]{24}$/)
    const parts = FastCheck.uniqueArray(FastCheck.nat(0xffff), { minLength: 2, maxLength: 2 })
    FastCheck.assert(
      FastCheck.property(hex, parts, (digits, [one = 0, other = 0]) => {
        FastCheck.pre(!/^0{12}/.test(digits) && !/0{12}$/.test(digits))
        const of = `req_${digits}`
        const beginning = Tracing.beginning(of)
        const header = Tracing.header(beginning, of, one)
        const read = Tracing.parse(header ?? "", true)
        assert.strictEqual(read?.traceId, beginning.traceId)
        assert.strictEqual(read?.parentId, Tracing.spanId(of, one))
        assert.notStrictEqual(Tracing.spanId(of, one), Tracing.spanId(of, other))
      })
    )
  })
})
