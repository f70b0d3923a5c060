/** One entry for each kind of warning: a file that is used all the same, and the one thing that is said of it. */
export const warnings: ReadonlyArray<{ readonly name: string; readonly yaml: string; readonly told: string }> = [
  {
    name: "a weight where nobody weighs",
    yaml: "models: {f: {targets: [{model: demo/echo, weight: 2}, openai/x]}}\n",
    told: "1:43 models.f.targets[0].weight: has no effect under strategy: ordered"
  },
  {
    name: "weighted among one",
    yaml: "models: {f: {targets: [demo/echo], strategy: weighted}}\n",
    told: "1:46 models.f.strategy: one target: there is nothing to choose by weighted"
  },
  {
    name: "cheapest among one",
    yaml: "models: {f: {targets: [demo/echo], strategy: cheapest}}\n",
    told: "1:46 models.f.strategy: one target: there is nothing to choose by cheapest"
  },
  {
    name: "fastest among one",
    yaml: "models: {f: {targets: [demo/echo], strategy: fastest}}\n",
    told: "1:46 models.f.strategy: one target: there is nothing to choose by fastest"
  },
  {
    name: "a hedge without another target",
    yaml: "models: {f: {targets: [demo/echo], hedge: {after: 1s}}}\n",
    told: "1:36 models.f.hedge: one target: there is no other to ask as well"
  },
  {
    name: "a share of 0",
    yaml: "defaults: {hedge: {after: 1s, max_share: 0}}\n",
    told: "1:42 defaults.hedge.max_share: a share of 0: no request is hedged"
  },
  {
    name: "a breaker that closes at once",
    yaml: "defaults: {breaker: {cooldown: 0s}}\n",
    told: "1:32 defaults.breaker.cooldown: a breaker that closes at once keeps nobody away from a target that fails"
  },
  {
    name: "a general limit that a model cuts short",
    yaml: "defaults: {timeout: {first_token: 20s}}\nmodels: {f: {targets: [demo/echo], timeout: {total: 10s}}}\n",
    told: "2:53 models.f.timeout.total: 10s cuts short defaults.timeout.first_token, 20s (penstock.yaml:1:35)"
  },
  {
    name: "the policy of a target",
    yaml: "models:\n  f: {targets: [g, openai/x]}\n  g: h\n  h: {targets: [demo/echo], retry: {max: 0}, timeout: {idle: 1s}, strategy: ordered}\n",
    told: "2:17 models.f.targets[0]: the retry, timeout of g does not apply here: a request for f follows the policy of f"
  },
  {
    name: "a target that is reached in two ways",
    yaml: "models:\n  f: {targets: [g, gpt-4o]}\n  g: {targets: [openai/gpt-4o, demo/echo]}\n",
    told: "2:20 models.f.targets[1]: leads to openai/gpt-4o, as g does (penstock.yaml:2:17): it is tried twice"
  },
  {
    name: "a key's budget above the gateway's",
    yaml: "budget: {usd: 1, per: day}\nkeys: [{name: a, key: aaaaaaaa, budget: {usd: 2, per: day}}]\n",
    told: "2:47 keys[0].budget.usd: more than the whole gateway may spend per day, 1 (penstock.yaml:1:15): that limit is reached first"
  },
  {
    name: "a rate without a figure",
    yaml: "keys: [{name: a, key: aaaaaaaa, rate: {}}]\n",
    told: "1:33 keys[0].rate: no rate is named: nothing is limited"
  },
  {
    name: "a provider's rate without a figure",
    yaml: "providers: {demo: {rate: {}}}\n",
    told: "1:20 providers.demo.rate: no rate is named: nothing is limited"
  },
  {
    name: "a fault in force",
    yaml: "providers: {demo: {fault: {status: 500}}}\n",
    told: "1:20 providers.demo.fault: provider demo fails on purpose"
  },
  {
    name: "a fault of no kind",
    yaml: "providers: {demo: {fault: {seed: 1}}}\n",
    told: "1:20 providers.demo.fault: no fault is named: nothing fails"
  },
  {
    name: "a fault that never befalls",
    yaml: "providers: {demo: {fault: {reset: true, probability: 0}}}\n",
    told: "1:20 providers.demo.fault: a probability of 0: nothing fails"
  },
  {
    name: "an MCP server whose tools may not be used",
    yaml: "mcp: {servers: {a: {command: npx, tools: []}}}\n",
    told: "1:42 mcp.servers.a.tools: an empty list allows none of its tools"
  },
  {
    name: "a limit of embeddings where there are none",
    yaml: "providers: {anthropic: {embedding_batch: 5}}\n",
    told: "1:25 providers.anthropic.embedding_batch: the provider has no embeddings: it has no effect"
  }
]
