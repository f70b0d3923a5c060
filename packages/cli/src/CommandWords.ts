/**
 * A command line as words, before the parser has it: which command is meant, and what there is not. The parser takes an
 * option that it does not know for an argument, so that `check --formt json` would look for a file of that name.
 */
import * as Descriptor from "@effect/cli/CommandDescriptor"
import type { Usage } from "@effect/cli/Usage"
import * as Suggestion from "@penstock/schema/Suggestion"
import * as Option from "effect/Option"

export interface Known {
  readonly usage: Usage
  readonly subcommands: Commands
}

/** By name. */
export type Commands = ReadonlyMap<string, Known>

/** A command on its own counts itself among its subcommands. */
export const commandsOf = (descriptors: Iterable<Descriptor.Command<unknown>>): Commands =>
  new Map(
    [...descriptors].flatMap((descriptor) =>
      [...Descriptor.getNames(descriptor)].map((name): [string, Known] => {
        const others = [...Descriptor.getSubcommands(descriptor)].filter(([other]) => other !== name)
        return [
          name,
          { usage: Descriptor.getUsage(descriptor), subcommands: commandsOf(others.map(([, other]) => other)) }
        ]
      })
    )
  )

type Named = Extract<Usage, { readonly _tag: "Named" }>

/** Every command takes these. */
const builtIn: ReadonlyArray<Named> = [
  { _tag: "Named", names: ["--completions"], acceptedValues: Option.some("shell") },
  { _tag: "Named", names: ["--log-level"], acceptedValues: Option.some("level") },
  { _tag: "Named", names: ["--help", "-h"], acceptedValues: Option.none() },
  { _tag: "Named", names: ["--version"], acceptedValues: Option.none() },
  { _tag: "Named", names: ["--wizard"], acceptedValues: Option.none() }
]

const named = (usage: Usage): ReadonlyArray<Named> => {
  switch (usage._tag) {
    case "Named":
      return [usage]
    case "Optional":
    case "Repeated":
      return named(usage.usage)
    case "Alternation":
    case "Concat":
      return [...named(usage.left), ...named(usage.right)]
    case "Empty":
    case "Mixed":
      return []
  }
}

interface Target {
  /** As it is typed behind `penstock`; empty for that alone. */
  readonly command: string
  readonly subcommands: Commands
  readonly usage: ReadonlyArray<Named>
  /** What is typed behind it. */
  readonly words: ReadonlyArray<string>
}

const descend = (target: Target): Target => {
  const [word = "", ...words] = target.words
  // As in `penstock --log-level debug serve`.
  const leading = builtIn.find(({ names }) => names.includes(word))
  if (leading !== undefined)
    return descend({ ...target, words: words.slice(Option.isSome(leading.acceptedValues) ? 1 : 0) })
  const found = target.subcommands.get(word)
  if (found === undefined) return target
  const { subcommands, usage } = found
  return descend({ command: `${target.command} ${word}`.trim(), subcommands, usage: named(usage), words })
}

/** Takes `process.argv`. */
const targetOf = (commands: Commands, argv: ReadonlyArray<string>): Target =>
  descend({ command: "", subcommands: commands, usage: [], words: argv.slice(2) })

export const commandOf = (commands: Commands, argv: ReadonlyArray<string>): string => targetOf(commands, argv).command

/** Where to read on. */
export const pointer = (commands: Commands, argv: ReadonlyArray<string>): string =>
  `See: ${["penstock", commandOf(commands, argv), "--help"].filter((word) => word !== "").join(" ")}`

const isOption = (word: string): boolean => /^-\D/.test(word)

/** Neither options nor what follows one; behind `--` everything is an argument. */
const sort = (words: ReadonlyArray<string>, known: ReadonlyArray<Named>) => {
  const options: Array<string> = []
  const others: Array<string> = []
  const end = words.includes("--") ? words.indexOf("--") : words.length
  for (let at = 0; at < end; at++) {
    const word = words[at] ?? ""
    if (!isOption(word)) {
      others.push(word)
      continue
    }
    const [name = "", value] = word.split("=", 2)
    options.push(name)
    const option = known.find(({ names }) => names.includes(name.toLowerCase()))
    if (value === undefined && option !== undefined && Option.isSome(option.acceptedValues)) at++
  }
  return { options, others: [...others, ...words.slice(end + 1)] }
}

/** What is asked for that there is not, with what was probably meant; null where the parser may judge. */
export const problem = (commands: Commands, argv: ReadonlyArray<string>): string | null => {
  const { command, subcommands, usage, words } = targetOf(commands, argv)
  const known = [...usage, ...builtIn]
  const { options, others } = sort(words, known)
  const told = (what: string, name: string, candidates: ReadonlyArray<string>) => {
    const meant = Suggestion.didYouMean(name, candidates)
    const place = command === "" ? "" : ` of penstock ${command}`
    return `There is no ${what} ${name}${place}${meant === null ? "." : `: ${meant}`}`
  }
  const names = known.flatMap((option) => option.names.filter(isOption))
  const stray = options.find((name) => !names.includes(name.toLowerCase()))
  if (stray !== undefined) return told("option", stray, names)
  const [first] = others
  if (first === undefined || subcommands.size === 0) return null
  const takesArguments = usage.some((argument) => argument.names.some((name) => name.startsWith("<")))
  // One word can be the argument of `runs`; `runs resme RUN` cannot.
  return takesArguments && others.length === 1 ? null : told("command", first, [...subcommands.keys()])
}

/** Whether a program reads: `--format json`. */
export const wantsJson = (argv: ReadonlyArray<string>): boolean =>
  argv.some((word, at) => word === "--format=json" || (word === "--format" && argv[at + 1] === "json"))
