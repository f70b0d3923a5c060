/**
 * The admin's key, for as long as the tab is open. It is kept in `sessionStorage` and sent as a header, never in a
 * cookie: no other page can have the browser send it, and no script but this page's own runs here.
 */
import { createContext, type ReactNode, useCallback, useContext, useMemo, useState } from "react"
import * as Client from "./Client.ts"

const storedAs = "penstock.key"

interface Locked {
  /** Why; null when nobody has signed in yet. */
  readonly reason: string | null
}

export interface Session {
  readonly client: Client.Client
  readonly hasKey: boolean
  /** Null while the server lets this page in. */
  readonly locked: Locked | null
  readonly signIn: (key: string) => void
  readonly signOut: () => void
  /** The server has refused the key. */
  readonly refused: (reason: string) => void
}

const SessionContext = createContext<Session | null>(null)

export const useSession = (): Session => {
  const session = useContext(SessionContext)
  if (session === null) throw new Error("useSession is for what is inside of SessionProvider")
  return session
}

export const SessionProvider = ({ children }: { readonly children: ReactNode }) => {
  const [key, setKey] = useState(() => sessionStorage.getItem(storedAs))
  const [locked, setLocked] = useState<Locked | null>(null)
  const client = useMemo(() => Client.make(key), [key])

  const signIn = useCallback((next: string) => {
    sessionStorage.setItem(storedAs, next)
    setKey(next)
    setLocked(null)
  }, [])
  const leave = useCallback((reason: string | null) => {
    sessionStorage.removeItem(storedAs)
    setKey(null)
    setLocked({ reason })
  }, [])
  const signOut = useCallback(() => leave(null), [leave])
  const hasKey = key !== null
  // Without a key, the refusal only says that one is needed.
  const refused = useCallback((reason: string) => leave(hasKey ? reason : null), [hasKey, leave])

  const session = useMemo(
    () => ({ client, hasKey, locked, signIn, signOut, refused }),
    [client, hasKey, locked, signIn, signOut, refused]
  )
  return <SessionContext value={session}>{children}</SessionContext>
}
