/** Definitions by their hash: what a run started with is what it ends with, whatever becomes of the file. */
import * as Effect from "effect/Effect"
import * as Compiler from "../compiler/Compiler.ts"
import { hashOf } from "../compiler/Hash.ts"
import type { Service as Store } from "./store/RunStore.ts"
import type { Definition } from "./World.ts"

/** The text of a workflow by its name; null where there is none. */
export type Sources = (name: string) => string | null

/** Stores a text and those that it calls. Fails with what is wrong, in words for a person. */
export const put = (store: Store, source: string, sources: Sources, depth = 0): Effect.Effect<Definition, string> =>
  Effect.gen(function* () {
    const { diagnostics, plan } = Compiler.compile(source)
    if (plan === null) {
      return yield* Effect.fail(
        diagnostics
          .map(({ code, message, range }) => `${range.start.line}:${range.start.column} ${code} ${message}`)
          .join("\n")
      )
    }
    if (depth > 16) return yield* Effect.fail("workflows call each other more than 16 deep")
    const calls = new Map<string, Definition>()
    for (const name of plan.calls) {
      const callee = sources(name)
      if (callee === null) return yield* Effect.fail(`"${plan.name}" calls "${name}", and there is no such workflow`)
      calls.set(name, yield* put(store, callee, sources, depth + 1))
    }
    const hashes = Object.fromEntries([...calls].map(([name, { hash }]) => [name, hash]))
    const hash = calls.size === 0 ? plan.hash : hashOf([plan.hash, hashes])
    yield* store.putDefinition({ hash, name: plan.name, source, calls: hashes })
    return { hash, plan, calls }
  })

/** A definition that was stored. */
export const get = (store: Store, hash: string): Effect.Effect<Definition> =>
  Effect.gen(function* () {
    const stored = yield* store.definition(hash)
    if (stored === null) return yield* Effect.dieMessage(`the definition ${hash} is not there`)
    const { plan } = Compiler.compile(stored.source)
    if (plan === null) return yield* Effect.dieMessage(`the definition ${hash} cannot be read by this version`)
    const calls = new Map<string, Definition>()
    for (const [name, callee] of Object.entries(stored.calls)) calls.set(name, yield* get(store, callee))
    return { hash, plan, calls }
  })
