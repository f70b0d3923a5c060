/** One server of the hub: its tools, checked calls, and what became of it. */
import type { McpServerReport, McpStatus } from "@penstock/schema/McpTool"
import * as Suggestion from "@penstock/schema/Suggestion"
import * as Array from "effect/Array"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import type { JsonObject } from "../wire/Json.ts"
import { ConnectionFailure, type FailureKind } from "./Connection.ts"
import type { Library, ListKind } from "./Library.ts"
import { McpError, type Reason } from "./McpError.ts"
import type { Policy, ServerState } from "./ServerState.ts"
import type { Connect, Session } from "./Session.ts"
import * as Supervisor from "./Supervisor.ts"
import * as Tool from "./Tool.ts"
import type { Prefix } from "./ToolName.ts"

export interface CallOptions {
  /** Milliseconds without an answer or progress; by default what the server's configuration says. */
  readonly timeout?: number
  /** Called synchronously for each sign of progress. */
  readonly onProgress?: (progress: Tool.Progress) => void
  /** Where the call belongs in a distributed trace: the server is told in `_meta`. */
  readonly traceparent?: string
}

export interface McpServer {
  readonly name: string
  readonly prefix: Prefix
  readonly report: () => McpServerReport
  /** The tools that may and can be used. Starts the server if need be. */
  readonly tools: Effect.Effect<ReadonlyArray<Tool.Tool>, McpError>
  readonly call: (tool: string, args: JsonObject, options: CallOptions) => Effect.Effect<Tool.ToolResult, McpError>
  /** Its resources and prompts, under its own names for them. Starts the server if need be. */
  readonly library: Library<McpError>
}

export interface Options {
  readonly name: string
  readonly prefix: Prefix
  /** Patterns of the tools that may be used. */
  readonly allowed: ReadonlyArray<string>
  /** Milliseconds: for a start, and for a call that does not say otherwise. */
  readonly timeout: number
  readonly policy: Policy
  readonly connect: Connect
  /** Called synchronously when the report may have changed. */
  readonly changed: () => void
  /** Called synchronously when what it offers may have changed. */
  readonly listChanged: (kind: ListKind) => void
}

/** How long a server that did not answer in time has to show that it lives. */
const signOfLifeMillis = 5_000

const statuses: { readonly [S in ServerState["_tag"]]: McpStatus } = {
  Idle: "configured",
  Starting: "starting",
  Ready: "ready",
  Waiting: "degraded",
  Broken: "degraded",
  Stopped: "stopped"
}

const reasonOf = (state: ServerState): string | null => {
  if (state._tag === "Broken") return `it failed ${state.failures} times and is left alone for a while: ${state.reason}`
  return state._tag === "Waiting" || state._tag === "Idle" ? state.reason : null
}

const leftOut = ({ leftOut }: Tool.Selection): string | null =>
  leftOut.length === 0 ? null : `left out: ${leftOut.map(({ name, reason }) => `${name} (${reason})`).join("; ")}`

/** At the start nothing but a refusal tells anything beyond that the server does not run. */
const duringStart = (kind: FailureKind): Reason => (kind === "refused" ? "refused" : "not_running")

const duringCall: { readonly [K in FailureKind]: Reason } = {
  closed: "not_running",
  session: "not_running",
  timeout: "timeout",
  protocol: "protocol",
  too_large: "result_too_large",
  refused: "refused"
}

/**
 * What every server answers that can. One that has just failed is not waited for: it is tried again meanwhile, and who
 * follows the lists is told when it is back. Nor is one that takes longer than `patience` milliseconds.
 */
export const askAll = <A>(
  servers: ReadonlyArray<McpServer>,
  patience: number,
  ask: (server: McpServer) => Effect.Effect<A, McpError>
): Effect.Effect<ReadonlyArray<A>> =>
  Effect.forEach(
    servers,
    (server) =>
      server.report().status === "degraded"
        ? Effect.as(Effect.forkDaemon(Effect.ignore(server.tools)), Option.none<A>())
        : Effect.option(Effect.timeout(ask(server), patience)),
    { concurrency: "unbounded" }
  ).pipe(Effect.map(Array.getSomes))

/** What to say when a name is none of these. */
export const unknownTool = (server: string, tool: string, known: ReadonlyArray<string>): McpError =>
  new McpError({
    reason: "unknown_tool",
    server,
    tool,
    message: `The MCP server ${server} has no tool "${tool}": ${
      Suggestion.didYouMean(tool, known) ??
      (known.length === 0 ? "it has none that may be used." : `it has ${known.join(", ")}.`)
    }`
  })

/** Fails with `invalid_arguments` where a tool's schema is not met. */
export const checked = (server: string, tool: Tool.Tool, args: JsonObject): Effect.Effect<void, McpError> => {
  const issues = tool.check(args)
  if (issues.length === 0) return Effect.void
  const told = issues.map(({ message, path }) => `${path}: ${message}`).join("; ")
  return new McpError({
    reason: "invalid_arguments",
    server,
    tool: tool.name,
    issues,
    message: `The arguments are not what ${tool.name} of the MCP server ${server} takes. ${told}`
  })
}

