/** A table of rows that fit on a page. */
import type { Key, ReactNode } from "react"

export interface Column<Row> {
  readonly title: string
  readonly cell: (row: Row) => ReactNode
  /** Figures stand at the right, so that their digits compare. */
  readonly figure?: boolean
}

export const Table = <Row,>({
  caption,
  columns,
  keyOf,
  rows
}: {
  /** For those who hear it. */
  readonly caption: string
  readonly columns: ReadonlyArray<Column<Row>>
  readonly rows: ReadonlyArray<Row>
  readonly keyOf: (row: Row) => Key
}) => (
  <div className="scroll" tabIndex={0} role="region" aria-label={caption}>
    <table>
      <caption className="unseen">{caption}</caption>
      <thead>
        <tr>
          {columns.map(({ figure, title }) => (
            <th key={title} scope="col" className={figure === true ? "figure-cell" : undefined}>
              {title}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={keyOf(row)}>
            {columns.map(({ cell, figure, title }) => (
              <td key={title} className={figure === true ? "figure-cell" : undefined}>
                {cell(row)}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  </div>
)
