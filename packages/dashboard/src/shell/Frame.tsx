/** Around every page: where one is, where one can go, and whether the server still answers. */
import { useIsFetching, useQueryClient } from "@tanstack/react-query"
import { type ReactNode, useEffect, useRef } from "react"
import { Link, useLocation } from "wouter"
import { useSession } from "../api/Session.tsx"
import { Button } from "../design/Parts.tsx"
import { ThemeSwitch } from "./ThemeSwitch.tsx"

const pages = [
  ["/", "Overview"],
  ["/costs", "Costs"],
  ["/requests", "Requests"],
  ["/playground", "Playground"],
  ["/runs", "Runs"],
  ["/workflows", "Workflows"],
  ["/keys", "Keys"],
  ["/mcp", "MCP"]
] as const

const isAt = (location: string, path: string): boolean =>
  location === path || (path !== "/" && location.startsWith(`${path}/`))

const Navigation = () => {
  const [location] = useLocation()
  return (
    <nav aria-label="Pages">
      <ul>
        {pages.map(([path, title]) => (
          <li key={path}>
            <Link href={path} aria-current={isAt(location, path) ? "page" : undefined}>
              {title}
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  )
}

/** Says that the server is gone while its answers stay on the screen. */
const Connection = () => {
  const queries = useQueryClient()
  useIsFetching()
  const isGone = queries
    .getQueryCache()
    .getAll()
    .filter((query) => query.isActive())
    .some(({ state }) => state.error?.name === "Problem" && "kind" in state.error && state.error.kind === "gone")
  return (
    <div role="status" className="connection">
      {isGone ? "The server does not answer. What you see is what it said last." : null}
    </div>
  )
}

export const Frame = ({ children }: { readonly children: ReactNode }) => {
  const { hasKey, signOut } = useSession()
  const [location] = useLocation()
  const main = useRef<HTMLElement>(null)
  const section = location.split("/")[1] ?? ""
  const first = useRef(true)
  // Whoever follows a link by keyboard goes on where it led.
  useEffect(() => {
    if (first.current) first.current = false
    else main.current?.focus()
  }, [section])
  useEffect(() => {
    const title = pages.find(([path]) => path === `/${section}`)?.[1]
    document.title = title === undefined ? "Penstock" : `${title} · Penstock`
  }, [section])
  return (
    <div className="frame">
      <a className="skip" href="#content">
        Skip to content
      </a>
      <header className="bar">
        <Link href="/" className="mark">
          Penstock
        </Link>
        <Navigation />
        <div className="tools">
          <ThemeSwitch />
          {hasKey ? <Button onClick={signOut}>Sign out</Button> : null}
        </div>
      </header>
      <Connection />
      <main id="content" ref={main} tabIndex={-1}>
        {children}
      </main>
    </div>
  )
}
