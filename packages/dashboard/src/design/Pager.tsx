/** Pages of a list that the server gives by cursor, newest first. */
import { useState } from "react"
import { Button } from "./Parts.tsx"

export interface Pages {
  /** Of the present page; undefined on the first, the only one that changes. */
  readonly cursor: string | undefined
  readonly number: number
  readonly newer: () => void
  readonly older: (next: string) => void
}

export const usePages = (): Pages => {
  /** Cursors of the pages that were turned, the present one last. */
  const [cursors, setCursors] = useState<ReadonlyArray<string>>([])
  return {
    cursor: cursors.at(-1),
    number: cursors.length + 1,
    newer: () => setCursors(cursors.slice(0, -1)),
    older: (next) => setCursors([...cursors, next])
  }
}

/** `shown` says what is on the page, as `20 runs`. */
export const Pager = ({
  next,
  pages,
  shown
}: {
  readonly pages: Pages
  readonly next: string | null
  readonly shown: string
}) => (
  <div className="row pages">
    <Button disabled={pages.number === 1} onClick={pages.newer}>
      Newer
    </Button>
    <Button disabled={next === null} onClick={() => next !== null && pages.older(next)}>
      Older
    </Button>
    <span className="fine">
      Page {pages.number}, {shown}
    </span>
  </div>
)
