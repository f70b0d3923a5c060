/** Resources and prompts through the hub, of a published server and of one in memory. */
import { assert, describe, it } from "@effect/vitest"
import * as ResourceUri from "@penstock/gateway/mcp/ResourceUri"
import { listIn, objectIn, stringIn } from "@penstock/gateway/wire/Json"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import { misbehaving, newMarker, withHub } from "./hub.ts"
import { published } from "./published.ts"

const everything = (prefix: string) => ({ ...published("server-everything", ["stdio"]), prefix })

describe("resources and prompts of all servers", () => {
  it.live("carry their server's name, lead back to it by it, and one broken server spoils no list", () =>
    withHub({ all: everything("always"), broken: misbehaving(newMarker(), ["crash-at-start"]) })((hub) =>
      Effect.gen(function* () {
        const library = hub.library()
        const resources = yield* library.resources
        assert.isAbove(resources.length, 3)
        for (const { uri } of resources) assert.match(uri, /^all\+demo:\/\//)
        const [first] = resources
        const [content] = listIn((yield* library.read(first?.uri ?? ""))["contents"])
        assert.strictEqual(stringIn(objectIn(content)["uri"]), first?.uri)
        const templates = yield* library.templates
        assert.isTrue(templates.every(({ uriTemplate }) => uriTemplate.startsWith("all+demo://")))
        const prompts = yield* library.prompts
        assert.include(
          prompts.map(({ name }) => name),
          "all__simple-prompt"
        )
        const { messages } = yield* library.prompt("all__simple-prompt", {})
        assert.isAbove(listIn(messages).length, 0)
        const { completion } = yield* library.complete({
          ref: { type: "ref/prompt", name: "all__completable-prompt" },
          argument: { name: "department", value: "E" }
        })
        assert.deepStrictEqual(objectIn(completion)["values"], ["Engineering"])
      })
    )
  )

  it.live("keep their own names where the configuration says so, and are found by list or template", () =>
    withHub({ all: everything("none") })((hub) =>
      Effect.gen(function* () {
        const library = hub.library()
        assert.deepStrictEqual(yield* hub.library((name) => name !== "all").resources, [])
        const [first] = yield* library.resources
        assert.isFalse(first?.uri.includes("+"))
        assert.isNotEmpty(listIn((yield* library.read(first?.uri ?? ""))["contents"]))
        const uri = "demo://resource/dynamic/text/7"
        assert.deepInclude(listIn((yield* library.read(uri))["contents"])[0], { uri })
        const missing = yield* Effect.flip(library.read("other://nothing"))
        assert.strictEqual(missing.reason, "unknown_resource")
        const misspelt = yield* Effect.flip(library.prompt("simple-promt", {}))
        assert.strictEqual(misspelt.reason, "unknown_prompt")
        assert.include(misspelt.message, 'did you mean "simple-prompt"?')
      })
    )
  )
})

describe("a change of a list", () => {
  it.live("is told when a server comes or goes", () =>
    withHub({ mine: misbehaving(newMarker()) })((hub) =>
      Effect.gen(function* () {
        const changes = yield* hub.listChanges
        yield* hub.remove("mine")
        const told = yield* Effect.replicateEffect(Queue.take(changes), 3)
        assert.sameMembers(told, ["tools", "resources", "prompts"])
      }).pipe(Effect.scoped)
    )
  )
})

describe("a tool's name in the list of all", () => {
  it.live("leads to the tool, and a misspelt one to what was meant", () =>
    withHub({ mine: misbehaving(newMarker()) })((hub) =>
      Effect.gen(function* () {
        assert.deepInclude(yield* hub.find("mine__echo"), { server: "mine", tool: "echo" })
        const error = yield* Effect.flip(hub.find("mine__ecko"))
        assert.strictEqual(error.reason, "unknown_tool")
        assert.include(error.message, 'did you mean "mine__echo"?')
      })
    )
  )
})

describe("an address in the hub", () => {
  it("is its server's behind the server's name, if the server marks its addresses", () => {
    const uri = ResourceUri.marked("files", "always", "file:///a+b.txt")
    assert.strictEqual(uri, "files+file:///a+b.txt")
    assert.deepStrictEqual(ResourceUri.placeOf(uri, ["files"]), { server: "files", uri: "file:///a+b.txt" })
    assert.isNull(ResourceUri.placeOf("git+ssh://host", ["files"]))
    assert.strictEqual(ResourceUri.marked("files", "none", "file:///a"), "file:///a")
  })

  it("is what links in results hold", () => {
    const rename = (uri: string) => `files+${uri}`
    const link = { type: "resource_link", uri: "file:///a", name: "a" }
    assert.deepStrictEqual(ResourceUri.inContent(link, rename), { ...link, uri: "files+file:///a" })
    const embedded = { type: "resource", resource: { uri: "file:///a", text: "A" } }
    assert.deepStrictEqual(ResourceUri.inContent(embedded, rename), {
      type: "resource",
      resource: { uri: "files+file:///a", text: "A" }
    })
    const text = { type: "text", text: "file:///a", uri: "file:///a" }
    assert.deepStrictEqual(ResourceUri.inContent(text, rename), text)
  })

  it("belongs to a template whose text it shows around the variables", () => {
    assert.isTrue(ResourceUri.couldBe("test://{id}/data", "test://12/data"))
    assert.isFalse(ResourceUri.couldBe("test://{id}/data", "test://12/date"))
    assert.isFalse(ResourceUri.couldBe("a.b://{id}", "axb://1"))
  })
})
