/** A Markdown table as the formatter leaves it: columns of one width. */
export const table = (header: ReadonlyArray<string>, lines: ReadonlyArray<ReadonlyArray<string>>): string => {
  const widths = header.map((title, at) => Math.max(3, title.length, ...lines.map((line) => line[at]!.length)))
  const render = (cells: ReadonlyArray<string>) =>
    `| ${cells.map((cell, at) => cell.padEnd(widths[at]!)).join(" | ")} |`
  return [render(header), render(widths.map((width) => "-".repeat(width))), ...lines.map(render)].join("\n")
}
