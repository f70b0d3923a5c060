/** Mistakes in what workflows may reach and how long their runs are kept. */
import type { Mistake } from "./Mistakes.ts"

export const workflowMistakes: ReadonlyArray<Mistake> = [
  {
    name: "an address where a host belongs",
    yaml: 'http: {allow_hosts: ["https://api.example.com/v1"]}\n',
    at: "1:22",
    path: "http.allow_hosts[0]",
    message: "a host such as api.example.com"
  },
  {
    name: "a misspelt key of http",
    yaml: "http: {allow_host: []}\n",
    at: "1:8",
    path: "http.allow_host",
    message: "unknown key"
  },
  {
    name: "a retention of runs without a unit",
    yaml: "runs: {retention: 30}\n",
    at: "1:19",
    path: "runs.retention",
    message: "a duration such as"
  }
]
