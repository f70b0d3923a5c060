/** Limits of money and of requests: whether they limit anything, and what they cannot limit. */
import type { BudgetConfig, RateConfig } from "@penstock/schema/config/Limits"
import type { PenstockFile } from "@penstock/schema/config/PenstockConfig"
import type { Path } from "./ConfigSource.ts"
import type { Report } from "./Report.ts"

const checkBudget = (budget: BudgetConfig | undefined, path: Path, report: Report) => {
  if (budget?.usd === 0) {
    const message = "expected more than 0: such a budget would refuse everything that costs anything"
    report.error([...path, "usd"], message, "leave `budget` out for no limit")
  }
  if (budget?.per !== "run") return
  const message = "a run is a workflow's: a limit per run stands in the workflow's file"
  report.error([...path, "per"], message, "write hour, day, week, month or total here")
}

const checkRate = (rate: RateConfig | undefined, path: Path, report: Report) => {
  if (rate === undefined || Object.values(rate).some((limit) => limit !== undefined)) return
  const hint = "write requests_per_minute, tokens_per_minute or concurrent"
  report.warning(path, "no rate is named: nothing is limited", hint, "key")
}

export const check = (file: PenstockFile, report: Report) => {
  checkBudget(file.budget, ["budget"], report)
  if (file.cache.ttl === 0) {
    report.error(["cache", "ttl"], "expected more than 0: nothing would be kept", "write enabled: false for no cache")
  }
  file.keys.forEach(({ budget, rate }, index) => {
    const path = ["keys", index, "budget"]
    checkBudget(budget, path, report)
    checkRate(rate, ["keys", index, "rate"], report)
    if (budget !== undefined && file.budget?.per === budget.per && budget.usd > file.budget.usd) {
      const whole = `${file.budget.usd} (${report.place(["budget", "usd"])})`
      report.warning(
        [...path, "usd"],
        `more than the whole gateway may spend per ${budget.per}, ${whole}: that limit is reached first`
      )
    }
  })
  for (const [name, { rate }] of Object.entries(file.providers)) checkRate(rate, ["providers", name, "rate"], report)
}
