// Work on many things, a few at a time, without a promise for each that waits.

/**
 * Begins `work` for each item in order, `most` at a time. When one fails, no further ones begin; settles once all that began have
 * ended, so that buffers they use are free. @throws the first failure
 */
export async function sideBySide<Item>(
  items: Iterable<Item>,
  most: number,
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const iterator = items[Symbol.iterator]()
  const failures: unknown[] = []
  const lane = async (): Promise<void> => {
    while (failures.length === 0) {
      const { done, value } = iterator.next()
      if (done === true) return
      try {
        await work(value)
      } catch (error) {
        failures.push(error)
      }
    }
  }
  await Promise.all(Array.from({ length: most }, lane))
  if (failures.length > 0) throw failures[0]
}
