/** Many of the same, so many at once. */
export const pooled = async <A>(
  count: number,
  concurrency: number,
  run: (index: number) => Promise<A>
): Promise<ReadonlyArray<A>> => {
  const results: Array<A> = []
  let next = 0
  const worker = async (): Promise<void> => {
    while (next < count) {
      const index = next++
      results[index] = await run(index)
    }
  }
  await Promise.all(Array.from({ length: Math.min(count, concurrency) }, worker))
  return results
}
