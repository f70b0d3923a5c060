/** Stays with a run until it ends: shows how it goes, answers what it asks, cancels it on Ctrl-C. */
import type { RunState } from "@penstock/schema/api/RunsApi"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import * as Colours from "../Colours.ts"
import { CommandFailed } from "../CommandFailed.ts"
import { endWhenInterrupted } from "../Exit.ts"
import * as Answers from "./Answers.ts"
import * as Screen from "./Screen.ts"
import type { Session, SessionEvent } from "./Session.ts"

interface Following {
  readonly screen: Screen.Screen
  /** Answers that were given beforehand, by the step's id. */
  readonly answers: ReadonlyMap<string, unknown>
  /** Whether there is somebody to ask. */
  readonly interactive: boolean
}

/** What `DELETE` answers for is what a shell says of Ctrl-C. */
const interrupted = 130

const idOf = (path: string): string => path.slice(path.lastIndexOf("/") + 1)

/** The name of the signal: a step's id says all where it runs once. */
const signalOf = (path: string): string => path.replace(/^steps\/(?=[^/]+$)/, "")

const isQuestion = ({ data, type }: SessionEvent): boolean =>
  type === "step.started" && data["type"] === "approve" && data["status"] === "waiting"

const nobody = (session: Session, id: string, path: string) => {
  const given = `--approve ${idOf(path)} (or --approve '${idOf(path)}={"approved": false}') answers beforehand`
  const later = session.later === null ? "the run was cancelled" : `\`${session.later(id)}\` at a terminal asks again`
  return new CommandFailed({
    exitCode: 3,
    text: `The run ${id} waits: the step "${idOf(path)}" asks for approval, and there is no terminal to ask at.\n${given}; ${later}.`
  })
}

const answer = Effect.fnUntraced(function* (session: Session, following: Following, id: string, event: SessionEvent) {
  const { path } = event
  if (path === null) return
  // After a restart the run tells again what was answered long ago.
  const { steps } = yield* session.state(id)
  if (!steps.some((step) => step.path === path && step.status === "waiting")) return
  const given = following.answers.get(idOf(path))
  if (given !== undefined) return yield* session.signal(id, signalOf(path), given)
  if (!following.interactive) {
    if (session.later === null) yield* cancel(session, id)
    return yield* nobody(session, id, path)
  }
  const { ask } = yield* Effect.promise(() => import("./Questions.ts"))
  const { data } = event
  const body = yield* following.screen.aside(
    ask({ step: idOf(path), prompt: data["prompt"], form: data["form"] ?? null })
  )
  yield* session.signal(id, signalOf(path), body)
})

/** Completes when what undoes and what runs finally has done so. */
const cancel = (session: Session, id: string) =>
  Effect.zipRight(session.cancel(id), Stream.runDrain(session.events(id)))

const onInterrupt = (session: Session, id: string, screen: Screen.Screen) =>
  Effect.gen(function* () {
    yield* endWhenInterrupted(interrupted)
    const text = `\nCancelling ${id}: what undoes and what runs finally still does. Ctrl-C again leaves at once.`
    yield* screen.aside(Console.error(text))
    // What a fiber does that was interrupted cannot be interrupted; another one's can.
    const fiber = yield* Effect.forkDaemon(Effect.interruptible(cancel(session, id)))
    yield* Effect.catchAll(Fiber.join(fiber), ({ text }) => Console.error(text))
  })

/** The run when it has ended. */
const follow = (session: Session, id: string, following: Following): Effect.Effect<RunState, CommandFailed> =>
  session.events(id).pipe(
    Stream.runForEach((event) =>
      Effect.zipRight(
        following.screen.event(id, event),
        isQuestion(event) ? answer(session, following, id, event) : Effect.void
      )
    ),
    Effect.zipRight(session.state(id)),
    Effect.onInterrupt(() => onInterrupt(session, id, following.screen))
  )

/** Shows the run where a terminal is, and is gone from there when it has ended: what is printed then stays. */
export const attend = (session: Session, id: string, answers: Following["answers"]) =>
  Effect.gen(function* () {
    const screen = (yield* Colours.canRedraw(process.stderr.isTTY))
      ? yield* Screen.make(session, process.stderr)
      : Screen.none
    return yield* follow(session, id, { screen, answers, interactive: Answers.isPossible() })
  }).pipe(Effect.scoped)
