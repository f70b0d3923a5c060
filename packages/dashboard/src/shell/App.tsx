/** The whole page: whoever may look sees the dashboard, and everybody else a place to sign in. */
import { lazy, Suspense } from "react"
import { Route, Router, Switch } from "wouter"
import { QueryProvider } from "../api/Query.tsx"
import { SessionProvider, useSession } from "../api/Session.tsx"
import { Empty } from "../design/Parts.tsx"
import { OverviewPage } from "../overview/OverviewPage.tsx"
import { Frame } from "./Frame.tsx"
import { SignIn } from "./SignIn.tsx"

// Charts, graphs and the editor are large, and most visits need one of them at most.
const CostsPage = lazy(() => import("../costs/CostsPage.tsx").then((page) => ({ default: page.CostsPage })))
const RequestsPage = lazy(() => import("../requests/RequestsPage.tsx").then((page) => ({ default: page.RequestsPage })))
const PlaygroundPage = lazy(() =>
  import("../playground/PlaygroundPage.tsx").then((page) => ({ default: page.PlaygroundPage }))
)
const KeysPage = lazy(() => import("../keys/KeysPage.tsx").then((page) => ({ default: page.KeysPage })))
const McpPage = lazy(() => import("../mcp/McpPage.tsx").then((page) => ({ default: page.McpPage })))
const RunsPage = lazy(() => import("../runs/RunsPage.tsx").then((page) => ({ default: page.RunsPage })))
const WorkflowsPage = lazy(() =>
  import("../workflows/WorkflowsPage.tsx").then((page) => ({ default: page.WorkflowsPage }))
)

const NotFound = () => <Empty title="There is no such page">The navigation lists those that there are.</Empty>

const Inside = () => {
  const { locked } = useSession()
  if (locked !== null) return <SignIn reason={locked.reason} />
  return (
    <Frame>
      <Suspense fallback={<p className="waiting">Loading…</p>}>
        <Switch>
          <Route path="/" component={OverviewPage} />
          <Route path="/costs" component={CostsPage} />
          <Route path="/requests/:id?" component={RequestsPage} />
          <Route path="/playground" component={PlaygroundPage} />
          <Route path="/runs/:id?" component={RunsPage} />
          <Route path="/workflows/:name?" component={WorkflowsPage} />
          <Route path="/keys" component={KeysPage} />
          <Route path="/mcp" component={McpPage} />
          <Route component={NotFound} />
        </Switch>
      </Suspense>
    </Frame>
  )
}

export const App = () => (
  <SessionProvider>
    <QueryProvider>
      <Router base="/dashboard">
        <Inside />
      </Router>
    </QueryProvider>
  </SessionProvider>
)
