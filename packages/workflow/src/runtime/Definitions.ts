/** Definitions by their hash: what a run started with is what it ends with, whatever becomes of the file. */
import * as Effect from "effect/Effect"
import * as Compiler from "../compiler/Compiler.ts"
import type { Diagnostic } from "../diagnostic/Diagnostic.ts"
import { hashOf } from "../compiler/Hash.ts"
import type { Service as Store } from "./store/RunStore.ts"
import type { Definition } from "./World.ts"

/** The text of a workflow by its name; null where there is none. */
export type Sources = (name: string) => string | null

const told = (diagnostics: ReadonlyArray<Diagnostic>): string =>
  diagnostics
    .map(({ code, message, range }) => `${range.start.line}:${range.start.column} ${code} ${message}`)
    .join("\n")

/** Stores a text and those that it calls, each once. Fails with what is wrong, in words for a person. */
export const put = (store: Store, source: string, sources: Sources): Effect.Effect<Definition, string> => {
  const known = new Map<string, Definition>()
  /** `way`: the names that lead here. */
  const visit = (text: string, way: ReadonlyArray<string>): Effect.Effect<Definition, string> =>
    Effect.gen(function* () {
      const { diagnostics, plan } = Compiler.compile(text)
      if (plan === null) return yield* Effect.fail(told(diagnostics))
      const calls = new Map<string, Definition>()
      for (const name of plan.calls) {
        if (way.includes(name)) {
          const circle = [...way.slice(way.indexOf(name)), name].join(" → ")
          return yield* Effect.fail(`workflows call each other in a circle: ${circle}`)
        }
        const callee = sources(name)
        if (callee === null) return yield* Effect.fail(`"${plan.name}" calls "${name}", and there is no such workflow`)
        const definition = known.get(name) ?? (yield* visit(callee, [...way, name]))
        known.set(name, definition)
        calls.set(name, definition)
      }
      const hashes = Object.fromEntries([...calls].map(([name, { hash }]) => [name, hash]))
      const hash = calls.size === 0 ? plan.hash : hashOf([plan.hash, hashes])
      yield* store.putDefinition({ hash, name: plan.name, source: text, calls: hashes })
      return { hash, plan, calls }
    })
  return visit(source, [])
}

/** A definition that was stored. */
export const get = (store: Store, hash: string): Effect.Effect<Definition> => {
  const known = new Map<string, Definition>()
  const visit = (hash: string): Effect.Effect<Definition> =>
    Effect.gen(function* () {
      const stored = yield* store.definition(hash)
      if (stored === null) return yield* Effect.dieMessage(`the definition ${hash} is not there`)
      const { plan } = Compiler.compile(stored.source)
      if (plan === null) return yield* Effect.dieMessage(`the definition ${hash} cannot be read by this version`)
      const calls = new Map<string, Definition>()
      for (const [name, callee] of Object.entries(stored.calls)) {
        const definition = known.get(callee) ?? (yield* visit(callee))
        known.set(callee, definition)
        calls.set(name, definition)
      }
      return { hash, plan, calls }
    })
  return visit(hash)
}