/** The server is kept, by its policy, while the scope is open. */
export const make = Effect.fnUntraced(function* (options: Options): Effect.fn.Return<McpServer, never, Scope.Scope> {
  const { allowed, changed, connect, listChanged, name, policy, prefix, timeout } = options
  const supervisor = yield* Supervisor.make({
    policy,
    startTimeout: timeout,
    connect,
    changed,
    listChanged: (kind) => {
      listChanged(kind)
      changed()
    }
  })

  /** Computed once for each list that the server gives. */
  let selected: { readonly from: ReadonlyArray<Tool.ListedTool>; readonly selection: Tool.Selection } | undefined
  const select = (session: Session): Tool.Selection => {
    const listed = session.tools()
    if (selected?.from !== listed) selected = { from: listed, selection: Tool.select(listed, allowed) }
    return selected.selection
  }

  const error = (reason: Reason, message: string, tool?: string) =>
    new McpError({ reason, server: name, tool, message })

  const acquire = Effect.mapError(supervisor.acquire, ({ kind, message }) =>
    error(duringStart(kind), `The MCP server ${name} is not running: ${message}`)
  )

  /** One that is silent may only be busy; one that does not even list its tools hangs, and is started anew. */
  const suspect = (session: Session) =>
    session.connection.listTools.pipe(
      Effect.timeout(signOfLifeMillis),
      Effect.catchAll(() => supervisor.lose(session, "it does not answer any more"))
    )

  const afterFailure = (session: Session, { kind, message }: ConnectionFailure) => {
    if (kind === "closed" || kind === "session") return supervisor.lose(session, message)
    return kind === "timeout" ? Effect.asVoid(Effect.forkDaemon(suspect(session))) : Effect.void
  }

  const callOnce = (session: Session, tool: string, args: JsonObject, options: CallOptions) =>
    Effect.tapError(
      session.connection.call(tool, args, { ...options, timeout: options.timeout ?? timeout }),
      (failure) => afterFailure(session, failure)
    )

  /** A forgotten session did nothing; a connection that broke may have, unless the tool says that twice is once. */
  const mayRepeat = (tool: Tool.Tool, { kind }: ConnectionFailure) =>
    kind === "session" || (kind === "closed" && tool.repeatable)

  const call = Effect.fn("McpServer.call")(function* (tool: string, args: JsonObject, options: CallOptions) {
    const session = yield* acquire
    const { tools } = select(session)
    const found = tools.find((each) => each.name === tool)
    if (found === undefined) {
      return yield* unknownTool(
        name,
        tool,
        tools.map((each) => each.name)
      )
    }
    yield* checked(name, found, args)
    return yield* callOnce(session, tool, args, options).pipe(
      Effect.catchIf(
        (failure) => mayRepeat(found, failure),
        () => Effect.flatMap(acquire, (again) => callOnce(again, tool, args, options))
      ),
      Effect.catchTag("ConnectionFailure", ({ kind, message }) =>
        error(duringCall[kind], `${tool} of the MCP server ${name} failed: ${message}`, tool)
      )
    )
  })

  /** Reads are repeated: twice is once. */
  const ask = <A>(
    what: string,
    question: (library: Library<ConnectionFailure>) => Effect.Effect<A, ConnectionFailure>
  ): Effect.Effect<A, McpError> => {
    const once = Effect.flatMap(acquire, (session) =>
      question(session.connection.library).pipe(
        Effect.timeoutFail({
          duration: timeout,
          onTimeout: () => new ConnectionFailure({ kind: "timeout", message: `no answer within ${timeout} ms` })
        }),
        Effect.tapError((failure) => afterFailure(session, failure))
      )
    )
    return once.pipe(
      Effect.catchIf(
        (failure) => failure._tag === "ConnectionFailure" && (failure.kind === "session" || failure.kind === "closed"),
        () => once
      ),
      Effect.catchTag("ConnectionFailure", ({ kind, message }) =>
        error(duringCall[kind], `${what} of the MCP server ${name} cannot be had: ${message}`)
      )
    )
  }

  return {
    name,
    prefix,
    library: {
      resources: ask("The list of resources", ({ resources }) => resources),
      templates: ask("The list of templates", ({ templates }) => templates),
      prompts: ask("The list of prompts", ({ prompts }) => prompts),
      read: (uri) => ask(`The resource ${uri}`, ({ read }) => read(uri)),
      prompt: (prompt, args) => ask(`The prompt ${prompt}`, (library) => library.prompt(prompt, args)),
      complete: (completion) => ask("A completion", ({ complete }) => complete(completion))
    },
    report: () => {
      const session = supervisor.session()
      const selection = session === null ? null : select(session)
      const reason = selection === null ? reasonOf(supervisor.state()) : leftOut(selection)
      return {
        name,
        status: statuses[supervisor.state()._tag],
        tools: selection?.tools.length ?? 0,
        ...(reason === null ? {} : { reason })
      }
    },
    tools: Effect.map(acquire, (session) => select(session).tools),
    call
  }
})
