/** Words of a text, to be compared: lower case, without inflection as far as that is simple, without filler. */

const filler: ReadonlySet<string> = new Set(
  (
    "a about all also an and any are as at be been but by can could did do does each for from get had has have he her " +
    "his how i if in into is it its just like make may me more most my no not of on one or other our out please she " +
    "should so some such than that the their them then there these they this to us use used using was we were what " +
    "when where which who why will with would you your"
  ).split(" ")
)

/** A crude English stem: enough to make `meetings` meet `meeting` and `converts` meet `conversion`'s verb. */
const stem = (word: string): string => {
  if (word.length > 5 && word.endsWith("ing")) return word.slice(0, -3)
  if (word.length > 4 && word.endsWith("ies")) return `${word.slice(0, -3)}y`
  if (word.length > 4 && word.endsWith("ed")) return word.slice(0, -2)
  if (word.length > 3 && word.endsWith("s") && !word.endsWith("ss")) return word.slice(0, -1)
  return word.length > 4 && word.endsWith("e") ? word.slice(0, -1) : word
}

/** The words of a text or of an identifier (`getWeather`, `get_weather`), in order, repeated ones included. */
export const wordsOf = (text: string): ReadonlyArray<string> => {
  const words: Array<string> = []
  const spaced = text.replaceAll(/(\p{Ll})(\p{Lu})/gu, "$1 $2").toLowerCase()
  for (const word of spaced.match(/[\p{L}\p{N}]+/gu) ?? []) if (!filler.has(word)) words.push(stem(word))
  return words
}
