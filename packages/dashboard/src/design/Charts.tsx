/** The two charts that the pages share. Colours come from the style sheet, so they follow light and dark. */
import {
  Area,
  AreaChart,
  Bar,
  BarChart,
  CartesianGrid,
  Legend,
  ResponsiveContainer,
  Tooltip,
  XAxis,
  YAxis
} from "recharts"

export interface Series {
  readonly key: string
  readonly title: string
}

/** Told apart without colour as well: the legend and the tooltip name them in the same order. */
const colors = [1, 2, 3, 4, 5, 6, 7, 8].map((number) => `var(--series-${number})`)

export const colorOf = (index: number): string => colors[index % colors.length] ?? "var(--series-1)"

type Points = ReadonlyArray<{ readonly [key: string]: number | string | null }>

interface ChartProps {
  /** What it shows, for those who do not see it. */
  readonly label: string
  readonly points: Points
  readonly x: string
  readonly series: ReadonlyArray<Series>
  readonly format: (value: number) => string
  readonly formatX?: (value: string) => string
  readonly height?: number
}

const axis = { tick: { fill: "var(--ink-soft)", fontSize: 11 }, tickLine: false, axisLine: false } as const

const tip = (format: (value: number) => string) => ({
  contentStyle: { background: "var(--panel)", border: "1px solid var(--line)", borderRadius: 6, fontSize: 12 },
  labelStyle: { color: "var(--ink)" },
  itemStyle: { color: "var(--ink)" },
  formatter: (value: unknown) => (typeof value === "number" ? format(value) : "–"),
  isAnimationActive: false
})

const plain = (value: string): string => value
const text = (value: unknown): string => (typeof value === "string" ? value : "")

export const TimeChart = ({ format, formatX = plain, height = 160, label, points, series, x }: ChartProps) => (
  <figure className="chart" aria-label={label}>
    <ResponsiveContainer width="100%" height={height}>
      <AreaChart data={[...points]} margin={{ top: 8, right: 8, bottom: 0, left: 0 }}>
        <CartesianGrid stroke="var(--line)" vertical={false} />
        <XAxis dataKey={x} {...axis} minTickGap={48} tickFormatter={formatX} />
        <YAxis {...axis} width={64} tickFormatter={format} allowDecimals={false} />
        <Tooltip {...tip(format)} labelFormatter={(value: unknown) => formatX(text(value))} />
        {series.map(({ key, title }, index) => (
          <Area
            key={key}
            dataKey={key}
            name={title}
            stroke={colorOf(index)}
            fill={colorOf(index)}
            fillOpacity={index === 0 ? 0.18 : 0}
            strokeWidth={1.5}
            // A value with none beside it would be no line, and not be seen.
            dot={series.length * points.length <= 120 ? { r: 1.5, strokeWidth: 0, fill: colorOf(index) } : false}
            isAnimationActive={false}
            connectNulls={false}
          />
        ))}
      </AreaChart>
    </ResponsiveContainer>
  </figure>
)

export const StackedChart = ({ format, formatX = plain, height = 280, label, points, series, x }: ChartProps) => (
  <figure className="chart" aria-label={label}>
    <ResponsiveContainer width="100%" height={height}>
      <BarChart data={[...points]} margin={{ top: 8, right: 8, bottom: 0, left: 0 }}>
        <CartesianGrid stroke="var(--line)" vertical={false} />
        <XAxis dataKey={x} {...axis} minTickGap={24} tickFormatter={formatX} />
        <YAxis {...axis} width={72} tickFormatter={format} />
        <Tooltip
          {...tip(format)}
          cursor={{ fill: "var(--line)", fillOpacity: 0.4 }}
          labelFormatter={(value: unknown) => formatX(text(value))}
        />
        <Legend wrapperStyle={{ fontSize: 12, color: "var(--ink)" }} />
        {series.map(({ key, title }, index) => (
          <Bar key={key} dataKey={key} name={title} stackId="all" fill={colorOf(index)} isAnimationActive={false} />
        ))}
      </BarChart>
    </ResponsiveContainer>
  </figure>
)
