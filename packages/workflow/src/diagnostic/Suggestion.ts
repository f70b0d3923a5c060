/** What a hint says of a name that does not exist. */
import { didYouMean } from "@penstock/schema/Suggestion"

const maxListed = 8

/** `did you mean "x"?`, else what there is, as long as that is a short list. */
export const suggest = (name: string, candidates: ReadonlyArray<string>, what: string | null = null): string | null => {
  const meant = didYouMean(name, candidates)
  if (meant !== null) return meant
  if (what === null || candidates.length === 0) return null
  const more = candidates.length > maxListed ? `, and ${candidates.length - maxListed} more` : ""
  return `${what}: ${candidates.slice(0, maxListed).join(", ")}${more}`
}
