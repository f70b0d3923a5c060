/** Questions to the API from within a page: asked again while the page is looked at, kept while it is not. */
import {
  keepPreviousData,
  MutationCache,
  QueryCache,
  QueryClient,
  QueryClientProvider,
  useMutation,
  useQuery,
  useQueryClient
} from "@tanstack/react-query"
import type * as Effect from "effect/Effect"
import { type ReactNode, useMemo } from "react"
import * as Client from "./Client.ts"
import type { Problem } from "./Problem.ts"
import { useSession } from "./Session.tsx"

declare module "@tanstack/react-query" {
  interface Register {
    defaultError: Problem
  }
}

export const QueryProvider = ({ children }: { readonly children: ReactNode }) => {
  const { client, refused } = useSession()
  // Another key is another operator: nothing that was answered before counts.
  const queries = useMemo(() => {
    const onError = (problem: Problem) => {
      if (problem.kind === "locked") refused(problem.message)
    }
    return new QueryClient({
      queryCache: new QueryCache({ onError }),
      mutationCache: new MutationCache({ onError }),
      defaultOptions: {
        // A poll asks again anyway, and a person who waits is told at once.
        queries: { retry: false, networkMode: "always", refetchOnWindowFocus: true },
        mutations: { retry: false, networkMode: "always" }
      }
    })
  }, [client])
  return <QueryClientProvider client={queries}>{children}</QueryClientProvider>
}

export interface AskOptions {
  /** Milliseconds after which it is asked again; without it, it is asked once. */
  readonly every?: number
  readonly enabled?: boolean
}

/** Asks under a name that says what is asked; what was answered stays on the screen until the next answer. */
export const useAsk = <A, E>(
  name: ReadonlyArray<unknown>,
  ask: (api: Client.Api) => Effect.Effect<A, E>,
  { enabled = true, every }: AskOptions = {}
) => {
  const { client } = useSession()
  return useQuery({
    queryKey: name,
    queryFn: ({ signal }) => Client.run(ask(client.api), signal),
    enabled,
    placeholderData: keepPreviousData,
    // A server that is gone is asked again, however seldom the page is refreshed.
    refetchInterval: (query) => (query.state.error?.kind === "gone" ? 2000 : (every ?? false))
  })
}

/** Something that changes what was answered: afterwards, whatever begins with these names is asked again. */
export const useTell = <Input, A, E>(
  tell: (api: Client.Api, input: Input) => Effect.Effect<A, E>,
  ...stale: ReadonlyArray<string>
) => {
  const { client } = useSession()
  const queries = useQueryClient()
  return useMutation({
    mutationFn: (input: Input) => Client.run(tell(client.api, input)),
    onSettled: () => Promise.all(stale.map((name) => queries.invalidateQueries({ queryKey: [name] })))
  })
}
