/**
 * A server as a child process, in a process group of its own: `npx` and `sh -c` start the real server as a grandchild,
 * and it must end with them. What makes itself a new session is beyond reach.
 */
import { type ChildProcessWithoutNullStreams, spawn as spawnProcess } from "node:child_process"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import * as Lines from "./Lines.ts"
import * as TextTail from "./TextTail.ts"
import type { Watchdog } from "./Watchdog.ts"

export interface Launch {
  readonly command: string
  readonly args: ReadonlyArray<string>
  readonly env: { readonly [name: string]: Redacted.Redacted<string> }
  readonly cwd: string | undefined
}

export interface ServerProcess {
  /** Also the id of its process group. */
  readonly pid: number
  /** Rejects when the process does not take it any more. */
  readonly write: (line: string) => Promise<void>
  /** Called once, with how it ended; at once if it has. */
  readonly onExit: (told: (how: string) => void) => void
  /** What it last said on stderr. */
  readonly stderr: () => string
}

/** How a process could not be started, for a person. */
export interface SpawnFailure {
  readonly _tag: "SpawnFailure"
  readonly message: string
}

/** All of our environment that a server sees. */
const inherited = ["PATH", "HOME", "LANG", "TMPDIR"] as const
const stderrKept = 4_000
const pollMillis = 20
/** After SIGTERM; whoever is still there then is killed. */
const graceMillis = 2_000
/** After SIGKILL: whoever is still listed then is dead and not yet collected by its parent. */
const killMillis = 500

const environment = ({ env }: Launch) =>
  Effect.map(
    Effect.forEach(inherited, (name) =>
      Config.option(Config.string(name)).pipe(
        Effect.map(Option.map((value) => [name, value] as const)),
        Effect.orElseSucceed(() => Option.none<readonly [string, string]>())
      )
    ),
    (own) => ({
      ...Object.fromEntries(own.flatMap(Option.toArray)),
      ...Object.fromEntries(Object.entries(env).map(([name, value]) => [name, Redacted.value(value)]))
    })
  )

/** Whether there was anybody left to signal; 0 only asks. */
const signal = (group: number, name: NodeJS.Signals | 0): boolean => {
  try {
    process.kill(-group, name)
    return true
  } catch {
    return false
  }
}

/** Without a timeout: it would be an interruption, and a finalizer knows none. */
const until = (isSo: () => boolean, millis: number): Effect.Effect<boolean> =>
  Effect.sync(isSo).pipe(
    Effect.delay(pollMillis),
    Effect.repeat({ until: (so) => so, times: Math.ceil(millis / pollMillis) })
  )

/** Ends the whole group and returns when it is gone, or has been killed. */
const end = (child: ChildProcessWithoutNullStreams, group: number): Effect.Effect<void> =>
  Effect.gen(function* () {
    const isGone = () => !signal(group, 0)
    child.stdin.destroy()
    if (!signal(group, "SIGTERM")) return
    if (yield* until(isGone, graceMillis)) return
    signal(group, "SIGKILL")
    yield* until(isGone, killMillis)
  })

const wordFor = (error: Error, { command, cwd }: Launch): string => {
  const code = "code" in error ? String(error.code) : error.message
  if (code === "ENOENT") {
    return cwd === undefined
      ? `There is no program "${command}" on the PATH.`
      : `There is no program "${command}" on the PATH, or no folder ${cwd}.`
  }
  return `"${command}" cannot be started (${code}).`
}

const describe = (code: number | null, by: NodeJS.Signals | null): string =>
  by === null ? `it exited with code ${code}` : `it was ended by ${by}`

const start = (launch: Launch, env: NodeJS.ProcessEnv) =>
  Effect.async<ChildProcessWithoutNullStreams, SpawnFailure>((resume) => {
    const failed = (error: Error) => resume(Effect.fail({ _tag: "SpawnFailure", message: wordFor(error, launch) }))
    try {
      const child = spawnProcess(launch.command, launch.args, {
        env,
        cwd: launch.cwd,
        detached: true,
        stdio: ["pipe", "pipe", "pipe"]
      })
      child.once("error", failed)
      child.once("spawn", () => resume(Effect.succeed(child)))
    } catch (error) {
      // Arguments that no program can be given.
      failed(error instanceof Error ? error : new Error(String(error)))
    }
  })

/** Runs until the scope closes; then nothing of it is left. `maxLine` is of bytes in one message. */
export const spawn = Effect.fn("ServerProcess.spawn")(function* (
  launch: Launch,
  watchdog: Watchdog,
  receiver: Lines.Receiver,
  maxLine: number
): Effect.fn.Return<ServerProcess, SpawnFailure, Scope.Scope> {
  const env = yield* environment(launch)
  const child = yield* Effect.acquireRelease(start(launch, env), (child) =>
    child.pid === undefined
      ? Effect.void
      : Effect.zipRight(
          end(child, child.pid),
          Effect.sync(() => watchdog.release(child.pid ?? 0))
        )
  )
  const pid = child.pid ?? 0
  watchdog.guard(pid)

  const tail = TextTail.make(stderrKept)
  child.stderr.on("data", tail.push)
  child.stdout.on("data", Lines.make(maxLine, receiver))
  // Told by the writes themselves; without a listener it would end this process.
  child.stdin.on("error", () => {})

  let ended: string | undefined
  const listeners: Array<(how: string) => void> = []
  const exited = (how: string) => {
    if (ended !== undefined) return
    ended = how
    for (const told of listeners) told(how)
  }
  // "close" would wait for grandchildren that hold the pipes; "exit" may come before the last words were read.
  child.once("exit", (code, by) => setImmediate(exited, describe(code, by)))

  return {
    pid,
    write: (line) =>
      new Promise((resolve, reject) => {
        child.stdin.write(`${line}\n`, (error) => (error ? reject(error) : resolve()))
      }),
    onExit: (told) => (ended === undefined ? void listeners.push(told) : told(ended)),
    stderr: tail.read
  }
})
