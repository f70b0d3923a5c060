/**
 * Ends our children when we cannot: after a SIGKILL of this process no finalizer runs. Most servers end when their stdin
 * closes; for those that do not there is one small shell, in a session of its own, that reads the process groups to guard
 * from a pipe. When the pipe closes without farewell it ends the groups that are still on its list.
 */
import { spawn } from "node:child_process"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"

export interface Watchdog {
  readonly guard: (group: number) => void
  readonly release: (group: number) => void
}

const script = `
trap '' HUP INT TERM
groups=' '
while read -r word group; do
  case $word in
    guard) groups="$groups$group " ;;
    release) case $groups in *" $group "*) groups="\${groups%% $group *} \${groups#* $group }" ;; esac ;;
  esac
done
for group in $groups; do kill -s TERM -- -"$group"; done
[ "$groups" = "\${groups# *[0-9]}" ] || sleep 1
for group in $groups; do kill -s KILL -- -"$group"; done
`

const start = () => {
  const shell = spawn("/bin/sh", ["-c", script], {
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
    env: { PATH: "/usr/bin:/bin" }
  })
  let broken = false
  // Without it servers that ignore the end of their stdin would outlive a kill of this process, and nothing else changes.
  shell.on("error", () => (broken = true))
  shell.stdin.on("error", () => (broken = true))
  shell.unref()
  const tell = (word: string, group: number) => {
    if (!broken) shell.stdin.write(`${word} ${group}\n`)
  }
  return { tell, end: () => void shell.stdin.end() }
}

/** The shell is started with the first group to guard. Groups are released before the scope closes. */
export const make: Effect.Effect<Watchdog, never, Scope.Scope> = Effect.gen(function* () {
  let shell: ReturnType<typeof start> | undefined
  yield* Effect.addFinalizer(() => Effect.sync(() => shell?.end()))
  const tell = (word: string) => (group: number) => {
    shell ??= start()
    shell.tell(word, group)
  }
  return { guard: tell("guard"), release: tell("release") }
})
