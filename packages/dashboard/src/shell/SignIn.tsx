/** Asks for the admin key, and tries it before anything else is shown. */
import * as Effect from "effect/Effect"
import { type FormEvent, useState } from "react"
import * as Client from "../api/Client.ts"
import * as Problem from "../api/Problem.ts"
import { useSession } from "../api/Session.tsx"
import { Alert, Button } from "../design/Parts.tsx"

/** The cheapest question that only the admin may ask. */
const attempt = (key: string): Promise<Problem.Problem | null> =>
  Client.run(
    Client.make(key)
      .api.budgets.list()
      .pipe(
        Effect.as(null),
        Effect.catchAll((error) => Effect.succeed(Problem.of(error)))
      )
  )

export const SignIn = ({ reason }: { readonly reason: string | null }) => {
  const { signIn } = useSession()
  const [key, setKey] = useState("")
  const [failure, setFailure] = useState(reason)
  const [isTrying, setTrying] = useState(false)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    const wanted = key.trim()
    if (wanted === "") return setFailure("Type the admin key first.")
    setTrying(true)
    void attempt(wanted).then((problem) => {
      setTrying(false)
      if (problem === null) signIn(wanted)
      else setFailure(problem.message)
    })
  }
  return (
    <main className="sign-in">
      <h1>Penstock</h1>
      <p>
        This server wants a key. The dashboard takes the admin key: <code>PENSTOCK_ADMIN_KEY</code> of the environment,
        or <code>server.admin_key</code> of the configuration.
      </p>
      <form onSubmit={submit}>
        <label>
          Admin key
          <input
            type="password"
            autoComplete="current-password"
            autoFocus
            value={key}
            onChange={({ target }) => setKey(target.value)}
          />
        </label>
        {failure === null ? null : <Alert>{failure}</Alert>}
        <Button submit tone="primary" disabled={isTrying}>
          {isTrying ? "Trying…" : "Sign in"}
        </Button>
      </form>
      <p className="fine">It is kept until this tab is closed, and sent to this server only.</p>
    </main>
  )
}
